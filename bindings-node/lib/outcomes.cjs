'use strict';

/** All outcomes of the bulk call that `begin` begins, in the order of its input. */
async function collected(begin, onProgress) {
  const bulk = begin();
  const progress = new Progress(bulk, onProgress);
  const outcomes = [];
  try {
    for await (const settled of bulk) {
      for (const outcome of settled) {
        outcomes.push(outcome);
        progress.report(outcomes.length);
      }
    }
    await Promise.race([progress.reported(), bulk.stopped]);
  } finally {
    bulk.release();
  }
  outcomes.sort(byIndex);
  await bulk.throwFailure(outcomes);
  return outcomes;
}

/** Reports to `onProgress`. If it throws, or returns a promise that rejects, the bulk call ends. */
class Progress {
  #bulk;
  #onProgress;
  /** Promises that `onProgress` has returned and that have not settled. */
  #waiting = new Set();

  constructor(bulk, onProgress) {
    this.#bulk = bulk;
    this.#onProgress = onProgress;
  }

  report(done) {
    if (this.#onProgress === undefined || this.#bulk.failure !== undefined) {
      return;
    }
    try {
      const returned = this.#onProgress(done, this.#bulk.total);
      if (typeof returned?.then === 'function') {
        this.#await(returned);
      }
    } catch (error) {
      this.#bulk.fail(error);
    }
  }

  async reported() {
    await Promise.all(this.#waiting);
  }

  #await(returned) {
    const waiting = Promise.resolve(returned)
      .catch((error) => this.#bulk.fail(error))
      .finally(() => this.#waiting.delete(waiting));
    this.#waiting.add(waiting);
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
  // By itself it would first wait for the outcome that somebody may be waiting for. Not by `=`, which fails where intrinsics are
  // frozen.
  const value = function (value) {
    bulk?.leave();
    return end.call(this, value);
  };
  Object.defineProperty(outcomes, 'return', { __proto__: null, value, writable: true, configurable: true });
  return outcomes;
}

async function* oneByOne(begin) {
  const bulk = begin();
  const missed = [];
  try {
    for await (const settled of bulk) {
      for (const outcome of settled) {
        if (bulk.isCancelled) {
          missed.push(outcome);
        } else {
          yield outcome;
        }
      }
    }
  } finally {
    bulk.release();
  }
  await bulk.throwFailure(missed.sort(byIndex));
}

function byIndex(one, other) {
  return one.index - other.index;
}

module.exports = { collected, iterated };
