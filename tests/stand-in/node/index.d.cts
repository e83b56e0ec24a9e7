/** A part of an answer that is written by hand. */
export interface Action {
  send?: string;
  send_hex?: string;
  repeat?: string;
  times?: number;
  every_ms?: number;
  wait_ms?: number;
  close?: true;
  reset?: true;
  stall?: true;
}

interface Waiting {
  /** Whether the answer waits for `release`. */
  held?: boolean;
  /** How long to wait before the answer begins, with `held` from its release on. */
  delay_ms?: number;
}

/** The API answers. */
export interface PassStep extends Waiting {
  pass: true;
}

/** A well-formed answer, with one of `body` (JSON), `text`, `hex` and `body_file`, or none. */
export interface AnswerStep extends Waiting {
  status: number;
  headers?: readonly (readonly [name: string, value: string])[];
  body?: unknown;
  text?: string;
  hex?: string;
  body_file?: string;
}

/** The bytes of an answer. The last action is `close`, `reset` or `stall`. */
export interface RawStep extends Waiting {
  raw: readonly Action[];
}

/** What happens to one request. */
export type Step = PassStep | AnswerStep | RawStep;

/** A request that the stand-in has received. No key is in it. */
export interface ReceivedRequest {
  /** The session that it is about, decoded. */
  readonly sessionId: string | null;
  readonly method: string;
  /** As it was sent, byte by byte. */
  readonly path: string;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as JSON, or null where it is none. */
  readonly body: unknown;
  readonly bodyText: string;
  /** When it arrived, in milliseconds since the start. */
  readonly atMs: number;
  /** The serial number of its connection. */
  readonly connection: number;
}

export interface RequestsOptions {
  /** Wait until there are so many. */
  atLeast?: number;
  /** How long to wait for them; 5000 where it is left out. */
  timeoutMs?: number;
}

/** A running stand-in of the API. It ends with `close`, and with this process, however that ends. */
export interface StandIn {
  /** The base URL for clients. */
  readonly url: string;
  /** The API key for clients. */
  readonly token: string;
  /** The variables that make a client of any language use this stand-in. */
  readonly environment: { readonly WTS_BASE_URL: string; readonly WTS_API_KEY: string };
  /** The addresses by name: `api` and those of the fault listeners, such as `refused`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** The ids of the sessions that are there from the start, by status. */
  readonly sessions: Readonly<Record<string, readonly string[]>>;
  /** The file with the certificate of the authority that the address `tls` has its own from. */
  readonly caFile: string;
  /**
   * Says what happens to the next requests for a session, one step for each request.
   *
   * This replaces what is left of an earlier script. When it has run out, the API answers. The session exists from then on.
   */
  script(sessionId: string, ...steps: Step[]): Promise<void>;
  /**
   * Lets the answers begin that the session's script holds back with `held: true`, those of later requests too. Rejects if the
   * session has no script.
   */
  release(sessionId: string): Promise<void>;
  /** The requests so far, for one session or for all, oldest first. Rejects if fewer than `atLeast` arrive in time. */
  requests(sessionId?: string, options?: RequestsOptions): Promise<ReceivedRequest[]>;
  /** Ends the stand-in. A second call does nothing. */
  close(): Promise<void>;
  /** As `close`: `await using standIn = await startStandIn()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a stand-in, with options of the program, such as `'--limit', 'off'`. */
export function startStandIn(...options: string[]): Promise<StandIn>;

declare global {
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}
