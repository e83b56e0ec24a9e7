import type { Client, Logger } from 'wts-session';

/** A line of the library's log that is about one request; all others are about the account. */
const ABOUT_REQUEST = /^\w+ ".*": attempt \d/;

/** How long nothing is sent: because of the limits, after a 429, or for the shared ledger. */
const WAIT = /(?:requests wait|nothing is sent) for (\d+(?:\.\d+)?) s/;

/** The library tells of no shorter wait, in seconds. */
const SHORTEST_S = 1;

/** What happens to an account: a line for a log, and how long the requests of all runs wait now, in seconds. */
export interface AccountEvent {
  line: string;
  isWarning: boolean;
  wait: number;
}

/** The client of an account, and the runs that use it: what happens to the account concerns all of them. */
export class Account {
  readonly client: Client;

  readonly #listeners = new Set<(event: AccountEvent) => void>();

  #waitsUntil = 0;

  constructor(makeClient: (logger: Logger) => Client) {
    this.client = makeClient({ debug: (line) => this.#log(line, false), warn: (line) => this.#log(line, true) });
  }

  /** Does the work of a run, while `listener` is told what happens to the account, also of a wait in progress. */
  async watch<Result>(listener: (event: AccountEvent) => void, work: () => Promise<Result>): Promise<Result> {
    const wait = (this.#waitsUntil - Date.now()) / 1000;
    if (wait >= SHORTEST_S) {
      listener({ line: `Requests of this account wait for ${wait.toFixed(2)} s`, isWarning: false, wait });
    }
    this.#listeners.add(listener);
    try {
      return await work();
    } finally {
      this.#listeners.delete(listener);
    }
  }

  #log(line: string, isWarning: boolean): void {
    if (ABOUT_REQUEST.test(line)) {
      return;
    }
    const wait = Number(WAIT.exec(line)?.[1] ?? 0);
    this.#waitsUntil = Math.max(this.#waitsUntil, Date.now() + wait * 1000);
    for (const listener of this.#listeners) {
      listener({ line, isWarning, wait });
    }
  }
}
