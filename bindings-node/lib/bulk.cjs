'use strict';

const { errorAt } = require('./error.cjs');
const native = require('./native.cjs');

/** Stops the listening of bulk calls that nobody has any more. */
const forgotten = new FinalizationRegistry((unwatch) => unwatch());

/** A bulk call under way. It gives its outcomes as they settle, many at a time. */
class Bulk {
  #site;
  #calls;
  #native;
  #input;
  #unwatch;
  /** The session ids of items that have gone in and not come out yet, by their places. */
  #sessionIds = new Map();
  #begun = 0;
  #isOver = false;
  #isLeft = false;
  #closed;
  /** What ended the call early: an object that holds it, as anything can be thrown. */
  failure;
  isCancelled = false;

  constructor(site, calls, native, input, signal) {
    this.#site = site;
    this.#calls = calls;
    this.#native = native;
    this.#input = input;
    input.connect({
      put: (item) => this.#put(item),
      finish: () => native.finish(),
      fail: (error) => this.fail(error),
    });
    if (signal?.aborted) {
      this.cancel(signal.reason);
    } else if (signal !== undefined) {
      this.#unwatch = watch(signal, this);
    }
  }

  /** How many items there are, where that is known. */
  get total() {
    return this.#input.count;
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (let settled = await this.#settled(); settled.length > 0 && !this.#isLeft; settled = await this.#settled()) {
        yield settled;
      }
    } finally {
      await this.#end();
    }
  }

  /** Sends nothing more because of `error`. What has been sent gets its answer. */
  fail(error) {
    this.failure ??= { error };
    this.#native.stop();
    this.#close();
  }

  /** Sends nothing more because of `reason`, and ends what has been sent. */
  cancel(reason) {
    this.failure ??= { error: reason };
    this.isCancelled = true;
    this.#native.cancel();
    this.#close();
  }

  /** As `cancel`, but nobody wants to know what came of it. */
  leave() {
    this.#isLeft = true;
    this.#native.cancel();
    this.#close();
  }

  /** What becomes of the items that are known, but have not gone in when the call ends. */
  rest() {
    const failure = native.cancelled();
    const cancelled = ({ sessionId }, place) => {
      const index = this.#begun + place;
      return { index, sessionId: sessionId ?? '', ok: false, error: errorAt(this.#site, failure) };
    };
    return Array.from(this.#input.rest(), cancelled);
  }

  #put({ sessionId, status }) {
    const hasRoom = this.#native.push(sessionId, status);
    if (hasRoom) {
      this.#sessionIds.set(this.#begun, sessionId ?? '');
      this.#begun += 1;
    }
    return hasRoom;
  }

  /** At least one outcome; none at the end. */
  async #settled() {
    if (this.#isOver) {
      return [];
    }
    this.#input.flow();
    const { indexes, outcomes } = await this.#calls.run(this.#site, undefined, (id) => this.#native.next(id));
    this.#isOver = indexes.length === 0;
    return indexes.map((index, place) => this.#outcome(index, outcomes[place]));
  }

  #outcome(index, settled) {
    const sessionId = this.#sessionIds.get(index);
    this.#sessionIds.delete(index);
    if (typeof settled === 'string') {
      return { index, sessionId, ok: true, result: JSON.parse(settled) };
    }
    return { index, sessionId, ok: false, error: errorAt(this.#site, settled) };
  }

  #close() {
    this.#closed ??= this.#input.close();
    // Whoever ends the call will look at it.
    this.#closed.catch(() => {});
  }

  async #end() {
    this.#unwatch?.();
    this.leave();
    while (!this.#isOver) {
      await this.#settled();
    }
    // As in a loop that is left by a throw, an error in closing is of no interest beside the one that there is.
    if (this.failure === undefined) {
      await this.#closed;
    }
  }
}

/** Cancels `bulk` when `signal` is aborted, but does not keep it. Gives what ends that. */
function watch(signal, bulk) {
  const watched = new WeakRef(bulk);
  const abort = () => watched.deref()?.cancel(signal.reason);
  const unwatch = () => {
    signal.removeEventListener('abort', abort);
    forgotten.unregister(watched);
  };
  signal.addEventListener('abort', abort);
  forgotten.register(bulk, unwatch, watched);
  return unwatch;
}

/** All outcomes of `bulk` in the order of its input. */
async function collected(bulk, onProgress) {
  const outcomes = [];
  for await (const settled of bulk) {
    for (const outcome of settled) {
      outcomes.push(outcome);
      tell(bulk, onProgress, outcomes.length);
    }
  }
  outcomes.sort(byIndex);
  throwFailure(bulk, outcomes);
  return outcomes;
}

function tell(bulk, onProgress, done) {
  if (bulk.failure === undefined) {
    try {
      onProgress?.(done, bulk.total);
    } catch (error) {
      bulk.fail(error);
    }
  }
}

/** The outcomes of the bulk call that `begin` begins, one at a time, as they settle. */
function iterated(begin) {
  let bulk;
  const outcomes = oneByOne(() => {
    bulk = begin();
    return bulk;
  });
  const { return: end } = outcomes;
  // By itself it would first wait for the outcome that somebody may be waiting for.
  outcomes.return = function (value) {
    bulk?.leave();
    return end.call(this, value);
  };
  return outcomes;
}

async function* oneByOne(begin) {
  const bulk = begin();
  const missed = [];
  for await (const settled of bulk) {
    for (const outcome of settled) {
      if (bulk.isCancelled) {
        missed.push(outcome);
      } else {
        yield outcome;
      }
    }
  }
  throwFailure(bulk, missed.sort(byIndex));
}

function byIndex(one, other) {
  return one.index - other.index;
}

/** Throws what ended `bulk` early, if anything did; it tells `outcomes`, and what becomes of the rest. */
function throwFailure(bulk, outcomes) {
  if (bulk.failure === undefined) {
    return;
  }
  const { error } = bulk.failure;
  if (Object(error) === error) {
    const value = [...outcomes, ...bulk.rest()];
    Reflect.defineProperty(error, 'outcomes', { value, writable: true, configurable: true });
  }
  throw error;
}

module.exports = { Bulk, collected, iterated };
