'use strict';

const { setImmediate: nextTurn } = require('node:timers/promises');
const { newId } = require('./calls.cjs');
const { bulkErrorAt, errorAt } = require('./error.cjs');
const native = require('./native.cjs');
const { reasonOf, unwatch, watch } = require('./signal.cjs');

/** So many errors are made at a time before other work of the thread gets its turn. */
const MAX_ERRORS = 1000;

/** Releases what bulk calls hold that nobody has any more. */
const forgotten = new FinalizationRegistry((release) => release());

/**
 * A bulk call in flight. It returns its outcomes as they settle, many at a time. Each is made when it is taken, so that those of
 * which the caller keeps nothing do not outlive one another.
 */
class Bulk {
  #site;
  #calls;
  #native;
  #input;
  #release;
  /** The session ids of items that were added and have no outcome yet, by their places. */
  #sessionIds = new Map();
  #added = 0;
  #isOver = false;
  #isLeft = false;
  #closed;
  #stop;
  /** What ended the call early: an object that holds it, because anything can be thrown. */
  failure;
  isCancelled = false;
  /** Resolves when the call ends early. */
  stopped = new Promise((resolve) => {
    this.#stop = resolve;
  });

  /** `begin(id)` begins the call in the native half. */
  constructor(site, calls, begin, input, signal) {
    const id = newId();
    this.#site = site;
    this.#calls = calls;
    this.#input = input;
    this.#native = begin(id);
    input.connect({
      put: (item) => this.#put(item),
      finish: () => this.#native.finish(),
      fail: (error) => this.fail(error),
    });
    calls.open(id);
    this.#release = releaser(this, calls, id, signal);
    if (signal?.aborted) {
      this.cancel(reasonOf(signal));
    }
  }

  /** The number of items, where it is known. */
  get total() {
    return this.#input.count;
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (let settled = await this.#settled(); !this.#isOver && !this.#isLeft; settled = await this.#settled()) {
        yield this.#made(settled);
      }
    } finally {
      await this.#end();
    }
  }

  /** Sends nothing more because of `error`. Requests in flight are awaited. */
  fail(error) {
    this.#note(error);
    this.#stop();
    this.#native.stop();
    this.#close();
  }

  /** Sends nothing more because of `reason`, and aborts requests in flight. */
  cancel(reason) {
    this.#note(reason);
    this.isCancelled = true;
    this.#stop();
    this.#abandon();
  }

  /** As `cancel`, but nobody wants to know the outcomes, unless the call has ended early before: whoever waits is told of that. */
  leave() {
    this.#isLeft ||= this.failure === undefined;
    this.#abandon();
  }

  /** Lets go of the signal. */
  release() {
    this.#release();
  }

  /** Throws if the call ended early; the error has `outcomes` and those of the items that were not added. */
  async throwFailure(outcomes) {
    if (this.failure !== undefined) {
      await this.#addRest(outcomes);
      throw bulkErrorAt(this.#site, native.cancelled(), this.failure.error, outcomes);
    }
  }

  async #addRest(outcomes) {
    const failure = native.cancelled();
    let index = this.#added;
    for (const { sessionId } of this.#input.rest()) {
      outcomes.push({ index, sessionId: sessionId ?? '', ok: false, error: errorAt(this.#site, failure) });
      index += 1;
      if (index % MAX_ERRORS === 0) {
        await nextTurn();
      }
    }
  }

  #put({ sessionId, status }) {
    const hasRoom = this.#native.push(sessionId, status);
    if (hasRoom) {
      this.#sessionIds.set(this.#added, sessionId ?? '');
      this.#added += 1;
    }
    return hasRoom;
  }

  /** What has settled since it was last asked; nothing at the end. */
  async #settled() {
    this.#input.flow();
    const settled = await this.#calls.run(this.#site, (id) => this.#native.next(id));
    this.#isOver = settled.indexes.length === 0;
    return settled;
  }

  *#made({ indexes, outcomes }) {
    for (let place = 0; place < indexes.length; place += 1) {
      yield this.#outcome(indexes[place], outcomes[place]);
    }
  }

  #outcome(index, settled) {
    const sessionId = this.#sessionIds.get(index);
    this.#sessionIds.delete(index);
    try {
      if (typeof settled === 'string') {
        return { index, sessionId, ok: true, result: JSON.parse(settled) };
      }
      return { index, sessionId, ok: false, error: errorAt(this.#site, settled) };
    } catch (error) {
      // A program, or a test of one, has replaced what is used here. It costs this item alone, as it costs a single call.
      return { index, sessionId, ok: false, error };
    }
  }

  #note(error) {
    if (!this.#isLeft) {
      this.failure ??= { error };
    }
  }

  #close() {
    this.#closed ??= this.#input.close();
    // Whoever ends the call looks at it.
    this.#closed.catch(() => {});
  }

  /** Sends nothing more, and aborts requests in flight. */
  #abandon() {
    this.#native.cancel();
    this.#close();
  }

  async #end() {
    this.#abandon();
    while (!this.#isOver) {
      await this.#settled();
    }
    // As in a loop that is left by a throw, an error in closing does not replace the one that there is.
    if (this.failure === undefined) {
      await this.#closed;
    }
  }
}

/** Cancels `bulk` when `signal` is aborted, but does not keep it. Returns what ends that. */
function releaser(bulk, calls, id, signal) {
  const watched = new WeakRef(bulk);
  const waiter = { abort: (reason) => watched.deref()?.cancel(reason) };
  const release = () => {
    calls.close(id);
    if (signal !== undefined) {
      unwatch(signal, waiter);
    }
    forgotten.unregister(waiter);
  };
  if (signal !== undefined && !signal.aborted) {
    watch(signal, waiter);
  }
  forgotten.register(bulk, release, waiter);
  return release;
}

module.exports = { Bulk };
