/** What ends the bulk call of a run that is stopped. */
export class Stopped extends Error {}

/** Lets only so many in at once. One may wait at a time. */
export class InFlightGate {
  readonly #room: number;

  #inside = 0;

  #isStopped = false;

  #wake: () => void = () => {};

  constructor(room: number) {
    this.#room = room;
  }

  /** Goes in, as soon as there is room. */
  async enter(): Promise<void> {
    await this.#until(() => this.#inside < this.#room);
    this.#inside += 1;
  }

  /** Waits until all have left. */
  emptied(): Promise<void> {
    return this.#until(() => this.#inside === 0);
  }

  leave(): void {
    this.#inside -= 1;
    this.#wake();
  }

  /** Lets nobody in any more: whoever waits, now or later, is told by {@link Stopped}. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!this.#isStopped && !isTrue()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isStopped) {
      throw new Stopped();
    }
  }
}

/**
 * The input of a bulk call: gives an item only when it can be begun at once, and stays open until all have settled. For that
 * it fails is what stops the call, and must happen at once: what has not left is not sent then, what has gets its answer.
 */
export async function* oneByOne<Item>(
  items: readonly Item[],
  gate: InFlightGate,
): AsyncGenerator<Item, void, undefined> {
  for (const item of items) {
    await gate.enter();
    yield item;
  }
  await gate.emptied();
}
