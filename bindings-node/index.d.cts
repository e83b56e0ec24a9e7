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

/** A session as the API has it after its status was set. */
export interface Session extends SessionFields {
  /** The API's id; where it sent none, the one that was asked for. */
  id: string;
  /** The API's status; where it sent none, the one that was asked for. */
  status: Open<SessionStatus>;
}

/** A session as the API has it after it was completed. */
export interface CompletedSession extends SessionFields {
  /** True, unless the API sends a field of this name. */
  success: boolean;
  /** The id that was asked for, unless the API sends a field of this name. */
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
   * The API key. Blanks around it and a leading `Bearer ` are taken off.
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
   * The bound on one attempt, from DNS to the last byte of the answer, of it at most 5 s to connect.
   *
   * @defaultValue 15,000
   */
  timeoutMs?: number | undefined;
  /**
   * The bound on a single call with all its waiting and retries; `null` is no bound.
   *
   * @defaultValue 60,000
   */
  totalTimeoutMs?: number | null | undefined;
  /**
   * How often a request is sent again at most, 0 to 100.
   *
   * @defaultValue 3
   */
  maxRetries?: number | undefined;
  /**
   * How many requests are under way at once at most, 1 to 10,000.
   *
   * @defaultValue 64
   */
  maxConcurrency?: number | undefined;
  /**
   * The account's limits, 1 to 8 of them; `null` switches limiting off. All clients of a process with the same base URL and
   * key share them.
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
   * How the key is sent: `Authorization: Bearer <key>`, or the raw key, as some white-label tenants want it.
   *
   * @defaultValue 'bearer'
   */
  authScheme?: 'bearer' | 'raw' | undefined;
  /**
   * Whether `baseUrl` may be plain `http:` to another machine, where anyone on the way can read the key.
   *
   * @defaultValue false; loopback addresses are always allowed
   */
  allowInsecureHttp?: boolean | undefined;
  /**
   * Told a line for each attempt, retry and pause; never the key or what was sent and received. With `NODE_DEBUG=wts-session`
   * in the environment the lines of all clients go to the standard error as well.
   *
   * @defaultValue none
   */
  logger?: Logger | undefined;
}

/** Where the lines of a client's log go: `console`, or the logger of most libraries. What it throws breaks no call. */
export interface Logger {
  /** Told of each attempt that has ended. */
  debug(line: string): void;
  /** Told of each attempt that is made again, and when the API's rate limit makes everybody wait. */
  warn(line: string): void;
}

/** What every call takes. */
export interface CallOptions {
  /**
   * Cancels the call: it rejects with the signal's reason, and its connection is closed. A request that has left by then
   * may have been carried out.
   */
  signal?: AbortSignal | undefined;
}

/** Options of {@link Client.updateSessionStatus}. */
export interface UpdateOptions extends CallOptions {
  /**
   * Whether a chatbot that is running in the session is stopped.
   *
   * @defaultValue false
   */
  stopBotInExecution?: boolean | undefined;
}

/** Options of {@link Client.completeSession}. */
export interface CompleteOptions extends CallOptions {
  /**
   * Whether a new message of the contact reopens the session.
   *
   * @defaultValue false
   */
  reactivateOnNewMessage?: boolean | undefined;
  /**
   * Whether a chatbot that is running in the session is stopped.
   *
   * @defaultValue false
   */
  stopBotInExecution?: boolean | undefined;
}

/** What bulk calls that collect their outcomes take besides. */
export interface ProgressOptions {
  /**
   * Called after each item that has settled. If it throws, nothing more is sent, and the call rejects with what it threw.
   *
   * @param done - how many items have settled
   * @param total - how many there are; `undefined` where the input has no length
   */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** Options of {@link Client.updateSessionStatuses}. */
export interface BulkUpdateOptions extends UpdateOptions, ProgressOptions {}

/** Options of {@link Client.completeSessions}. */
export interface BulkCompleteOptions extends CompleteOptions, ProgressOptions {}

/** The items of a bulk call, of which none is taken before there is room for it. */
export type BulkItems<Item> = (Iterable<Item> & object) | AsyncIterable<Item>;

/** What {@link Client.updateSessionStatuses} does to one session. */
export interface SessionUpdate {
  sessionId: string;
  /** A {@link SessionStatus} or its name, `IN_PROGRESS` or `In Progress`, in any case. */
  status: Open<SessionStatus>;
}

/** What came of one item of a bulk call; `ok` tells which. */
export type Outcome<Result = Session | CompletedSession> = SucceededOutcome<Result> | FailedOutcome;

interface OutcomeOfItem {
  /** The item's place in the input, from 0. */
  index: number;
  /** The session id as it was given; empty where there was none. */
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

/** What the functions without a client take to find the API. */
export type ConnectionOptions = Pick<ClientOptions, 'apiKey' | 'baseUrl'>;

/**
 * A client of the WTS Chat API. Make one and keep it: it keeps connections alive, and waits where the account's limits
 * want it. By itself it keeps no process alive; calls under way do.
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
   * Sets the status of a session, and gives the session as the API has it then.
   *
   * @param sessionId - the session's id; it is sent as one segment of the path, whatever it holds
   * @param status - a {@link SessionStatus} or its name, `IN_PROGRESS` or `In Progress`, in any case
   * @returns a promise, which rejects with a {@link WtsError}, a TypeError, or the reason of the signal
   */
  updateSessionStatus(sessionId: string, status: Open<SessionStatus>, options?: UpdateOptions): Promise<Session>;

  /**
   * Completes a session, and gives the session as the API has it then.
   *
   * @param sessionId - the session's id; it is sent as one segment of the path, whatever it holds
   * @returns a promise, which rejects with a {@link WtsError}, a TypeError, or the reason of the signal
   */
  completeSession(sessionId: string, options?: CompleteOptions): Promise<CompletedSession>;

  /**
   * Sets the status of many sessions, as many at once as the account's limits and `maxConcurrency` allow. It has no time
   * limit in total.
   *
   * Each item has its own outcome: one that fails stops no other. What has a length, such as an array or a set, is copied and
   * checked before anything is sent; other iterables are taken from as there is room.
   *
   * @param updates - what to do, in any number; duplicates are items of their own
   * @returns the outcomes in the order of the input. The promise rejects only where the call itself can't go on: with a
   * TypeError, with what the input or `onProgress` threw, after that what has been sent is awaited, or with the reason of the
   * signal, after that requests under way are ended. Where that is an object, it has all outcomes there are as its property
   * `outcomes`, which is not enumerable; items that were known and not sent have the code `cancelled`.
   *
   * @example
   * ```js
   * const updates = ids.map((sessionId) => ({ sessionId, status: SessionStatus.Pending }));
   * const outcomes = await client.updateSessionStatuses(updates, { onProgress: (done, total) => bar.update(done / total) });
   * const failed = outcomes.filter(({ ok }) => !ok);
   * ```
   */
  updateSessionStatuses(updates: BulkItems<SessionUpdate>, options?: BulkUpdateOptions): Promise<Outcome<Session>[]>;

  /**
   * Completes many sessions; in all else as {@link Client.updateSessionStatuses}.
   *
   * @example
   * ```js
   * for (const { sessionId, ok, error } of await client.completeSessions(ids)) {
   *   console.log(sessionId, ok ? 'completed' : error.message);
   * }
   * ```
   */
  completeSessions(sessionIds: BulkItems<string>, options?: BulkCompleteOptions): Promise<Outcome<CompletedSession>[]>;

  /**
   * As {@link Client.updateSessionStatuses}, for any number of items: gives the outcomes one at a time, as they settle, and
   * keeps none. It begins with the first `next()`, and takes from the input only as its outcomes are taken.
   *
   * To leave the loop cancels the rest, closes the connections, and closes the input. When the input fails, the iteration
   * fails after the last outcome; when the signal is aborted, it fails at once, and what has not been given yet is in the
   * reason's `outcomes`.
   */
  iterUpdateSessionStatuses(
    updates: BulkItems<SessionUpdate>,
    options?: UpdateOptions,
  ): AsyncGenerator<Outcome<Session>, void, undefined>;

  /**
   * Completes any number of sessions; in all else as {@link Client.iterUpdateSessionStatuses}.
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
   * Closes the client: calls that have not been sent yet, and all later ones, reject with the code `closed`; requests
   * under way end as they would.
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

/** What kind of failure a {@link WtsError} is. */
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

/**
 * Every failure that is none of JavaScript's own. `message` is the whole text, `description` its second part; neither they
 * nor what `console.log` and `JSON.stringify` show hold the API key or what the API sent.
 */
export declare class WtsError extends Error {
  private constructor();

  name: 'WtsError';

  /** What kind of failure it is, the same in every language. */
  readonly code: WtsErrorCode;

  /** More about it: what was expected, what to do. May be empty, or the message again. */
  readonly description: string;

  /** The HTTP status of the answer, where there was one. */
  readonly httpStatus?: number;

  /** The `key` of the API's error envelope, such as `ENTITY_NOT_FOUND`. */
  readonly key?: string;

  /** What the vendor's support asks for: the envelope's `id.shortValue`. */
  readonly errorId?: string;

  /** What the API sent, cut at 4 KiB. It may hold personal data, so it is not enumerable: keep it out of logs. */
  readonly body?: string;

  /** How many seconds to wait before a later try, where that is known. */
  readonly retryAfter?: number;

  /** How many requests were sent for this call, the failed ones included. */
  readonly attempts: number;

  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  /** Whether a request left for which no answer tells if the API carried it out. */
  readonly mayHaveBeenApplied: boolean;

  /** All but `body`, `cause` and `stack`. */
  toJSON(): Record<string, unknown>;
}
