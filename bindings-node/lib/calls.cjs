'use strict';

const { errorAt } = require('./error.cjs');
const { isHeard, tell } = require('./log.cjs');
const native = require('./native.cjs');

/** All calls of this thread that are under way, by their ids. */
const pending = new Map();
/** For each signal the ids of the calls that it cancels, and its one listener, however many they are. */
const watched = new WeakMap();
let lastId = 0;

/** The calls of a client, or of all that have no logger. */
class Calls {
  #native;
  #logger;

  constructor(logger) {
    // Weakly, so that a logger may know the client that it is for, and both be forgotten.
    const calls = new WeakRef(this);
    this.#logger = logger;
    this.#native = new native.Calls((ids, outcomes, lines) => {
      if (lines !== null) {
        tell(lines, calls.deref()?.#logger);
      }
      settle(ids, outcomes);
    });
  }

  /** A native client made by `make`, whose calls these are. */
  client(make, settings) {
    return make(settings, this.#native, isHeard(this.#logger));
  }

  /**
   * Begins a call: `begin(id)` hands it to the native half, which settles it later.
   *
   * The caller has seen to it that `signal` is not aborted yet.
   */
  run(site, signal, begin) {
    lastId = (lastId + 1) >>> 0;
    const id = lastId;
    if (signal !== undefined) {
      watch(signal, id);
    }
    begin(id);
    return new Promise((resolve, reject) => pending.set(id, { resolve, reject, site, signal, calls: this }));
  }

  cancel(id) {
    this.#native.cancel(id);
  }
}

/** The call `id`, which is no longer pending; or nothing, where it was not any more. */
function taken(id) {
  const call = pending.get(id);
  if (call !== undefined) {
    pending.delete(id);
    if (call.signal !== undefined) {
      unwatch(call.signal, id);
    }
  }
  return call;
}

/** Of all that has settled meanwhile: JSON of results, batches of outcomes, failures. */
function settle(ids, outcomes) {
  for (let index = 0; index < ids.length; index += 1) {
    const call = taken(ids[index]);
    if (call !== undefined) {
      settleOne(call, outcomes[index]);
    }
  }
}

function settleOne({ resolve, reject, site }, outcome) {
  if (typeof outcome === 'string') {
    resolve(JSON.parse(outcome));
  } else if ('indexes' in outcome) {
    resolve(outcome);
  } else {
    reject(errorAt(site, outcome));
  }
}

function cancel(id, reason) {
  const call = taken(id);
  if (call !== undefined) {
    call.calls.cancel(id);
    call.reject(reason);
  }
}

function watch(signal, id) {
  const watch = watched.get(signal) ?? startWatching(signal);
  watch.ids.add(id);
}

function startWatching(signal) {
  const ids = new Set();
  const abort = () => {
    for (const id of ids) {
      cancel(id, signal.reason);
    }
  };
  signal.addEventListener('abort', abort);
  const watch = { ids, abort };
  watched.set(signal, watch);
  return watch;
}

function unwatch(signal, id) {
  const { ids, abort } = watched.get(signal);
  ids.delete(id);
  if (ids.size === 0) {
    signal.removeEventListener('abort', abort);
    watched.delete(signal);
  }
}

module.exports = { Calls };
