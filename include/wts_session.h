/*
 * wts_session.h: set the status of WTS Chat sessions, and complete them.
 *
 * Generated from bindings-c/src by cbindgen. Changes belong there.
 *
 * OVERVIEW
 *   Make a wts_config, change what should not have its default, make a wts_client of it, free the config. Keep the
 *   client as long as there are calls to make: it keeps connections open. There are three kinds of calls: blocking ones
 *   (wts_complete_session, wts_update_session_status); bulk calls, which block and call a function of yours for each
 *   item (wts_complete_sessions, wts_update_session_statuses); and calls that are started and come out of a queue when
 *   they have settled (wts_start_...; see EVENT LOOPS). A call has settled when it has succeeded or failed. examples/
 *   has whole programs.
 *
 * OWNERSHIP
 *   What a function returns through an out parameter, or a function that ends in _new, is yours: free it once, with the
 *   function of its type (wts_config_free, wts_client_free, wts_queue_free, wts_call_free, wts_cancellable_free,
 *   wts_error_free, wts_string_free), and never with free(). All of these accept null, and the order does not matter:
 *   clients, queues, calls and cancellables do not need each other to be freed. What you pass in stays yours; the
 *   library copies what it keeps. A string that is returned as const char * belongs to the object it was read from, or
 *   to the library.
 *
 * STRINGS
 *   All strings are UTF-8 and end with a NUL. In: null and bad UTF-8 are errors, never crashes; each function says
 *   which. Out: a string has no NUL inside; if the API sent one, U+FFFD stands in its place.
 *
 * ERRORS
 *   A function that can fail returns a wts_code: WTS_OK, which is 0, or what went wrong. Its last parameter is a
 *   wts_error **, which receives the details. Out parameters are always set: when a call fails, its results are null,
 *   and when it succeeds, its error is null. An out parameter may be null itself; then what it would have received is
 *   freed. Code, message and description are the same in every language of this library. The API key is in no text. A
 *   panic inside of the library does not reach your program: it is WTS_INTERNAL, and the client can still be used.
 *
 * RESULTS
 *   A result is the updated session: a JSON object as the API sent it, to be read with any JSON library
 *   (examples/json.c). Any field may be missing or null, except those that are named here, and the API adds fields
 *   without notice:
 *     wts_update_session_status: id and status are always there.
 *     wts_complete_session: success (true) and sessionId are always there.
 *     text: id, status (STARTED, PENDING, IN_PROGRESS, COMPLETED, HIDDEN), statusDescription, title, number, origin,
 *       companyId, contactId, channelId, departmentId, userId, botId, previewUrl, channelType, lastMessageText,
 *       windowStatus (ACTIVE, EXPIRED, NOT_STARTED)
 *     dates, as text in ISO 8601 and UTC: createdAt, updatedAt, startAt, endAt, firstResponseAt, lastInteractionDate,
 *       lastMessageIn, lastMessageOut
 *     durations, as text such as "01:39:45": timeService, timeWait
 *     a number: unreadCount
 *     objects: utm, contactDetails, agentDetails, channelDetails, departmentDetails, classification, metadata
 *
 * TIME
 *   Times are in milliseconds. A call waits for the account's limits, and sends again what failed for a short time; the
 *   total time limit bounds all of it. If wts_error_may_have_been_applied is true, the API may have done what the
 *   failed call asked for. A call ends early when it is cancelled: by the wts_cancellable of its options, by
 *   wts_call_cancel, or by a function of a bulk call that returns false. Its request is aborted, and its connection is
 *   closed.
 *
 * EVENT LOOPS
 *   Make a wts_queue for the loop, and let the loop watch the descriptor from wts_queue_fd for reading. Start calls
 *   with wts_start_complete_session and wts_start_update_session_status, which do not wait. Each call settles at some
 *   time, also when it fails or is cancelled, and makes the descriptor readable: take calls out with
 *   wts_queue_next(queue, 0) until there is none, read the result of each with wts_call_take, and free it. Any number
 *   of calls may be in flight on one descriptor; wts_config_set_max_concurrency limits how many of their requests are.
 *   Without an event loop, wts_queue_next can wait.
 *
 * THREADS
 *   Any number of threads may use a client, a queue, a call or a cancellable at the same time. A config belongs to one
 *   thread at a time. Many threads may read an error. Whatever is freed must not be in use elsewhere. Do not call the
 *   library from a signal handler (examples/ctrl_c.c shows how a signal cancels), and do not cancel a thread that is
 *   inside of the library.
 *   The library has threads of its own, which run no function of yours and have all signals blocked, except those that
 *   an instruction raises, such as SIGSEGV:
 *     wts-session: one for each client, from its first started call or bulk call, or from the first time that more
 *       than two threads wait for blocking calls of the client, until the client is freed. It sends the requests of all
 *       such calls.
 *     wts-session-dns: four at most, for look-ups of host names. Each ends when it was idle for 5 s.
 *     wts-session-limits: one, while limits are shared (wts_config_set_shared_limits).
 *   Otherwise a blocking call sends its request on the thread that makes it. On a thread that ends, in destructors of
 *   thread-local values and of pthread keys, and in exit handlers and destructors of static objects, all functions
 *   work; a blocking call leaves its request to the client's thread then, which it starts if need be.
 *
 * PROCESSES
 *   After fork() the child may use, and free, the clients of its parent: at its first call it makes connections of its
 *   own. Its queues are empty and have other descriptors, and its cancellables have not cancelled anything. Calls that
 *   the parent started stay with the parent; in the child they can only be freed. A bulk call whose function forks goes
 *   on in the parent, and ends in the child with WTS_CLOSED. Each process keeps the limits of the account by itself,
 *   unless wts_config_set_shared_limits says where they are shared. Descriptors of the parent stay open in the child,
 *   which does not use them, until it ends or calls exec: a connection that the parent closes meanwhile is closed for
 *   the server only then.
 *   The library installs no signal handlers and raises no SIGPIPE, leaves the locale alone, and writes nothing to
 *   standard output or standard error. Once loaded it stays: dlclose() does not unload it.
 *   Of the environment it reads WTS_API_KEY, WTS_BASE_URL, WTS_SHARED_LIMITS, SSL_CERT_FILE and SSL_CERT_DIR for the
 *   certificates to trust in place of the system's, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; for shared
 *   limits of "n8n" also what n8n has there; and nothing at all in a program that has more rights than its user, such
 *   as a setuid program.
 *
 * WHAT IT NEEDS
 *   Stack: 128 KiB for a thread that makes calls; 512 KiB with a library that was built in the dev profile.
 *   Descriptors: 3 for each client, 3 more with its thread, 2 for each queue, 1 for each connection, of which there are
 *     max_concurrency at most. If the system gives no descriptor or no thread, calls fail with WTS_CONNECTION, which is
 *     retryable.
 *   Memory: if the system gives none, the process aborts, as programs in Rust do.
 *   System calls: sockets, epoll or kqueue, threads, clocks, random numbers, files with certificates. A seccomp filter
 *     that ends the process at one of them ends it here too; one that returns an error makes calls fail.
 *   Functions of yours have to return. A C++ exception, pthread_exit() or the cancellation of the thread inside of a
 *     wts_outcome_fn aborts the process. Leaving it by longjmp() is undefined behaviour.
 *   Descriptors stay open: a program that becomes a daemon, or calls closefrom(), does so before it makes clients and
 *     queues. Those that lose their descriptors fail, or abort the process.
 *   Structs with struct_size begin with their initialiser macro, or with sizeof of the struct in it. A struct_size that
 *     can't be true is refused; the rest of a struct that was not initialised can't be noticed.
 *   The API key is wiped from memory when the config and the clients with it are freed. Not wiped are the copies that
 *     the HTTP and TLS code has in its buffers, as part of requests: they stay until their memory is used for something
 *     else.
 *
 * ABI
 *   A program that was linked against libwts_session.so.0 works with every later version of that soname. Numbers of
 *   codes are never used again, and there may be new ones. Structs that begin with struct_size may grow at their end.
 *   All other structs stay as they are, except for new members at the end of wts_outcome, which only the library makes.
 *   The members of wts_config, wts_client, wts_queue, wts_call, wts_cancellable and wts_error are private.
 */


#ifndef WTS_SESSION_H
#define WTS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/** The version of this header; `wts_version()` gives the one of the library that is running. */
#define WTS_VERSION "0.1.0"
#define WTS_VERSION_MAJOR 0
#define WTS_VERSION_MINOR 1
#define WTS_VERSION_PATCH 0
/** Whether this header is of this version or a later one. */
#define WTS_VERSION_IS_AT_LEAST(major, minor, patch)                                                                   \
    (WTS_VERSION_MAJOR * 1000000 + WTS_VERSION_MINOR * 1000 + WTS_VERSION_PATCH >=                                     \
     (major) * 1000000 + (minor) * 1000 + (patch))

/* What this header offers beyond the first one: a program that may meet an older one asks with #ifdef. */
#define WTS_HAS_CALLS 1
#define WTS_HAS_CANCELLABLE 1
#define WTS_HAS_SHARED_LIMITS 1
#define WTS_HAS_ERROR_NEW 1

/** Initialises a `wts_update_options` with the defaults. */
#define WTS_UPDATE_OPTIONS_INIT {sizeof(wts_update_options), false, {0}, NULL}
/** Initialises a `wts_complete_options` with the defaults. */
#define WTS_COMPLETE_OPTIONS_INIT {sizeof(wts_complete_options), false, false, {0}, NULL}
/** Initialises a `wts_error_details` with the defaults. */
#define WTS_ERROR_DETAILS_INIT                                                                                         \
    {sizeof(wts_error_details), WTS_INTERNAL, 0, -1, NULL, NULL, NULL, NULL, NULL, 0, false, false, {0}}


/**
 * As a total time limit: none. It is `UINT64_MAX`, for languages that see no macros.
 */
#define WTS_NO_TIMEOUT UINT64_MAX

/**
 * A call that was started, from `wts_start_complete_session` or `wts_start_update_session_status`.
 *
 * It is yours from its start on, even if it fails, and is freed with `wts_call_free`.
 */
typedef struct wts_call wts_call;

/**
 * Cancels calls from another thread, blocking and bulk calls above all. From `wts_cancellable_new`.
 *
 * Calls get it in their options. Any number of calls may have it, and it may be freed as soon as they have begun.
 */
typedef struct wts_cancellable wts_cancellable;

/**
 * A client of the API, from `wts_client_new`. Any number of threads may use it at the same time.
 *
 * A client keeps connections open for later calls: make one, and keep it.
 */
typedef struct wts_client wts_client;

/**
 * The settings of a client, from `wts_config_new`.
 *
 * Setting a value again replaces the one before. Setters return nothing: `wts_client_new` fails if a value is refused.
 * One thread at a time may use a config.
 */
typedef struct wts_config wts_config;

/**
 * Why a call failed, with all that is known about it.
 *
 * It comes out of a call that failed, belongs to you, and is freed with `wts_error_free`. Many threads may read it at
 * the same time. No text in it shows the API key.
 */
typedef struct wts_error wts_error;

/**
 * Tells an event loop, or a thread that waits, which calls have settled. From `wts_queue_new`.
 *
 * One queue serves any number of calls and clients. An event loop has one of its own, and watches its descriptor.
 */
typedef struct wts_queue wts_queue;

/**
 * The result of a call: `WTS_OK`, or one of the codes below. There may be new ones, so have a `default` branch.
 */
typedef int32_t wts_code;

/**
 * A limit of the account: at most `requests` in any window of `period_ms`.
 */
typedef struct wts_rate_limit {
    /**
     * The most requests in a window, 1 to 1,000,000.
     */
    uint32_t requests;
    /**
     * The length of the window in milliseconds, 1 to 86,400,000 (24 h).
     */
    uint64_t period_ms;
} wts_rate_limit;

/**
 * Options of `wts_update_session_status`. Begin with `WTS_UPDATE_OPTIONS_INIT`.
 */
typedef struct wts_update_options {
    /**
     * `sizeof(wts_update_options)`: tells the library which members your program knows.
     */
    size_t struct_size;
    /**
     * Whether a chatbot that is running in the session is stopped. Default: false.
     */
    bool stop_bot_in_execution;
    /**
     * Never read. New members come behind it.
     */
    uint8_t reserved[7];
    /**
     * Cancels the call from another thread. Null: nobody does. Default: null.
     */
    const struct wts_cancellable *cancellable;
} wts_update_options;

/**
 * Options of `wts_complete_session`. Begin with `WTS_COMPLETE_OPTIONS_INIT`.
 */
typedef struct wts_complete_options {
    /**
     * `sizeof(wts_complete_options)`: tells the library which members your program knows.
     */
    size_t struct_size;
    /**
     * Whether a chatbot that is running in the session is stopped. Default: false.
     */
    bool stop_bot_in_execution;
    /**
     * Whether a new message of the contact reopens the session. Default: false.
     */
    bool reactivate_on_new_message;
    /**
     * Never read. New members come behind it.
     */
    uint8_t reserved[6];
    /**
     * Cancels the call from another thread. Null: nobody does. Default: null.
     */
    const struct wts_cancellable *cancellable;
} wts_complete_options;

/**
 * The outcome of one item of a bulk call. It and all that it points to are valid until the callback returns.
 *
 * New members may come behind the last one.
 */
typedef struct wts_outcome {
    /**
     * The place of the item in the input, from 0.
     */
    size_t index;
    /**
     * The session id as it was given; bytes that are not UTF-8 are replaced. Never null.
     */
    const char *session_id;
    /**
     * `WTS_OK`, or what went wrong with this item.
     */
    wts_code code;
    /**
     * The updated session, a JSON object in UTF-8; null if the item failed.
     */
    const char *json;
    /**
     * What went wrong; null if the item succeeded. It is freed by the library.
     */
    const struct wts_error *error;
    /**
     * How many items have settled, this one included.
     */
    size_t done;
    /**
     * How many items there are.
     */
    size_t total;
} wts_outcome;

/**
 * Is called for each item as it settles, on the thread that made the bulk call, never two at a time. May be null.
 *
 * Returning false cancels the rest: requests in flight are aborted, and no further item is reported. To have these
 * reported too, with what may have been applied, cancel with a `wts_cancellable` and return true. The function may make
 * calls on the same client; it must not free it. It has to return: see WHAT IT NEEDS.
 */
typedef bool (*wts_outcome_fn)(void *user_data, const struct wts_outcome *outcome);

/**
 * One item for `wts_update_session_statuses`.
 */
typedef struct wts_status_update {
    /**
     * The session. A null one fails by itself, with `WTS_MISSING_FIELDS`.
     */
    const char *session_id;
    /**
     * The status to set, as for `wts_update_session_status`.
     */
    const char *status;
} wts_status_update;

/**
 * What an error that you make yourself has, for `wts_error_new`. Begin with `WTS_ERROR_DETAILS_INIT`.
 */
typedef struct wts_error_details {
    /**
     * `sizeof(wts_error_details)`: tells the library which members your program knows.
     */
    size_t struct_size;
    /**
     * What `wts_error_code` returns. Default: `WTS_INTERNAL`.
     */
    wts_code code;
    /**
     * What `wts_error_attempts` returns. Default: 0.
     */
    uint32_t attempts;
    /**
     * What `wts_error_retry_after_ms` returns. Default: -1, not known.
     */
    int64_t retry_after_ms;
    /**
     * What `wts_error_message` returns. Default: null, which is "".
     */
    const char *message;
    /**
     * What `wts_error_description` returns. Default: null, which is "".
     */
    const char *description;
    /**
     * What `wts_error_key` returns. Default: null.
     */
    const char *key;
    /**
     * What `wts_error_id` returns. Default: null.
     */
    const char *id;
    /**
     * What `wts_error_body` returns. Default: null.
     */
    const char *body;
    /**
     * What `wts_error_http_status` returns. Default: 0.
     */
    uint16_t http_status;
    /**
     * What `wts_error_retryable` returns. Default: false.
     */
    bool retryable;
    /**
     * What `wts_error_may_have_been_applied` returns. Default: false.
     */
    bool may_have_been_applied;
    /**
     * Never read. New members come behind it.
     */
    uint8_t reserved[4];
} wts_error_details;

/** The codes. Each is a macro too, so that a program can ask for it with #ifdef. */
enum {
    /**
     * The call succeeded.
     */
    WTS_OK = 0,
#define WTS_OK WTS_OK
    /**
     * Session id or status is missing, empty or blank. Nothing was sent.
     */
    WTS_MISSING_FIELDS = 1,
#define WTS_MISSING_FIELDS WTS_MISSING_FIELDS
    /**
     * The status is `UNDEFINED`, or not one that the API knows. Nothing was sent.
     */
    WTS_INVALID_STATUS = 2,
#define WTS_INVALID_STATUS WTS_INVALID_STATUS
    /**
     * The id of the session to complete is missing, empty or blank. Nothing was sent.
     */
    WTS_EMPTY_SESSION_ID = 3,
#define WTS_EMPTY_SESSION_ID WTS_EMPTY_SESSION_ID
    /**
     * The session id is `.` or `..`, has a control character or an invisible one inside, is over 512 bytes, or is not
     * valid Unicode. Nothing was sent.
     */
    WTS_INVALID_SESSION_ID = 4,
#define WTS_INVALID_SESSION_ID WTS_INVALID_SESSION_ID
    /**
     * No API key was given, and `WTS_API_KEY` is unset or blank.
     */
    WTS_MISSING_API_KEY = 5,
#define WTS_MISSING_API_KEY WTS_MISSING_API_KEY
    /**
     * A setting or an option is out of its range, something that is needed is null, or the key, the base URL or a
     * variable of the environment can't be used. Nothing was sent.
     */
    WTS_INVALID_CONFIG = 6,
#define WTS_INVALID_CONFIG WTS_INVALID_CONFIG
    /**
     * HTTP 401, or the API's `ERROR_UNAUTHORIZED`: check the key (the platform deletes one that was unused for 15
     * days) and the base URL.
     */
    WTS_UNAUTHORIZED = 7,
#define WTS_UNAUTHORIZED WTS_UNAUTHORIZED
    /**
     * HTTP 403.
     */
    WTS_FORBIDDEN = 8,
#define WTS_FORBIDDEN WTS_FORBIDDEN
    /**
     * HTTP 404, or the API's `ENTITY_NOT_FOUND`, whatever the HTTP status.
     */
    WTS_NOT_FOUND = 9,
#define WTS_NOT_FOUND WTS_NOT_FOUND
    /**
     * The API understood and said no; the message is its own sentence. Often an HTTP 500.
     */
    WTS_REFUSED = 10,
#define WTS_REFUSED WTS_REFUSED
    /**
     * Still HTTP 429 after the retries, or the wait would be longer than the call may take: see `retry_after`. For
     * many sessions use a bulk call, which waits.
     */
    WTS_RATE_LIMITED = 11,
#define WTS_RATE_LIMITED WTS_RATE_LIMITED
    /**
     * HTTP 408, 425, or a 5xx without a message of the API's own, after the retries.
     */
    WTS_SERVER_ERROR = 12,
#define WTS_SERVER_ERROR WTS_SERVER_ERROR
    /**
     * No connection, or it broke (name look-up, TLS, proxy, refused, reset, cut short, no descriptor or thread), after
     * the retries.
     */
    WTS_CONNECTION = 13,
#define WTS_CONNECTION WTS_CONNECTION
    /**
     * A time limit passed, after the retries.
     */
    WTS_TIMEOUT = 14,
#define WTS_TIMEOUT WTS_TIMEOUT
    /**
     * A redirect (never followed), a success that is no JSON object, a response over 8 MiB, or an HTML page from
     * something in front of the API.
     */
    WTS_UNEXPECTED_RESPONSE = 15,
#define WTS_UNEXPECTED_RESPONSE WTS_UNEXPECTED_RESPONSE
    /**
     * The caller cancelled.
     */
    WTS_CANCELLED = 16,
#define WTS_CANCELLED WTS_CANCELLED
    /**
     * The client was closed, or the runtime or process that drove the call has ended.
     */
    WTS_CLOSED = 17,
#define WTS_CLOSED WTS_CLOSED
    /**
     * A bug of this library.
     */
    WTS_INTERNAL = 18,
#define WTS_INTERNAL WTS_INTERNAL
    /**
     * The ledger of the limits that processes share (`shared_limits`) can't be reached, or refuses. Nothing was sent.
     */
    WTS_LIMITS_UNAVAILABLE = 19,
#define WTS_LIMITS_UNAVAILABLE WTS_LIMITS_UNAVAILABLE
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The name of a code, the same in all languages of this library, such as "missing_fields" for `WTS_MISSING_FIELDS`.
 *
 * `WTS_OK` is "ok"; a number that is no code is "unknown".
 *
 * @param code Any number.
 * @return A static string, never null. Do not free it.
 *
 * Threads: any.
 */
const char *wts_code_name(wts_code code);

/**
 * Makes a config in which every setting has its default.
 *
 * @return A config to be freed with `wts_config_free`; null only for a bug of this library.
 *
 * Threads: any.
 */
struct wts_config *wts_config_new(void);

/**
 * Frees a config. Clients that were made from it stay as they are.
 *
 * @param config May be null.
 *
 * Threads: the one that uses the config.
 */
void wts_config_free(struct wts_config *config);

/**
 * Sets the API key. Default: the environment's `WTS_API_KEY` at the time of `wts_client_new`.
 *
 * Blanks around it and a leading "Bearer " are removed. It is wiped from memory when the config and its clients are
 * freed. Errors of `wts_client_new`: `WTS_MISSING_API_KEY` if nothing is left of it, `WTS_INVALID_CONFIG` if it has
 * anything but visible ASCII inside.
 *
 * @param config Null is ignored.
 * @param api_key A copy is taken. Null is the default again.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_api_key(struct wts_config *config, const char *api_key);

/**
 * Sets the address of the API, without "/chat". Default: the environment's `WTS_BASE_URL` at the time of
 * `wts_client_new`, or else https://api.wts.chat.
 *
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` if it is no http or https URL, has a user name, query, fragment or dot
 * segments, ends in the path of a service or a version such as /chat/v1, or is http to another machine (see
 * `wts_config_set_allow_insecure_http`).
 *
 * @param config Null is ignored.
 * @param base_url A copy is taken. Null is `WTS_INVALID_CONFIG`, so that nothing goes to another address than was meant.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_base_url(struct wts_config *config,
                             const char *base_url);

/**
 * Sets the time limit of one attempt, from the look-up of the name to the last byte of the response. Default: 15,000.
 *
 * Connecting takes at most 5 s of it. Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
 *
 * @param config Null is ignored.
 * @param timeout_ms Milliseconds, 1 to 86,400,000 (24 h).
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_timeout_ms(struct wts_config *config, uint64_t timeout_ms);

/**
 * Sets the time limit of a call with all its waiting and retries. Default: 60,000.
 *
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
 *
 * @param config Null is ignored.
 * @param total_timeout_ms Milliseconds, 1 to 86,400,000 (24 h), or `WTS_NO_TIMEOUT` for no limit.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_total_timeout_ms(struct wts_config *config, uint64_t total_timeout_ms);

/**
 * Sets how many times a failed request is sent again at most. Default: 3.
 *
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
 *
 * @param config Null is ignored.
 * @param max_retries 0 to 100.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_max_retries(struct wts_config *config, uint32_t max_retries);

/**
 * Sets the limits of the account. The library waits where it would exceed them. Default: the API's, 200 requests in 5 s and
 * 1,000 in 5 min.
 *
 * All clients of a process that have the same base URL and API key share them. Error of `wts_client_new`:
 * `WTS_INVALID_CONFIG` for more than 8 limits, for one out of range, and for an array that is null.
 *
 * @param config Null is ignored.
 * @param limits An array; a copy is taken. May be null if `count` is 0.
 * @param count How many limits the array has; 0 switches limiting off.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_rate_limits(struct wts_config *config,
                                const struct wts_rate_limit *limits,
                                size_t count);

/**
 * Sets the share of each limit that a large bulk call leaves to other calls. Default: 0.05: a bulk call of up to 950
 * sessions does not wait for the limit of 5 minutes.
 *
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
 *
 * @param config Null is ignored.
 * @param reserve 0 to 0.5; 0 switches the reserve off: then a bulk call may use everything, and a single call beside
 *        it may wait for minutes.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_reserve(struct wts_config *config, double reserve);

/**
 * Sets where the ledger is that processes of one account share, so that all of them together keep to its limits.
 * Default: the environment's `WTS_SHARED_LIMITS` at the time of `wts_client_new`, or else "off".
 *
 * While limits are shared, the process has one more thread, "wts-session-limits", in which all signals are blocked; it
 * ends at most five minutes after the last request. Error of `wts_client_new`: `WTS_INVALID_CONFIG` for anything else
 * than the values below, and for a folder that can't be used. Error of calls: `WTS_LIMITS_UNAVAILABLE`.
 *
 * @param config Null is ignored.
 * @param shared_limits "off"; "machine" or "file:///dir", a folder of this machine; "redis://host", "rediss://host",
 *        "valkey://host", "valkeys://host", "redis+unix:///socket", "redis+sentinel://host1,host2/master" or
 *        "redis+cluster://host1,host2"; "n8n", the Redis of n8n's queue mode. A copy is taken. Null is the default
 *        again.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_shared_limits(struct wts_config *config, const char *shared_limits);

/**
 * Sets a name for the account, the same for all of its keys: clients that give it share one budget, whatever their
 * keys. Default: each base URL and key is an account of its own.
 *
 * It matters only where limits are shared. Error of `wts_client_new`: `WTS_INVALID_CONFIG` if it is blank or over 256
 * bytes long.
 *
 * @param config Null is ignored.
 * @param account A copy is taken. Null is the default again.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_shared_limits_account(struct wts_config *config, const char *account);

/**
 * Sets what happens while the ledger that processes share can't be reached. Default: "wait".
 *
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` for anything else than the values below.
 *
 * @param config Null is ignored.
 * @param fallback "wait": nothing is sent, bulk calls wait, and other calls fail with `WTS_LIMITS_UNAVAILABLE`. Or a
 *        share of the limits, at most 1, such as "0.25" for one of four processes; "0" is as "wait". A copy is taken.
 *        Null is the default again.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_shared_limits_fallback(struct wts_config *config, const char *fallback);

/**
 * Sets how many requests of a client are in flight at the same time at most, each on a connection of its own; further
 * calls wait. Default: as many as the rate limits can use, from 64 to 200. That is 200 with the API's limits, and 64
 * without limits. Where half of the descriptors that the process may have open are fewer, it is so many.
 *
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
 *
 * @param config Null is ignored.
 * @param max_concurrency 1 to 10,000.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_max_concurrency(struct wts_config *config, uint32_t max_concurrency);

/**
 * Sets how the API key is sent. Default: "bearer".
 *
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` for any other name, and for null.
 *
 * @param config Null is ignored.
 * @param auth_scheme "bearer" sends `Authorization: Bearer <key>`, "raw" sends `Authorization: <key>`, as some
 *        white-label tenants want it. A copy is taken.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_auth_scheme(struct wts_config *config, const char *auth_scheme);

/**
 * Sets whether the base URL may be http to another machine, where anyone on the way can read the API key. Default:
 * false. Loopback addresses are always allowed.
 *
 * @param config Null is ignored.
 * @param allow Whether it may.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_allow_insecure_http(struct wts_config *config, bool allow);

/**
 * Makes a cancellable.
 *
 * @return A cancellable to be freed with `wts_cancellable_free`; null only for a bug of this library.
 *
 * Threads: any.
 */
struct wts_cancellable *wts_cancellable_new(void);

/**
 * Cancels all calls that have this cancellable, for good: also those that have not begun yet.
 *
 * Their requests in flight are aborted and their connections closed. The calls fail with `WTS_CANCELLED`.
 *
 * @param cancellable Null is ignored.
 *
 * Threads: any, but not in a signal handler; examples/ctrl_c.c shows how a signal cancels. It does not wait.
 */
void wts_cancellable_cancel(const struct wts_cancellable *cancellable);

/**
 * Frees a cancellable. Calls that have it go on.
 *
 * @param cancellable May be null.
 *
 * Threads: any, after the last use of the cancellable in all others.
 */
void wts_cancellable_free(struct wts_cancellable *cancellable);

/**
 * Makes a client. Nothing is sent yet.
 *
 * @param config The settings; they are copied.
 * @param out_client Receives the client, to be freed with `wts_client_free`; null if this fails. May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK`, `WTS_MISSING_API_KEY`, `WTS_INVALID_CONFIG` (a null config included), `WTS_CONNECTION` if the
 *         system gives no descriptors, or `WTS_INTERNAL`.
 *
 * Threads: the one that uses the config.
 */
wts_code wts_client_new(const struct wts_config *config, struct wts_client **out_client, struct wts_error **out_error);

/**
 * Frees a client and closes its connections. Started calls in flight are cancelled: they come out of their queues with
 * `WTS_CANCELLED`.
 *
 * @param client May be null.
 *
 * Threads: any, after all blocking and bulk calls on the client have returned.
 */
void wts_client_free(struct wts_client *client);

/**
 * Sets the status of a session, and returns the updated session.
 *
 * @param client From `wts_client_new`.
 * @param session_id The session. Blanks around it are removed.
 * @param status STARTED, PENDING, IN_PROGRESS, COMPLETED or HIDDEN; in any case, and with blanks for underscores.
 * @param options May be null: the defaults.
 * @param out_json Receives the updated session: a JSON object in UTF-8, to be freed with `wts_string_free`. It has all
 *        that the API sent, and always `id` and `status`; see RESULTS. Null if this fails. May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK`, or any code but `WTS_EMPTY_SESSION_ID` and `WTS_MISSING_API_KEY`. `WTS_MISSING_FIELDS` for an id or
 *         a status that is null, empty or blank, `WTS_INVALID_CONFIG` for a null client and for options with a wrong
 *         size.
 *
 * Threads: any; it blocks the calling thread until the call has settled, for the total time limit at most.
 */
wts_code wts_update_session_status(const struct wts_client *client,
                                   const char *session_id,
                                   const char *status,
                                   const struct wts_update_options *options,
                                   char **out_json,
                                   struct wts_error **out_error);

/**
 * Completes a session, and returns the updated session.
 *
 * @param client From `wts_client_new`.
 * @param session_id The session. Blanks around it are removed.
 * @param options May be null: the defaults.
 * @param out_json Receives the updated session: a JSON object in UTF-8, to be freed with `wts_string_free`. It has all
 *        that the API sent, and always `success` and `sessionId`; see RESULTS. Null if this fails. May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK`, or any code but `WTS_MISSING_FIELDS`, `WTS_INVALID_STATUS` and `WTS_MISSING_API_KEY`.
 *         `WTS_EMPTY_SESSION_ID` for an id that is null, empty or blank, `WTS_INVALID_CONFIG` for a null client and for
 *         options with a wrong size.
 *
 * Threads: any; it blocks the calling thread until the call has settled, for the total time limit at most.
 */
wts_code wts_complete_session(const struct wts_client *client,
                              const char *session_id,
                              const struct wts_complete_options *options,
                              char **out_json,
                              struct wts_error **out_error);

/**
 * Frees a string that a call returned as its result.
 *
 * The strings of an error are freed with it, not with this.
 *
 * @param string May be null.
 *
 * Threads: any.
 */
void wts_string_free(char *string);

/**
 * Completes many sessions, as many at once as the account's limits and the client's `max_concurrency` allow, and returns
 * when all of them have settled. One item's failure does not stop the others.
 *
 * There is no total time limit. The `cancellable` of the options ends the call from another thread: then the items that
 * have not settled are reported with `WTS_CANCELLED`, and each error says whether its request may have been applied.
 * Memory does not grow with the number of items.
 *
 * @param client From `wts_client_new`.
 * @param session_ids The sessions, `count` of them. An id that is null, empty, blank or invalid fails by itself, and
 *        nothing is sent for it. The same id may stand there more than once. May be null if `count` is 0.
 * @param count How many.
 * @param options May be null: the defaults.
 * @param outcome_fn Is called for each item as it settles, in any order. May be null.
 * @param user_data Is passed to `outcome_fn`.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK` when every item was reported, failed ones included; `WTS_CANCELLED` when `outcome_fn` returned false,
 *         and when items were cancelled by `cancellable`;
 *         `WTS_INVALID_CONFIG` for a null client, options with a wrong size, or a null array with a count;
 *         `WTS_CONNECTION` if the system gives no thread or descriptors; `WTS_CLOSED` in a child that was forked in
 *         `outcome_fn`; `WTS_INTERNAL`.
 *
 * Threads: any; it blocks the calling thread. A thread of the client sends the requests of started calls and bulk calls.
 * It starts with the first of them, ends with the client, and runs no code of yours.
 */
wts_code wts_complete_sessions(const struct wts_client *client,
                               const char *const *session_ids,
                               size_t count,
                               const struct wts_complete_options *options,
                               wts_outcome_fn outcome_fn,
                               void *user_data,
                               struct wts_error **out_error);

/**
 * Sets the status of many sessions; otherwise as `wts_complete_sessions`.
 *
 * @param client From `wts_client_new`.
 * @param updates The sessions with their statuses, `count` of them. One with a missing or invalid member fails by
 *        itself, and nothing is sent for it. May be null if `count` is 0.
 * @param count How many.
 * @param options May be null: the defaults.
 * @param outcome_fn Is called for each item as it settles, in any order. May be null.
 * @param user_data Is passed to `outcome_fn`.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return As `wts_complete_sessions`.
 *
 * Threads: as `wts_complete_sessions`.
 */
wts_code wts_update_session_statuses(const struct wts_client *client,
                                     const struct wts_status_update *updates,
                                     size_t count,
                                     const struct wts_update_options *options,
                                     wts_outcome_fn outcome_fn,
                                     void *user_data,
                                     struct wts_error **out_error);

/**
 * Makes a queue for calls that are started.
 *
 * @param out_queue Receives the queue, to be freed with `wts_queue_free`; null if this fails. May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK`; `WTS_CONNECTION` if the system gives no descriptors; `WTS_INTERNAL`.
 *
 * Threads: any.
 */
wts_code wts_queue_new(struct wts_queue **out_queue, struct wts_error **out_error);

/**
 * The descriptor to watch with poll, epoll, kqueue, libuv (`uv_poll_t`) or the like. It is readable as long as there is a
 * settled call that `wts_queue_next` has not returned.
 *
 * Take calls out until there is none. Do not read, write or close the descriptor. It stays the same until the queue is
 * freed; a child after fork() has another.
 *
 * @param queue From `wts_queue_new`.
 * @return -1 for null, on Windows, and in a child to which the system gives no descriptors.
 *
 * Threads: any.
 */
int32_t wts_queue_fd(const struct wts_queue *queue);

/**
 * Takes the next settled call out, in the order in which they settled.
 *
 * Its result is read with `wts_call_take`.
 *
 * @param queue From `wts_queue_new`. Null has no calls.
 * @param timeout_ms How long to wait for one, in milliseconds: 0 does not wait, `WTS_NO_TIMEOUT` waits without a bound.
 *        If no call of the queue is in flight, it does not wait.
 * @return The call, to be freed with `wts_call_free`: the same pointer that its start gave. Null when there is none.
 *
 * Threads: any; each call comes out once.
 */
struct wts_call *wts_queue_next(const struct wts_queue *queue, uint64_t timeout_ms);

/**
 * Frees a queue and closes its descriptor, which no event loop may watch any more.
 *
 * Its calls in flight are cancelled. Each call still has to be freed by itself, except those that were started without
 * `out_call` and have not come out.
 *
 * @param queue May be null.
 *
 * Threads: any, after the last use of the queue in all others.
 */
void wts_queue_free(struct wts_queue *queue);

/**
 * Starts to set the status of a session, and returns at once.
 *
 * The call comes out of the queue when it has settled, also if it is refused because of its id or status.
 *
 * @param client From `wts_client_new`. When it is freed, the call is cancelled.
 * @param session_id As for `wts_update_session_status`. A copy is taken.
 * @param status As for `wts_update_session_status`. A copy is taken.
 * @param options May be null: the defaults. A copy is taken.
 * @param queue The queue that the call comes out of when it has settled.
 * @param user_data What `wts_call_user_data` returns.
 * @param out_call Receives the call, to be freed with `wts_call_free`; null if this fails. It is for `wts_call_cancel`,
 *        and may be null: then the queue gives the call. Another thread may take it out before this returns.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK` when the call has begun; `WTS_INVALID_CONFIG` for a null client or queue, and for options with a wrong
 *         size; `WTS_CONNECTION` if the system gives no thread or descriptors; `WTS_INTERNAL`.
 *
 * Threads: any. A thread of the client sends the requests of started calls and bulk calls. It starts with the first of
 * them, ends with the client, and runs no code of yours.
 */
wts_code wts_start_update_session_status(const struct wts_client *client,
                                         const char *session_id,
                                         const char *status,
                                         const struct wts_update_options *options,
                                         const struct wts_queue *queue,
                                         void *user_data,
                                         struct wts_call **out_call,
                                         struct wts_error **out_error);

/**
 * Starts to complete a session, and returns at once. Otherwise as `wts_start_update_session_status`.
 *
 * @param client From `wts_client_new`. When it is freed, the call is cancelled.
 * @param session_id As for `wts_complete_session`. A copy is taken.
 * @param options May be null: the defaults. A copy is taken.
 * @param queue The queue that the call comes out of when it has settled.
 * @param user_data What `wts_call_user_data` returns.
 * @param out_call Receives the call, as there. May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return As `wts_start_update_session_status`.
 *
 * Threads: as `wts_start_update_session_status`.
 */
wts_code wts_start_complete_session(const struct wts_client *client,
                                    const char *session_id,
                                    const struct wts_complete_options *options,
                                    const struct wts_queue *queue,
                                    void *user_data,
                                    struct wts_call **out_call,
                                    struct wts_error **out_error);

/**
 * The `user_data` that the call was started with.
 *
 * @param call May be null: then null.
 * @return The pointer. The library never reads what it points to.
 *
 * Threads: any.
 */
void *wts_call_user_data(const struct wts_call *call);

/**
 * Takes the result of a call that has settled: one that came out of its queue. It does not wait.
 *
 * @param call From its start, or from `wts_queue_next`. It still has to be freed.
 * @param out_json Receives the updated session, as from `wts_update_session_status` and `wts_complete_session`, to be
 *        freed with `wts_string_free`. Null if the call failed. May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if the call succeeded. May be null.
 * @return What the blocking call would have returned, `WTS_CANCELLED` for a call that was cancelled; or
 *         `WTS_INVALID_CONFIG` if there is nothing to take: for null, for a call that has not settled, for one whose
 *         result was taken before, and in a child of the process that started it.
 *
 * Threads: any.
 */
wts_code wts_call_take(struct wts_call *call, char **out_json, struct wts_error **out_error);

/**
 * Cancels a call: its request is aborted, its connection is closed, and it comes out of its queue with `WTS_CANCELLED`.
 * Nothing happens to a call that has settled.
 *
 * @param call Null is ignored.
 *
 * Threads: any, but not in a signal handler. It does not wait.
 */
void wts_call_cancel(struct wts_call *call);

/**
 * Frees a call at any time. A call in flight is cancelled and does not come out of its queue any more; a result that was
 * not taken is freed too.
 *
 * @param call May be null.
 *
 * Threads: any, after the last use of the call in all others.
 */
void wts_call_free(struct wts_call *call);

/**
 * Makes an error by hand, for the tests of your own code: the library's own errors come out of its calls.
 *
 * Texts are cut at 4 KiB, and bytes that are not UTF-8 are replaced.
 *
 * @param details What the error has; copies are taken.
 * @return An error to be freed with `wts_error_free`; null for null, for a struct with a wrong size, and if `code` is
 *         `WTS_OK` or no code.
 *
 * Threads: any.
 */
struct wts_error *wts_error_new(const struct wts_error_details *details);

/**
 * The code of the failure, the same that the call returned.
 *
 * @param error May be null: then `WTS_OK`.
 *
 * Threads: any.
 */
wts_code wts_error_code(const struct wts_error *error);

/**
 * What went wrong, in a few words; for a refusal the API's own sentence, in Portuguese.
 *
 * @param error May be null: then "".
 * @return UTF-8, never null. It belongs to the error and lives as long as the error.
 *
 * Threads: any.
 */
const char *wts_error_message(const struct wts_error *error);

/**
 * More about it: what was expected, and what to do. May be empty, or the message again.
 *
 * @param error May be null: then "".
 * @return UTF-8, never null. It belongs to the error and lives as long as the error.
 *
 * Threads: any.
 */
const char *wts_error_description(const struct wts_error *error);

/**
 * Message and description in one line, once if both are the same: the text to show or to log.
 *
 * @param error May be null: then "".
 * @return UTF-8, never null. It belongs to the error and lives as long as the error.
 *
 * Threads: any.
 */
const char *wts_error_text(const struct wts_error *error);

/**
 * The HTTP status of the response.
 *
 * @param error May be null: then 0.
 * @return 0 if there was no response.
 *
 * Threads: any.
 */
uint16_t wts_error_http_status(const struct wts_error *error);

/**
 * The key of the API's error, such as "ENTITY_NOT_FOUND".
 *
 * One key covers several causes, which only the message tells apart.
 *
 * @param error May be null: then null.
 * @return UTF-8, or null if there is none. It belongs to the error and lives as long as the error.
 *
 * Threads: any.
 */
const char *wts_error_key(const struct wts_error *error);

/**
 * The short id that the API gave to the failure. The vendor's support asks for it.
 *
 * @param error May be null: then null.
 * @return UTF-8, or null if there is none. It belongs to the error and lives as long as the error.
 *
 * Threads: any.
 */
const char *wts_error_id(const struct wts_error *error);

/**
 * What the API sent, cut at 4 KiB. It may hold personal data: keep it out of logs.
 *
 * Bytes that are not UTF-8, and NULs, are replaced by U+FFFD, the replacement character.
 *
 * @param error May be null: then null.
 * @return UTF-8, or null if the API sent nothing. It belongs to the error and lives as long as the error.
 *
 * Threads: any.
 */
const char *wts_error_body(const struct wts_error *error);

/**
 * How long to wait before you try again, if that is known.
 *
 * @param error May be null: then -1.
 * @return Milliseconds, 0 or more; -1 if it is not known.
 *
 * Threads: any.
 */
int64_t wts_error_retry_after_ms(const struct wts_error *error);

/**
 * How many attempts there were, also those that failed or got no connection.
 *
 * @param error May be null: then 0.
 *
 * Threads: any.
 */
uint32_t wts_error_attempts(const struct wts_error *error);

/**
 * Whether the same call may succeed later.
 *
 * @param error May be null: then false.
 *
 * Threads: any.
 */
bool wts_error_retryable(const struct wts_error *error);

/**
 * True if a request was sent and no response says whether it was applied.
 *
 * @param error May be null: then false.
 *
 * Threads: any.
 */
bool wts_error_may_have_been_applied(const struct wts_error *error);

/**
 * Frees an error and the strings that belong to it.
 *
 * @param error May be null.
 *
 * Threads: any, after the last use of the error in all others.
 */
void wts_error_free(struct wts_error *error);

/**
 * The version of the library that is running, such as "1.2.3"; `WTS_VERSION` is the one of this header.
 *
 * @return A static string, never null. Do not free it.
 *
 * Threads: any.
 */
const char *wts_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WTS_SESSION_H */
