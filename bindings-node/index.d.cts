/**
 * Set the status of WTS Chat sessions, and complete them.
 *
 * @packageDocumentation
 */

/** The statuses of a session, by name: `SessionStatus.InProgress` is `'IN_PROGRESS'`. */
export declare const SessionStatus: {
  /** In the API's type, but never a status that can be set. */
  readonly Undefined: 'UNDEFINED';
  readonly Started: 'STARTED';
  readonly Pending: 'PENDING';
  readonly InProgress: 'IN_PROGRESS';
  readonly Completed: 'COMPLETED';
  readonly Hidden: 'HIDDEN';
};

/** A status of a session, as the API has it on the wire. */
export type SessionStatus = (typeof SessionStatus)[keyof typeof SessionStatus];

/** One of these strings, or any other: the API has new ones without notice. */
export type Open<Known extends string> = Known | (string & {});

/** The channels that were known when this version was made. */
export type ChannelType =
  | 'GUPSHUP_WHATSAPP'
  | 'DIALOG360_WHATSAPP'
  | 'CLOUDAPI_WHATSAPP'
  | 'ZAPI_WHATSAPP'
  | 'EVOLUTIONAPI_WHATSAPP'
  | 'INSTAGRAM'
  | 'MESSENGER';

/**
 * What is known of a session's fields. Any of them may be missing or `null`, and the API may send more: those are
 * `unknown`. Dates are ISO 8601 in UTC, with up to seven digits after the second.
 *
 * It holds personal data (names, telephone numbers, the last message).
 */
export interface SessionFields {
  createdAt?: string | null;
  updatedAt?: string | null;
  startAt?: string | null;
  endAt?: string | null;
  companyId?: string | null;
  contactId?: string | null;
  channelId?: string | null;
  departmentId?: string | null;
  userId?: string | null;
  previewUrl?: string | null;
  title?: string | null;
  number?: string | null;
  origin?: string | null;
  utm?: Record<string, unknown> | null;
  contactDetails?: Record<string, unknown> | null;
  agentDetails?: Record<string, unknown> | null;
  channelDetails?: Record<string, unknown> | null;
  departmentDetails?: Record<string, unknown> | null;
  classification?: Record<string, unknown> | null;
  statusDescription?: string | null;
  timeService?: string | null;
  timeWait?: string | null;
  firstResponseAt?: string | null;
  botId?: string | null;
  unreadCount?: number | null;
  lastMessageText?: string | null;
  lastInteractionDate?: string | null;
  lastMessageOut?: string | null;
  lastMessageIn?: string | null;
  windowStatus?: Open<'ACTIVE' | 'EXPIRED' | 'NOT_STARTED'> | null;
  metadata?: Record<string, unknown> | null;
  channelType?: Open<ChannelType> | null;
  [field: string]: unknown;
}

/** The updated session. */
export interface Session extends SessionFields {
  /** The API's id; if it sent none, the id of the request. */
  id: string;
  /** The API's status; if it sent none, the status of the request. */
  status: Open<SessionStatus>;
}

/** The completed session. */
export interface CompletedSession extends SessionFields {
  /** True, unless the API sends a field of this name. */
  success: boolean;
  /** The id of the request, unless the API sends a field of this name. */
  sessionId: string;
  id?: string | null;
  status?: Open<SessionStatus> | null;
}

/** At most `requests` requests in any sliding window of `periodMs` milliseconds. */
export interface RateLimit {
  /** 1 to 1,000,000 */
  requests: number;
  /** 1 to 86,400,000 */
  periodMs: number;
}

/** The settings of a {@link Client}. */
export interface ClientOptions {
  /**
   * The API key. Blanks around it and a leading `Bearer ` are removed.
   *
   * @defaultValue the environment variable `WTS_API_KEY`
   */
  apiKey?: string | undefined;
  /**
   * The address of the API, without `/chat`.
   *
   * @defaultValue the environment variable `WTS_BASE_URL`, or else `https://api.wts.chat`
   */
  baseUrl?: string | undefined;
  /**
   * The time limit of one attempt, from DNS to the last byte of the answer; connecting takes at most 5 s of it.
   *
   * @defaultValue 15,000
   */
  timeoutMs?: number | undefined;
  /**
   * The time limit of a single call with all its waiting and retries; `null` is no limit.
   *
   * @defaultValue 60,000
   */
  totalTimeoutMs?: number | null | undefined;
  /**
   * How often a request is sent again at most, from 0 to 100.
   *
   * @defaultValue 3
   */
  maxRetries?: number | undefined;
  /**
   * How many requests are in flight at once at most, from 1 to 10,000; each has a connection of its own.
   *
   * @defaultValue as many as `rateLimits` can use, from 64 to 200: 200 with the API's limits, 64 without limits; no more than half of the descriptors that the process may have open
   */
  maxConcurrency?: number | undefined;
  /**
   * The account's limits, 1 to 8 of them; `null` switches them off. All clients of a process with the same base URL and key
   * share them.
   *
   * @defaultValue the API's: 200 requests in 5 s, and 1,000 in 5 min
   */
  rateLimits?: readonly RateLimit[] | null | undefined;
  /**
   * The share of each limit that a call which holds many slots leaves to other calls, 0 to 0.5. With the default a bulk
   * call of up to 950 sessions does not wait for the limit of 5 minutes.
   *
   * @defaultValue 0.05
   */
  reserve?: number | undefined;
  /**
   * Where the ledger is that processes of one account share, so that all of them together keep to its limits: `off`;
   * `machine` or `file:///dir`; `redis://host`, `rediss://host`, `valkey://host`, `valkeys://host`,
   * `redis+unix:///socket`, `redis+sentinel://host1,host2/master`, `redis+cluster://host1,host2`; or `n8n`, the Redis of
   * n8n's queue mode. `docs/several-processes.md` tells which is for whom.
   *
   * @defaultValue the environment's `WTS_SHARED_LIMITS`, or else `off`
   */
  sharedLimits?: string | undefined;
  /**
   * A name for the account, the same for all of its keys: clients that give it share one budget, whatever their keys.
   *
   * @defaultValue each base URL and key is an account of its own
   */
  sharedLimitsAccount?: string | undefined;
  /**
   * What happens while the shared ledger can't be reached: with `wait` nothing is sent, with a share, more than 0 and at
   * most 1, that share of each limit is used.
   *
   * @defaultValue 'wait'
   */
  sharedLimitsFallback?: 'wait' | number | undefined;
  /**
   * How the key is sent: `Authorization: Bearer <key>`, or the raw key, which some white-label tenants need.
   *
   * @defaultValue 'bearer'
   */
  authScheme?: 'bearer' | 'raw' | undefined;
  /**
   * True if `baseUrl` may be plain `http:` to another machine: then anyone on the way can read the key.
   *
   * @defaultValue false; loopback addresses are always allowed
   */
  allowInsecureHttp?: boolean | undefined;
  /**
   * Gets a line for each attempt, retry and pause; never the key or a body. It is called in the async context of the call, so
   * that an `AsyncLocalStorage` has the values of the call. With `NODE_DEBUG=wts-session` in the environment the lines of all
   * clients go to the standard error as well.
   *
   * @defaultValue none
   */
  logger?: Logger | undefined;
}

/**
 * Where the lines of a client's log go: `console`, or the logger of most libraries. If it throws, or returns a promise that
 * rejects, the process emits a warning, and the call goes on.
 */
export interface Logger {
  /** A line for each attempt that has ended. */
  debug(line: string): unknown;
  /** A line for each attempt that is made again, and for each pause that the API's rate limit asks for. */
  warn(line: string): unknown;
}

/**
 * An `AbortSignal`, of Node, of the DOM or of a package. It is declared here, so that these types need neither `@types/node`
 * nor the library `dom`.
 */
export interface AbortSignalLike {
  readonly aborted: boolean;
  /** Packages for old versions of Node have none; it counts as an `AbortError`. */
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Options of every call. */
export interface CallOptions {
  /**
   * Aborts the call: the connections of its requests are closed. A request that was sent before may have been applied. A single
   * call rejects with the signal's reason, a bulk call with a {@link BulkError}, whose `cause` is the reason.
   */
  signal?: AbortSignalLike | undefined;
}

/** Options of {@link Client.updateSessionStatus}. */
export interface UpdateOptions extends CallOptions {
  /**
   * True if a chatbot that is running in the session is stopped.
   *
   * @defaultValue false
   */
  stopBotInExecution?: boolean | undefined;
}

/** Options of {@link Client.completeSession}. */
export interface CompleteOptions extends CallOptions {
  /**
   * True if a new message of the contact reopens the session.
   *
   * @defaultValue false
   */
  reactivateOnNewMessage?: boolean | undefined;
  /**
   * True if a chatbot that is running in the session is stopped.
   *
   * @defaultValue false
   */
  stopBotInExecution?: boolean | undefined;
}

/** Further options of bulk calls that collect their outcomes. */
export interface ProgressOptions<Total extends number | undefined = number | undefined> {
  /**
   * Called after each item that has settled. If it throws, or returns a promise that rejects, nothing more is sent, and the call
   * rejects with a {@link BulkError}, whose `cause` is what was thrown. Promises are awaited before the call ends, not between
   * items.
   *
   * @param done - how many items have settled
   * @param total - how many items there are; `undefined` if the input has no length
   */
  onProgress?: ((done: number, total: Total) => unknown) | undefined;
}

/** Options of {@link Client.updateSessionStatuses}. */
export interface BulkUpdateOptions<Total extends number | undefined = number | undefined>
  extends UpdateOptions,
    ProgressOptions<Total> {}

/** Options of {@link Client.completeSessions}. */
export interface BulkCompleteOptions<Total extends number | undefined = number | undefined>
  extends CompleteOptions,
    ProgressOptions<Total> {}

/** The items of a bulk call. None is taken before there is room for it. */
export type BulkItems<Item> = (Iterable<Item> & object) | AsyncIterable<Item>;

/** The items of a bulk call, with their number: an array, a set. They are copied and checked before anything is sent. */
export type SizedItems<Item> = Iterable<Item> & ({ readonly length: number } | { readonly size: number }) & object;

/** What {@link Client.updateSessionStatuses} does to one session. */
export interface SessionUpdate {
  sessionId: string;
  /** A {@link SessionStatus} or its name, `IN_PROGRESS` or `In Progress`, in any case. */
  status: Open<SessionStatus>;
}

/**
 * The outcome of one item of a bulk call. `ok` tells which of the two it is.
 *
 * @example
 * ```js
 * const failed = outcomes.filter((outcome) => !outcome.ok); // FailedOutcome[], with TypeScript 5.5 or newer
 * ```
 */
export type Outcome<Result = Session | CompletedSession> = SucceededOutcome<Result> | FailedOutcome;

interface OutcomeOfItem {
  /** The item's place in the input, from 0. */
  index: number;
  /** The session id as it was given; empty if there was none. */
  sessionId: string;
}

/** The {@link Outcome} of an item that succeeded. */
export interface SucceededOutcome<Result> extends OutcomeOfItem {
  ok: true;
  result: Result;
  error?: undefined;
}

/** The {@link Outcome} of an item that failed. */
export interface FailedOutcome extends OutcomeOfItem {
  ok: false;
  result?: undefined;
  error: WtsError;
}

/** Options of the functions that need no client. */
export type ConnectionOptions = Pick<ClientOptions, 'apiKey' | 'baseUrl'>;

/**
 * A client of the WTS Chat API. Make one and keep it: it keeps connections alive, and waits when the account's limits are
 * reached. By itself it keeps no process alive; calls in flight do.
 *
 * @example
 * ```js
 * const client = new Client(); // the key is in WTS_API_KEY
 * const session = await client.updateSessionStatus('567ca9b8-eaa9-4a33-8cf9-d2c67060af74', SessionStatus.InProgress);
 * console.log(session.lastMessageIn);
 * ```
 */
export declare class Client {
  /**
   * @throws {@link WtsError} with the code `missing_api_key` or `invalid_config`
   * @throws TypeError when an option is of the wrong type, or unknown
   */
  constructor(options?: ClientOptions);

  /**
   * Sets the status of a session, and returns the updated session.
   *
   * @param sessionId - the session's id; it is sent as one segment of the path, whatever characters it has
   * @param status - a {@link SessionStatus} or its name, `IN_PROGRESS` or `In Progress`, in any case
   * @returns a promise, which rejects with a {@link WtsError}, a TypeError, or the reason of the signal
   */
  updateSessionStatus(sessionId: string, status: Open<SessionStatus>, options?: UpdateOptions): Promise<Session>;

  /**
   * Completes a session, and returns it.
   *
   * @param sessionId - the session's id; it is sent as one segment of the path, whatever characters it has
   * @returns a promise, which rejects with a {@link WtsError}, a TypeError, or the reason of the signal
   */
  completeSession(sessionId: string, options?: CompleteOptions): Promise<CompletedSession>;

  /**
   * Sets the status of many sessions, as many at once as the account's limits and `maxConcurrency` allow. There is no total time
   * limit.
   *
   * Each item has an outcome of its own: a failure stops no other item. Inputs with a length, such as arrays and sets, are copied
   * and checked before anything is sent; from other iterables items are taken when there is room for them.
   *
   * @param updates - any number of updates; duplicates are items of their own
   * @returns the outcomes in the order of the input. The promise rejects only if the call itself can't go on: with a TypeError
   * before anything is sent, or with a {@link BulkError}, which has all outcomes. When the input or `onProgress` throws, requests
   * in flight are awaited; when the signal is aborted, they are aborted.
   *
   * @example
   * ```js
   * const updates = ids.map((sessionId) => ({ sessionId, status: SessionStatus.Pending }));
   * const outcomes = await client.updateSessionStatuses(updates, { onProgress: (done, total) => bar.update(done / total) });
   * const failed = outcomes.filter((outcome) => !outcome.ok);
   * ```
   */
  updateSessionStatuses(
    updates: SizedItems<SessionUpdate>,
    options?: BulkUpdateOptions<number>,
  ): Promise<Outcome<Session>[]>;
  updateSessionStatuses(updates: BulkItems<SessionUpdate>, options?: BulkUpdateOptions): Promise<Outcome<Session>[]>;

  /**
   * Completes many sessions; otherwise as {@link Client.updateSessionStatuses}.
   *
   * @example
   * ```js
   * for (const { sessionId, ok, error } of await client.completeSessions(ids)) {
   *   console.log(sessionId, ok ? 'completed' : error.message);
   * }
   * ```
   */
  completeSessions(
    sessionIds: SizedItems<string>,
    options?: BulkCompleteOptions<number>,
  ): Promise<Outcome<CompletedSession>[]>;
  completeSessions(sessionIds: BulkItems<string>, options?: BulkCompleteOptions): Promise<Outcome<CompletedSession>[]>;

  /**
   * As {@link Client.updateSessionStatuses}, for any number of items: returns the outcomes one at a time, as they settle, and
   * keeps none. It begins with the first `next()`, and takes items from the input only as outcomes are taken.
   *
   * Leaving the loop aborts the requests in flight and closes the input. If the input throws, the iteration throws a
   * {@link BulkError} after the last outcome. If the signal is aborted, it throws one at once; its `outcomes` are those that the
   * iteration has not returned.
   */
  iterUpdateSessionStatuses(
    updates: BulkItems<SessionUpdate>,
    options?: UpdateOptions,
  ): AsyncGenerator<Outcome<Session>, void, undefined>;

  /**
   * Completes any number of sessions; otherwise as {@link Client.iterUpdateSessionStatuses}.
   *
   * @example
   * ```js
   * for await (const { sessionId, ok, error } of client.iterCompleteSessions(idsFromTheDatabase())) {
   *   if (!ok) console.log(sessionId, error.message);
   * }
   * ```
   */
  iterCompleteSessions(
    sessionIds: BulkItems<string>,
    options?: CompleteOptions,
  ): AsyncGenerator<Outcome<CompletedSession>, void, undefined>;

  /**
   * Closes the client. Calls that have not been sent yet, and all later ones, reject with the code `closed`. Requests in flight
   * are awaited, and idle connections are closed at once.
   */
  close(): void;

  #private;
}

/**
 * As {@link Client.updateSessionStatus}, with a client that all calls with the same key and address share.
 *
 * @returns a promise, which rejects with a {@link WtsError}, a TypeError, or the reason of the signal
 */
export declare function updateSessionStatus(
  sessionId: string,
  status: Open<SessionStatus>,
  options?: UpdateOptions & ConnectionOptions,
): Promise<Session>;

/**
 * As {@link Client.completeSession}, with a client that all calls with the same key and address share.
 *
 * @returns a promise, which rejects with a {@link WtsError}, a TypeError, or the reason of the signal
 */
export declare function completeSession(
  sessionId: string,
  options?: CompleteOptions & ConnectionOptions,
): Promise<CompletedSession>;

/** The kind of failure of a {@link WtsError}. */
export type WtsErrorCode =
  // [codes] `make generate` writes these from tests/errors.json.
  /** Session id or status is missing, empty or blank. Nothing was sent. */
  | 'missing_fields'
  /** The status is `UNDEFINED`, or not one that the API knows. Nothing was sent. */
  | 'invalid_status'
  /** The id of the session to complete is missing, empty or blank. Nothing was sent. */
  | 'empty_session_id'
  /**
   * The session id is `.` or `..`, has a control character or an invisible one inside, is over 512 bytes, or is
   * not valid Unicode. Nothing was sent.
   */
  | 'invalid_session_id'
  /** No API key was given, and `WTS_API_KEY` is unset or blank. */
  | 'missing_api_key'
  /**
   * A setting or an option is out of its range, something that is needed is null, or the key, the base URL or a
   * variable of the environment can't be used. Nothing was sent.
   */
  | 'invalid_config'
  /**
   * HTTP 401, or the API's `ERROR_UNAUTHORIZED`: check the key (the platform deletes one that was unused for 15
   * days) and the base URL.
   */
  | 'unauthorized'
  /** HTTP 403. */
  | 'forbidden'
  /** HTTP 404, or the API's `ENTITY_NOT_FOUND`, whatever the HTTP status. */
  | 'not_found'
  /** The API understood and said no; the message is its own sentence. Often an HTTP 500. */
  | 'refused'
  /**
   * Still HTTP 429 after the retries, or the wait would be longer than the call may take: see `retry_after`. For
   * many sessions use a bulk call, which waits.
   */
  | 'rate_limited'
  /** HTTP 408, 425, or a 5xx without a message of the API's own, after the retries. */
  | 'server_error'
  /**
   * No connection, or it broke (name look-up, TLS, proxy, refused, reset, cut short, no descriptor or thread),
   * after the retries.
   */
  | 'connection'
  /** A time limit passed, after the retries. */
  | 'timeout'
  /**
   * A redirect (never followed), a success that is no JSON object, a response over 8 MiB, or an HTML page from
   * something in front of the API.
   */
  | 'unexpected_response'
  /** The caller cancelled. */
  | 'cancelled'
  /** The client was closed, or the runtime or process that drove the call has ended. */
  | 'closed'
  /** A bug of this library. */
  | 'internal'
  /**
   * The ledger of the limits that processes share (`shared_limits`) can't be reached, or refuses. Nothing was
   * sent.
   */
  | 'limits_unavailable';
// [/codes]

/** What a {@link WtsError} that is made by hand says, for tests of your own code. */
export interface WtsErrorOptions {
  /** @defaultValue 'internal' */
  code?: WtsErrorCode | undefined;
  /** @defaultValue empty */
  description?: string | undefined;
  httpStatus?: number | undefined;
  key?: string | undefined;
  errorId?: string | undefined;
  body?: string | undefined;
  retryAfter?: number | undefined;
  /** @defaultValue 0 */
  attempts?: number | undefined;
  /** @defaultValue false */
  retryable?: boolean | undefined;
  /** @defaultValue false */
  mayHaveBeenApplied?: boolean | undefined;
  cause?: unknown;
}

/**
 * Every failure except those of JavaScript itself. `message` is the whole text, `description` its second part; neither they nor
 * what `console.log` and `JSON.stringify` show has the API key or what the API sent.
 */
export declare class WtsError extends Error {
  /** Errors come from calls. Make one by hand only to test your own code. */
  constructor(message: string, options?: WtsErrorOptions);

  name: 'WtsError' | 'BulkError';

  /** The kind of failure, the same in every language. */
  readonly code: WtsErrorCode;

  /** More about it: what was expected, what to do. May be empty, or the message again. */
  readonly description: string;

  /** The HTTP status of the answer, if there was one. */
  readonly httpStatus?: number;

  /** The `key` of the API's error envelope, such as `ENTITY_NOT_FOUND`. */
  readonly key?: string;

  /** The envelope's `id.shortValue`, which the vendor's support asks for. */
  readonly errorId?: string;

  /** What the API sent, cut at 4 KiB. It may have personal data, so it is not enumerable: keep it out of logs. */
  readonly body?: string;

  /** How many seconds to wait before a later try, if that is known. */
  readonly retryAfter?: number;

  /** How many attempts there were, also those that failed or got no connection. */
  readonly attempts: number;

  /** True if the same call may succeed later. */
  readonly retryable: boolean;

  /** True if a request was sent and no response says whether it was applied. */
  readonly mayHaveBeenApplied: boolean;

  /** All but `body`, `cause` and `stack`. */
  toJSON(): Record<string, unknown>;
}

/** What a {@link BulkError} that is made by hand says, for tests of your own code. */
export interface BulkErrorOptions<Result = Session | CompletedSession> extends WtsErrorOptions {
  /** @defaultValue none */
  outcomes?: Outcome<Result>[] | undefined;
}

/**
 * A bulk call ended before its input: its signal was aborted, or its input or `onProgress` threw. The code is `cancelled`.
 *
 * `cause` is the signal's reason, or what was thrown. Each call has an error of its own, also if calls share a signal.
 *
 * @example
 * ```js
 * try {
 *   return await client.completeSessions(ids, { signal });
 * } catch (error) {
 *   if (!(error instanceof BulkError)) throw error;
 *   return error.outcomes;
 * }
 * ```
 */
export declare class BulkError<Result = Session | CompletedSession> extends WtsError {
  /** Errors come from calls. Make one by hand only to test your own code. */
  constructor(message: string, options?: BulkErrorOptions<Result>);

  name: 'BulkError';

  /**
   * The outcomes in the order of the input: of an iteration those that it has not returned, otherwise all. Known items that were
   * not sent have the code `cancelled`. Not enumerable, since there may be thousands.
   */
  readonly outcomes: Outcome<Result>[];

  /** How many requests were sent at least; for an item that succeeded it counts one. */
  readonly attempts: number;

  /** True if it is true for any of the outcomes. */
  readonly mayHaveBeenApplied: boolean;
}
