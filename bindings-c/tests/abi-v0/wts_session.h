/*
 * wts_session.h: set the status of WTS Chat sessions, and complete them.
 *
 * Generated from bindings-c/src by cbindgen. Changes belong there.
 *
 * OVERVIEW
 *   Make a wts_config, set what differs from the defaults, make a wts_client of it, free the config. Keep the client as
 *   long as there are calls to make: it keeps connections open. examples/ has whole programs.
 *
 * OWNERSHIP
 *   What comes out of a function through an out parameter, or from a function that ends in _new, is yours: free it with
 *   the function of its type (wts_config_free, wts_client_free, wts_error_free, wts_string_free), once, and never with
 *   free(). All of these take null. What goes in stays yours and is copied where it is kept. A string that is returned as
 *   const char * belongs to the object it was read from, or to the library.
 *
 * STRINGS
 *   All strings end with a NUL and are UTF-8. In: null and bad UTF-8 are errors, never crashes; each function says which.
 *   Out: a string has no NUL inside; where the API sent one, U+FFFD stands in its place.
 *
 * ERRORS
 *   A function that can fail returns a wts_code: WTS_OK, which is 0, or what went wrong. It takes a wts_error ** as its
 *   last parameter, which receives the details. Out parameters are always set: when a call fails, its results are null,
 *   and when it succeeds, its error is null. An out parameter may be null itself; what it would have received is then
 *   freed. Code, message and description are the same in every language of this library. The API key is in no text.
 *   A panic inside of the library does not cross into C: it is WTS_INTERNAL, and the client can still be used.
 *
 * TIME
 *   Times are milliseconds. A call blocks its thread until it has succeeded or failed, which includes waiting for the
 *   account's limits and sending again what failed in passing; the total time limit bounds all of it. Where
 *   wts_error_may_have_been_applied is true, the API may have carried out the call that failed.
 *
 * THREADS
 *   Any number of threads may use a client at the same time. A config belongs to one thread at a time. Many threads may
 *   read an error. Whatever is freed must not be in use elsewhere. Do not call the library from a signal handler, and do
 *   not cancel a thread that is inside of it.
 *
 * PROCESSES
 *   After fork() the child may use, and free, the clients of its parent: at its first call it makes connections of its
 *   own. The limits of the account are kept in each process by itself. The library installs no signal handlers and
 *   raises no SIGPIPE, leaves the locale alone, and writes nothing to standard output or standard error. Once loaded it
 *   stays: dlclose() does not unload it. Certificates are checked against those of the system, or of the environment's
 *   SSL_CERT_FILE and SSL_CERT_DIR; the environment's HTTPS_PROXY and NO_PROXY count.
 *
 * ABI
 *   A program that was linked against libwts_session.so.0 works with every later version of that soname. Numbers of codes
 *   are never used again, and there may be new ones. Structs that begin with struct_size may grow at their end; their
 *   initialiser macro sets it. All other structs stay as they are. The members of wts_config, wts_client and wts_error are
 *   not known outside.
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

/** Initialises a `wts_update_options` with the defaults. */
#define WTS_UPDATE_OPTIONS_INIT {sizeof(wts_update_options), false, {0}}
/** Initialises a `wts_complete_options` with the defaults. */
#define WTS_COMPLETE_OPTIONS_INIT {sizeof(wts_complete_options), false, false, {0}}


/**
 * As a total time limit: none.
 */
#define WTS_NO_TIMEOUT UINT64_MAX

/**
 * A client of the API, from `wts_client_new`. Any number of threads may use it at the same time.
 *
 * A client keeps connections open for later calls: make one, and keep it.
 */
typedef struct wts_client wts_client;

/**
 * The settings of a client, from `wts_config_new`.
 *
 * Setting a value again replaces the one before. A value that is refused is an error of `wts_client_new`, not of the
 * setter. One thread at a time may use a config.
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
 * What came of a call: `WTS_OK`, or one of the codes below. New codes may be added, so have a `default` branch.
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
} wts_complete_options;

/**
 * What came of one item of a bulk call. It and all that it points to are valid until the callback returns.
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
     * The session as the API has it then, a JSON object in UTF-8; null if the item failed.
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
 * Is told of each item as it settles, on the thread that made the bulk call, never two at a time. May be null.
 *
 * Returning false cancels the rest: requests under way are broken off, and no further item is reported. It may make
 * calls on the same client; it must not free it.
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
 * The call succeeded.
 */
#define WTS_OK 0

/**
 * Session id or status is missing: null, empty or blank. Nothing was sent.
 */
#define WTS_MISSING_FIELDS 1

/**
 * The status is `UNDEFINED`, no known status, or not UTF-8. Nothing was sent.
 */
#define WTS_INVALID_STATUS 2

/**
 * The id of the session to complete is missing: null, empty or blank. Nothing was sent.
 */
#define WTS_EMPTY_SESSION_ID 3

/**
 * The session id is `.` or `..`, has a control character, is over 512 bytes, or is not UTF-8. Nothing was sent.
 */
#define WTS_INVALID_SESSION_ID 4

/**
 * No API key was given, and `WTS_API_KEY` is unset or blank.
 */
#define WTS_MISSING_API_KEY 5

/**
 * A setting or an option is out of its range, or a config or client is null. Nothing was sent.
 */
#define WTS_INVALID_CONFIG 6

/**
 * The API did not accept the API key; or the base URL is wrong, which looks the same.
 */
#define WTS_UNAUTHORIZED 7

/**
 * HTTP 403.
 */
#define WTS_FORBIDDEN 8

/**
 * HTTP 404, or the API did not find what the request names.
 */
#define WTS_NOT_FOUND 9

/**
 * The API understood and said no; the message is the API's own sentence.
 */
#define WTS_REFUSED 10

/**
 * The account's limit: still HTTP 429 after the retries, or a wait longer than the call may take.
 */
#define WTS_RATE_LIMITED 11

/**
 * HTTP 408, 425 or 5xx from a failing server, after the retries.
 */
#define WTS_SERVER_ERROR 12

/**
 * No connection, or it broke: refused, DNS, TLS, reset, cut short; after the retries.
 */
#define WTS_CONNECTION 13

/**
 * A time limit passed, after the retries.
 */
#define WTS_TIMEOUT 14

/**
 * A redirect, a success that is no JSON object, or an answer over 8 MiB.
 */
#define WTS_UNEXPECTED_RESPONSE 15

/**
 * The caller cancelled.
 */
#define WTS_CANCELLED 16

/**
 * The client was closed.
 */
#define WTS_CLOSED 17

/**
 * A bug of this library.
 */
#define WTS_INTERNAL 18

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
 * Blanks around it and a leading "Bearer " are taken off. It is wiped from memory when the config and its clients are
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
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` for what is no http or https URL, has a user name, query or
 * fragment, ends in /chat or /chat/v1, or is http to another machine (see `wts_config_set_allow_insecure_http`).
 *
 * @param config Null is ignored.
 * @param base_url A copy is taken. Null is `WTS_INVALID_CONFIG`, so that nothing goes to another address than was meant.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_base_url(struct wts_config *config,
                             const char *base_url);

/**
 * Sets the bound on one attempt, from the look-up of the name to the last byte of the answer. Default: 15,000.
 *
 * At most 5 s of it are spent on connecting. Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
 *
 * @param config Null is ignored.
 * @param timeout_ms Milliseconds, 1 to 86,400,000 (24 h).
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_timeout_ms(struct wts_config *config, uint64_t timeout_ms);

/**
 * Sets the bound on a call with all its waiting and retries. Default: 60,000.
 *
 * Error of `wts_client_new`: `WTS_INVALID_CONFIG` when out of range.
 *
 * @param config Null is ignored.
 * @param total_timeout_ms Milliseconds, 1 to 86,400,000 (24 h), or `WTS_NO_TIMEOUT` for no bound.
 *
 * Threads: the one that uses the config.
 */
void wts_config_set_total_timeout_ms(struct wts_config *config, uint64_t total_timeout_ms);

/**
 * Sets how often a request is sent again at most. Default: 3.
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
 * Sets the limits of the account, which the library keeps to by waiting. Default: the API's, 200 requests in 5 s and
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
void wts_config_set_rate_limits(struct wts_config *config, const struct wts_rate_limit *limits, size_t count);

/**
 * Sets how many requests of a client are under way at once at most; further calls wait. Default: 64.
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
 * Makes a client. Nothing is sent yet.
 *
 * @param config The settings; they are copied.
 * @param out_client Receives the client, to be freed with `wts_client_free`; null if this fails. May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK`, `WTS_MISSING_API_KEY`, `WTS_INVALID_CONFIG` (a null config included) or `WTS_INTERNAL`.
 *
 * Threads: the one that uses the config.
 */
wts_code wts_client_new(const struct wts_config *config, struct wts_client **out_client, struct wts_error **out_error);

/**
 * Frees a client and closes its connections.
 *
 * @param client May be null.
 *
 * Threads: any, after all calls on the client have returned.
 */
void wts_client_free(struct wts_client *client);

/**
 * Sets the status of a session, and waits until that is done or has failed.
 *
 * @param client From `wts_client_new`.
 * @param session_id The session. Blanks around it are taken off.
 * @param status STARTED, PENDING, IN_PROGRESS, COMPLETED or HIDDEN; in any case, and with blanks for underscores.
 * @param options May be null: the defaults.
 * @param out_json Receives the session as the API has it then: a JSON object in UTF-8, to be freed with
 *        `wts_string_free`. All of what the API sent is in it, and `id` and `status` in any case. Null if this fails.
 *        May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK`, or any code but `WTS_EMPTY_SESSION_ID` and `WTS_MISSING_API_KEY`. `WTS_MISSING_FIELDS` for an id or
 *         a status that is null, empty or blank, `WTS_INVALID_CONFIG` for a null client and for options with a wrong
 *         size.
 *
 * Threads: any; it blocks the calling thread for the total time limit at most.
 */
wts_code wts_update_session_status(const struct wts_client *client,
                                   const char *session_id,
                                   const char *status,
                                   const struct wts_update_options *options,
                                   char **out_json,
                                   struct wts_error **out_error);

/**
 * Completes a session, and waits until that is done or has failed.
 *
 * @param client From `wts_client_new`.
 * @param session_id The session. Blanks around it are taken off.
 * @param options May be null: the defaults.
 * @param out_json Receives the session as the API has it then: a JSON object in UTF-8, to be freed with
 *        `wts_string_free`. All of what the API sent is in it, and `success` and `sessionId` in any case. Null if this
 *        fails. May be null.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK`, or any code but `WTS_MISSING_FIELDS`, `WTS_INVALID_STATUS` and `WTS_MISSING_API_KEY`.
 *         `WTS_EMPTY_SESSION_ID` for an id that is null, empty or blank, `WTS_INVALID_CONFIG` for a null client and for
 *         options with a wrong size.
 *
 * Threads: any; it blocks the calling thread for the total time limit at most.
 */
wts_code wts_complete_session(const struct wts_client *client,
                              const char *session_id,
                              const struct wts_complete_options *options,
                              char **out_json,
                              struct wts_error **out_error);

/**
 * Frees a string that a call gave as its result.
 *
 * The strings of an error are freed with it, not with this.
 *
 * @param string May be null.
 *
 * Threads: any.
 */
void wts_string_free(char *string);

/**
 * Completes many sessions, as many at once as the account's limits and the client's `max_concurrency` allow, and waits
 * until all of them have settled. One item's failure does not stop the others.
 *
 * There is no total time limit. Memory does not grow with the number of items.
 *
 * @param client From `wts_client_new`.
 * @param session_ids The sessions, `count` of them. An id that is null, empty, blank or invalid fails by itself, and
 *        nothing is sent for it. The same id may stand there more than once. May be null if `count` is 0.
 * @param count How many.
 * @param options May be null: the defaults.
 * @param outcome_fn Is told of each item as it settles, in no certain order. May be null.
 * @param user_data Is handed to `outcome_fn`.
 * @param out_error Receives the error, to be freed with `wts_error_free`; null if this succeeds. May be null.
 * @return `WTS_OK` when every item was reported, failed ones included; `WTS_CANCELLED` when `outcome_fn` returned false;
 *         `WTS_INVALID_CONFIG` for a null client, options with a wrong size, or a null array with a count;
 *         `WTS_INTERNAL`.
 *
 * Threads: any; it blocks the calling thread. The first bulk call of a client starts a thread that sends its requests
 * and that ends with the client.
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
 * @param outcome_fn Is told of each item as it settles, in no certain order. May be null.
 * @param user_data Is handed to `outcome_fn`.
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
 * @return UTF-8, never null. It belongs to the error and lives as long as that.
 *
 * Threads: any.
 */
const char *wts_error_message(const struct wts_error *error);

/**
 * More about it: what was expected, what to do. May be empty, or the message again.
 *
 * @param error May be null: then "".
 * @return UTF-8, never null. It belongs to the error and lives as long as that.
 *
 * Threads: any.
 */
const char *wts_error_description(const struct wts_error *error);

/**
 * Message and description together, said once where both are the same: the text to show or to log.
 *
 * @param error May be null: then "".
 * @return UTF-8, never null. It belongs to the error and lives as long as that.
 *
 * Threads: any.
 */
const char *wts_error_text(const struct wts_error *error);

/**
 * The HTTP status of the answer.
 *
 * @param error May be null: then 0.
 * @return 0 where there was no answer.
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
 * @return UTF-8, or null where there is none. It belongs to the error and lives as long as that.
 *
 * Threads: any.
 */
const char *wts_error_key(const struct wts_error *error);

/**
 * The short id that the API gave to the failure: what the vendor's support asks for.
 *
 * @param error May be null: then null.
 * @return UTF-8, or null where there is none. It belongs to the error and lives as long as that.
 *
 * Threads: any.
 */
const char *wts_error_id(const struct wts_error *error);

/**
 * What the API sent, cut at 4 KiB. It may hold personal data: keep it out of logs.
 *
 * Bytes that are no UTF-8, and NULs, stand in it as U+FFFD, the replacement character.
 *
 * @param error May be null: then null.
 * @return UTF-8, or null where the API sent nothing. It belongs to the error and lives as long as that.
 *
 * Threads: any.
 */
const char *wts_error_body(const struct wts_error *error);

/**
 * How long to wait before a later try, where that is known.
 *
 * @param error May be null: then -1.
 * @return Milliseconds, from 0 on; -1 where it is not known.
 *
 * Threads: any.
 */
int64_t wts_error_retry_after_ms(const struct wts_error *error);

/**
 * How many requests were sent for the call, the failed ones included.
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
 * Whether a request left for which no answer tells if the API carried it out.
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
