'use strict';

const { AsyncResource } = require('node:async_hooks');
const { errorAt } = require('./error.cjs');
const { isLogged, log } = require('./log.cjs');
const native = require('./native.cjs');
const { unwatch, watch } = require('./signal.cjs');

/** All calls of this thread that are in flight, by their ids. */
const pending = new Map();
let lastId = 0;

function newId() {
  lastId = (lastId + 1) >>> 0;
  return lastId;
}

/** The calls of a client, or of all clients without a logger. */
class Calls {
  #native;
  #logger;
  /** The async contexts of calls, by their ids; for the logger. */
  #contexts = new Map();
  /** The native half holds it only while calls are in flight. `aborted` are calls of which it has no more lines. */
  #listener = (ids, outcomes, lines, aborted) => {
    if (lines !== null) {
      log(lines, this.#logger, (id) => this.#contexts.get(id));
    }
    for (let index = 0; index < ids.length; index += 1) {
      this.close(ids[index]);
      pending.get(ids[index])?.settle(outcomes[index]);
    }
    for (const id of aborted ?? []) {
      this.close(id);
    }
  };

  constructor(logger) {
    this.#logger = logger;
    this.#native = new native.Calls(this.#listener);
  }

  /** A native client made by `make`, whose calls these are. `variables` are those of the environment. */
  client(make, settings, variables) {
    return make(settings, variables, this.#native, isLogged(this.#logger));
  }

  /**
   * Makes a call: `begin(id)` hands it to the native half, which settles it later.
   *
   * The caller has seen to it that `signal` is not aborted yet.
   */
  run(site, begin, signal) {
    return new Call(this, site, signal).run(begin);
  }

  /** Remembers the async context of the call `id`, for the logger. */
  open(id) {
    if (this.#logger !== undefined) {
      this.#contexts.set(id, new AsyncResource('WTS_SESSION_CALL'));
    }
  }

  /** Forgets the async context of the call `id`. */
  close(id) {
    this.#contexts.delete(id);
  }

  cancel(id) {
    this.#native.cancel(id);
  }
}

/** One call that is in flight. */
class Call {
  #id = newId();
  #calls;
  #site;
  #signal;
  #resolve;
  #reject;

  constructor(calls, site, signal) {
    this.#calls = calls;
    this.#site = site;
    this.#signal = signal;
  }

  run(begin) {
    const promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (this.#signal !== undefined) {
      watch(this.#signal, this);
    }
    begin(this.#id);
    pending.set(this.#id, this);
    this.#calls.open(this.#id);
    return promise;
  }

  /** With the JSON of a result, a batch of outcomes, or a failure. */
  settle(outcome) {
    this.#end();
    try {
      if (typeof outcome === 'string') {
        this.#resolve(JSON.parse(outcome));
      } else if (Object.hasOwn(outcome, 'indexes')) {
        this.#resolve(outcome);
      } else {
        this.#reject(errorAt(this.#site, outcome));
      }
    } catch (error) {
      // A program, or a test of one, has replaced what is used here. Other calls that have settled must still be told.
      this.#reject(error);
    }
  }

  abort(reason) {
    this.#end();
    this.#calls.cancel(this.#id);
    this.#reject(reason);
  }

  #end() {
    pending.delete(this.#id);
    if (this.#signal !== undefined) {
      unwatch(this.#signal, this);
    }
  }
}

module.exports = { Calls, newId };
