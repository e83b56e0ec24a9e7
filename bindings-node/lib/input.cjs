'use strict';

/** The input of a bulk call. Items are taken one at a time, when there is room for them. */
class Input {
  /** The number of items, if it is known. */
  count;
  #iterator;
  #isAsync;
  #convert;
  #taken = 0;
  /** The item for which there was no room yet. */
  #held;
  /** True while the iterator owes an item. */
  #isAsking = false;
  /** True while the iterator, which is not async, runs: it may end the call, but can't be closed before it returns. */
  #isRunning = false;
  #isDone = false;
  #put;
  #finish;
  #fail;

  /** An input with a length is copied, and checked before anything is sent. */
  constructor(iterable, convert) {
    this.#isAsync = typeof iterable[Symbol.asyncIterator] === 'function';
    const isSized = !this.#isAsync && [iterable.length, iterable.size].some(Number.isSafeInteger);
    const items = isSized ? Array.from(iterable, convert) : iterable;
    this.count = isSized ? items.length : undefined;
    this.#convert = isSized ? (item) => item : convert;
    this.#iterator = items[this.#isAsync ? Symbol.asyncIterator : Symbol.iterator]();
  }

  /** Where items go: `put` returns false if there is no room; `finish` is called after the last item, `fail` on an error. */
  connect({ put, finish, fail }) {
    this.#put = put;
    this.#finish = finish;
    this.#fail = fail;
  }

  /** Takes items as long as there is room for them. */
  flow() {
    while (!this.#isDone && !this.#isAsking && this.#hasRoom()) {
      this.#ask();
    }
  }

  /** The items that are known and were not added. */
  *rest() {
    if (this.#held !== undefined) {
      yield this.#held;
    }
    if (this.count !== undefined) {
      yield* this.#iterator;
    }
  }

  /** Takes no more. */
  async close() {
    if (this.#isDone) {
      return;
    }
    this.#end();
    if (this.#isRunning) {
      return;
    }
    const closed = this.#iterator.return?.();
    if (this.#isAsking) {
      // It may never return what it owes, and then it never closes.
      Promise.resolve(closed).catch(() => {});
    } else {
      await closed;
    }
  }

  #hasRoom() {
    if (this.#held !== undefined && this.#put(this.#held)) {
      this.#held = undefined;
    }
    return this.#held === undefined;
  }

  #ask() {
    try {
      if (this.#isAsync) {
        this.#await();
      } else {
        this.#run();
      }
    } catch (error) {
      this.#break(error);
    }
  }

  #run() {
    this.#isRunning = true;
    let step;
    try {
      step = this.#iterator.next();
    } finally {
      this.#isRunning = false;
    }
    const hasEndedCall = this.#isDone;
    this.#take(step);
    if (hasEndedCall && !step.done) {
      this.#iterator.return?.();
    }
  }

  async #await() {
    // Before it is asked: what it runs at once may end the call.
    this.#isAsking = true;
    try {
      const given = await this.#iterator.next();
      this.#isAsking = false;
      this.#take(given);
      this.flow();
    } catch (error) {
      this.#isAsking = false;
      this.#break(error);
    }
  }

  #take(step) {
    if (Object(step) !== step) {
      throw new TypeError('the iterator gave a result that is not an object');
    }
    if (!step.done) {
      // Also if the call has ended meanwhile: then it is one of the rest.
      this.#held = this.#converted(step.value);
    } else if (!this.#isDone) {
      this.#end();
    }
  }

  /** The item; none if it has the wrong type, and then the iterator, which has more, is closed. */
  #converted(value) {
    const index = this.#taken;
    this.#taken += 1;
    try {
      return this.#convert(value, index);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The iterator failed, and need not be closed. */
  #break(error) {
    if (!this.#isDone) {
      this.#end();
      this.#fail(error);
    }
  }

  #end() {
    this.#isDone = true;
    this.#finish();
  }
}

module.exports = { Input };
