/* Null, and strings that are not UTF-8, for every parameter of every function: an error, never a crash. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "functions.h"
#include "stand_in.h"
#include "wts_session.h"

static const char bad_utf8[] = "session_\xFF";
static const char seeded[] = "session_12345";
static wts_client *client;
static wts_queue *queue;

/* Makes a client that must be refused with this code, and frees the config. */
static void check_refused(wts_config *config, wts_code expected, const char *description)
{
    wts_client *made = client;
    wts_error *error = NULL;

    CHECK_EQUAL(wts_client_new(config, &made, &error), expected);
    CHECK(made == NULL);
    CHECK_EQUAL(wts_error_code(error), expected);
    if (description != NULL) {
        CHECK_TEXT(wts_error_description(error), description);
    }
    wts_error_free(error);
    CHECK_EQUAL(wts_client_new(config, NULL, NULL), expected);
    wts_config_free(config);
}

static void check_accepted(const wts_config *config)
{
    wts_client *made = NULL;
    wts_error *error = (wts_error *)client;

    CHECK_EQUAL(wts_client_new(config, &made, &error), WTS_OK);
    CHECK(made != NULL);
    CHECK(error == NULL);
    wts_client_free(made);
}

static void check_wts_config_new(void)
{
    check_refused(wts_config_new(), WTS_MISSING_API_KEY, NULL);
}

static void check_wts_config_free(void)
{
    wts_config_free(NULL);
}

static void check_wts_config_set_api_key(void)
{
    wts_config *config = stand_in_config();

    wts_config_set_api_key(NULL, "pn_1");
    wts_config_set_api_key(config, bad_utf8);
    wts_config_set_api_key(config, NULL);
    check_refused(config, WTS_MISSING_API_KEY, NULL);

    config = stand_in_config();
    wts_config_set_api_key(config, bad_utf8);
    check_refused(config, WTS_INVALID_CONFIG, "The API key is not UTF-8.");
}

static void check_wts_config_set_base_url(void)
{
    wts_config *config = stand_in_config();

    wts_config_set_base_url(NULL, "http://localhost:1");
    wts_config_set_base_url(config, NULL);
    check_refused(config, WTS_INVALID_CONFIG, "The base URL is null.");

    config = stand_in_config();
    wts_config_set_base_url(config, bad_utf8);
    check_refused(config, WTS_INVALID_CONFIG, "The base URL is not UTF-8.");

    config = stand_in_config();
    wts_config_set_base_url(config, NULL);
    wts_config_set_base_url(config, "http://localhost:1");
    check_accepted(config);
    wts_config_free(config);
}

static void check_wts_config_set_auth_scheme(void)
{
    wts_config *config = stand_in_config();

    wts_config_set_auth_scheme(NULL, "raw");
    wts_config_set_auth_scheme(config, NULL);
    check_refused(config, WTS_INVALID_CONFIG, "The auth scheme is null.");

    config = stand_in_config();
    wts_config_set_auth_scheme(config, bad_utf8);
    check_refused(config, WTS_INVALID_CONFIG, "The auth scheme is not UTF-8.");
}

/* A text setting whose null is its default. */
#define OPTIONAL_TEXT(function, good, name)                                                                            \
    static void check_##function(void)                                                                                 \
    {                                                                                                                  \
        wts_config *config = stand_in_config();                                                                        \
                                                                                                                       \
        function(NULL, good);                                                                                          \
        function(config, "\n");                                                                                        \
        function(config, NULL);                                                                                        \
        check_accepted(config);                                                                                        \
        wts_config_free(config);                                                                                       \
                                                                                                                       \
        config = stand_in_config();                                                                                    \
        function(config, bad_utf8);                                                                                    \
        check_refused(config, WTS_INVALID_CONFIG, "The " name " is not UTF-8.");                                       \
    }

OPTIONAL_TEXT(wts_config_set_shared_limits, "machine", "setting shared_limits")
OPTIONAL_TEXT(wts_config_set_shared_limits_account, "a", "setting shared_limits_account")
OPTIONAL_TEXT(wts_config_set_shared_limits_fallback, "wait", "setting shared_limits_fallback")

/* Makes a client with a text that the setting refuses; no text of an error has what is in it. */
static void check_refused_text(void (*set)(wts_config *, const char *), const char *text)
{
    wts_config *config = stand_in_config();
    wts_client *made = NULL;
    wts_error *error = NULL;

    set(config, text);
    CHECK_EQUAL(wts_client_new(config, &made, &error), WTS_INVALID_CONFIG);
    CHECK(made == NULL);
    CHECK(strstr(wts_error_text(error), "CANARY") == NULL);
    CHECK(strstr(wts_error_description(error), "CANARY") == NULL);
    wts_error_free(error);
    wts_config_free(config);
}

static void check_wts_config_set_reserve(void)
{
    static const double refused[] = {-0.1, 0.51, 1e300};
    wts_config *config;

    wts_config_set_reserve(NULL, 0.1);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        config = stand_in_config();
        wts_config_set_reserve(config, refused[i]);
        check_refused(config, WTS_INVALID_CONFIG, NULL);
    }
    config = stand_in_config();
    wts_config_set_reserve(config, 0.0);
    check_accepted(config);
    wts_config_set_reserve(config, 0.5);
    check_accepted(config);
    wts_config_free(config);
}

/* Values that are no ledger, account or fallback. */
static void shared_limits_out_of_range(void)
{
    static const char *const ledgers[] = {"", "on", "http://u:pn_CANARY@host", "redis://u:pn_CANARY@host?timeout=1",
                                          "file:///proc/none"};
    static const char *const fallbacks[] = {"", "go", "-0.1", "1.1", "nan"};
    char account[258] = {0};
    wts_config *config = stand_in_config();

    for (size_t i = 0; i < sizeof ledgers / sizeof *ledgers; i++) {
        check_refused_text(wts_config_set_shared_limits, ledgers[i]);
    }
    for (size_t i = 0; i < sizeof fallbacks / sizeof *fallbacks; i++) {
        check_refused_text(wts_config_set_shared_limits_fallback, fallbacks[i]);
    }
    memset(account, 'a', sizeof account - 1);
    check_refused_text(wts_config_set_shared_limits_account, account);
    check_refused_text(wts_config_set_shared_limits_account, " ");

    wts_config_set_shared_limits(config, "off");
    wts_config_set_shared_limits_account(config, account + 1);
    wts_config_set_shared_limits_fallback(config, "0.25");
    check_accepted(config);
    wts_config_free(config);
}

static void check_wts_config_set_rate_limits(void)
{
    wts_rate_limit limit = {200, 5000};
    wts_config *config = stand_in_config();

    wts_config_set_rate_limits(NULL, &limit, 1);
    wts_config_set_rate_limits(config, NULL, 1);
    check_refused(config, WTS_INVALID_CONFIG, "The array of 1 rate limits is null.");

    config = stand_in_config();
    wts_config_set_rate_limits(config, &limit, SIZE_MAX);
    check_refused(config, WTS_INVALID_CONFIG, NULL);

    config = stand_in_config();
    wts_config_set_rate_limits(config, &limit, SIZE_MAX / sizeof limit + 2);
    check_refused(config, WTS_INVALID_CONFIG, NULL);

    config = stand_in_config();
    wts_config_set_rate_limits(config, NULL, 1);
    wts_config_set_rate_limits(config, &limit, 1);
    check_accepted(config);
    wts_config_set_rate_limits(config, &limit, 0);
    check_accepted(config);
    wts_config_free(config);
}

/* Setters of numbers: a null config is ignored. */
static void check_wts_config_set_timeout_ms(void)
{
    wts_config_set_timeout_ms(NULL, 1000);
}

static void check_wts_config_set_total_timeout_ms(void)
{
    wts_config *config = stand_in_config();

    wts_config_set_total_timeout_ms(NULL, 1000);
    wts_config_set_total_timeout_ms(config, WTS_NO_TIMEOUT);
    check_accepted(config);
    wts_config_set_total_timeout_ms(config, WTS_NO_TIMEOUT - 1);
    check_refused(config, WTS_INVALID_CONFIG, NULL);
}

static void check_wts_config_set_max_retries(void)
{
    wts_config_set_max_retries(NULL, 1);
}

static void check_wts_config_set_max_concurrency(void)
{
    wts_config_set_max_concurrency(NULL, 1);
}

static void check_wts_config_set_allow_insecure_http(void)
{
    wts_config_set_allow_insecure_http(NULL, true);
}

static void check_wts_client_new(void)
{
    wts_client *made = client;
    wts_error *error = NULL;
    wts_config *config = stand_in_config();

    CHECK_EQUAL(wts_client_new(NULL, &made, &error), WTS_INVALID_CONFIG);
    CHECK(made == NULL);
    CHECK_TEXT(wts_error_text(error), "Invalid configuration! The config is null.");
    wts_error_free(error);
    CHECK_EQUAL(wts_client_new(NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_client_new(config, NULL, NULL), WTS_OK);
    wts_config_free(config);
}

static void check_wts_client_free(void)
{
    wts_client_free(NULL);
}

/* Makes an update that must be refused with this code. */
static void check_update(const wts_client *with, const char *id, const char *status, wts_code expected)
{
    char *json = (char *)client;
    wts_error *error = NULL;

    CHECK_EQUAL(wts_update_session_status(with, id, status, NULL, &json, &error), expected);
    CHECK(json == NULL);
    CHECK_EQUAL(wts_error_code(error), expected);
    wts_error_free(error);
    CHECK_EQUAL(wts_update_session_status(with, id, status, NULL, NULL, NULL), expected);
}

static void check_wts_update_session_status(void)
{
    check_update(NULL, seeded, "PENDING", WTS_INVALID_CONFIG);
    check_update(client, NULL, "PENDING", WTS_MISSING_FIELDS);
    check_update(client, seeded, NULL, WTS_MISSING_FIELDS);
    check_update(client, bad_utf8, "PENDING", WTS_INVALID_SESSION_ID);
    check_update(client, seeded, "PENDING\xC3", WTS_INVALID_STATUS);
    check_update(client, seeded, "\xFF", WTS_INVALID_STATUS);
    check_update(client, bad_utf8, bad_utf8, WTS_INVALID_SESSION_ID);
    check_update(client, bad_utf8, NULL, WTS_MISSING_FIELDS);
    check_update(client, bad_utf8, " ", WTS_MISSING_FIELDS);
    check_update(client, NULL, bad_utf8, WTS_MISSING_FIELDS);
    CHECK_EQUAL(wts_update_session_status(client, seeded, "PENDING", NULL, NULL, NULL), WTS_OK);
}

static void check_complete(const wts_client *with, const char *id, wts_code expected)
{
    char *json = (char *)client;
    wts_error *error = NULL;

    CHECK_EQUAL(wts_complete_session(with, id, NULL, &json, &error), expected);
    CHECK(json == NULL);
    CHECK_EQUAL(wts_error_code(error), expected);
    wts_error_free(error);
    CHECK_EQUAL(wts_complete_session(with, id, NULL, NULL, NULL), expected);
}

static void check_wts_complete_session(void)
{
    check_complete(NULL, seeded, WTS_INVALID_CONFIG);
    check_complete(client, NULL, WTS_EMPTY_SESSION_ID);
    check_complete(client, bad_utf8, WTS_INVALID_SESSION_ID);
    check_complete(client, "\xED\xA0\x80", WTS_INVALID_SESSION_ID);
    check_complete(client, "\xC0\xAF", WTS_INVALID_SESSION_ID);
    CHECK_EQUAL(wts_complete_session(client, seeded, NULL, NULL, NULL), WTS_OK);
}

/* Null and bad items are the matter of bulk.c. */
static void check_wts_complete_sessions(void)
{
    const char *const ids[] = {seeded};

    CHECK_EQUAL(wts_complete_sessions(NULL, ids, 1, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_complete_sessions(client, NULL, 1, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_complete_sessions(client, NULL, 0, NULL, NULL, NULL, NULL), WTS_OK);
    CHECK_EQUAL(wts_complete_sessions(client, ids, 1, NULL, NULL, NULL, NULL), WTS_OK);
}

static void check_wts_update_session_statuses(void)
{
    const wts_status_update updates[] = {{seeded, "PENDING"}};

    CHECK_EQUAL(wts_update_session_statuses(NULL, updates, 1, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_update_session_statuses(client, NULL, 1, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_update_session_statuses(client, NULL, 0, NULL, NULL, NULL, NULL), WTS_OK);
    CHECK_EQUAL(wts_update_session_statuses(client, updates, 1, NULL, NULL, NULL, NULL), WTS_OK);
}

static void check_wts_cancellable_new(void)
{
    wts_cancellable *made = wts_cancellable_new();

    CHECK(made != NULL);
    wts_cancellable_free(made);
}

static void check_wts_cancellable_cancel(void)
{
    wts_cancellable_cancel(NULL);
}

static void check_wts_cancellable_free(void)
{
    wts_cancellable_free(NULL);
}

static void check_wts_queue_new(void)
{
    wts_queue *made = NULL;
    wts_error *error = (wts_error *)client;

    CHECK_EQUAL(wts_queue_new(NULL, NULL), WTS_OK);
    CHECK_EQUAL(wts_queue_new(&made, &error), WTS_OK);
    CHECK(made != NULL);
    CHECK(error == NULL);
    wts_queue_free(made);
}

static void check_wts_queue_fd(void)
{
    CHECK_EQUAL(wts_queue_fd(NULL), -1);
}

static void check_wts_queue_next(void)
{
    CHECK(wts_queue_next(NULL, 0) == NULL);
    CHECK(wts_queue_next(NULL, WTS_NO_TIMEOUT) == NULL);
}

static void check_wts_queue_free(void)
{
    wts_queue_free(NULL);
}

/* Takes the next call out of the queue, which must have failed with this code. */
static void check_next(wts_code expected)
{
    wts_call *call = wts_queue_next(queue, WTS_NO_TIMEOUT);

    CHECK_EQUAL(wts_call_take(call, NULL, NULL), expected);
    wts_call_free(call);
}

/* Strings of any kind come out of the queue; without client or queue there is no call. */
static void check_wts_start_update_session_status(void)
{
    wts_call *call = (wts_call *)client;
    wts_error *error = NULL;

    CHECK_EQUAL(wts_start_update_session_status(NULL, seeded, "PENDING", NULL, queue, NULL, &call, &error),
                WTS_INVALID_CONFIG);
    CHECK(call == NULL);
    CHECK_TEXT(wts_error_description(error), "The client is null.");
    wts_error_free(error);
    CHECK_EQUAL(wts_start_update_session_status(client, seeded, "PENDING", NULL, NULL, NULL, &call, &error),
                WTS_INVALID_CONFIG);
    CHECK_TEXT(wts_error_description(error), "The queue is null.");
    wts_error_free(error);
    CHECK_EQUAL(wts_start_update_session_status(client, NULL, NULL, NULL, queue, NULL, NULL, NULL), WTS_OK);
    check_next(WTS_MISSING_FIELDS);
    CHECK_EQUAL(wts_start_update_session_status(client, bad_utf8, bad_utf8, NULL, queue, NULL, NULL, NULL), WTS_OK);
    check_next(WTS_INVALID_SESSION_ID);
}

static void check_wts_start_complete_session(void)
{
    wts_call *call = (wts_call *)client;

    CHECK_EQUAL(wts_start_complete_session(NULL, seeded, NULL, queue, NULL, &call, NULL), WTS_INVALID_CONFIG);
    CHECK(call == NULL);
    CHECK_EQUAL(wts_start_complete_session(client, seeded, NULL, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_start_complete_session(client, NULL, NULL, queue, NULL, NULL, NULL), WTS_OK);
    check_next(WTS_EMPTY_SESSION_ID);
    CHECK_EQUAL(wts_start_complete_session(client, bad_utf8, NULL, queue, NULL, NULL, NULL), WTS_OK);
    check_next(WTS_INVALID_SESSION_ID);
}

static void check_wts_call_user_data(void)
{
    CHECK(wts_call_user_data(NULL) == NULL);
}

static void check_wts_call_take(void)
{
    char *json = (char *)client;
    wts_error *error = NULL;

    CHECK_EQUAL(wts_call_take(NULL, &json, &error), WTS_INVALID_CONFIG);
    CHECK(json == NULL);
    CHECK_TEXT(wts_error_description(error), "The call is null.");
    wts_error_free(error);
    CHECK_EQUAL(wts_call_take(NULL, NULL, NULL), WTS_INVALID_CONFIG);
}

static void check_wts_call_cancel(void)
{
    wts_call_cancel(NULL);
}

static void check_wts_call_free(void)
{
    wts_call_free(NULL);
}

static void check_wts_string_free(void)
{
    wts_string_free(NULL);
}

static void check_wts_error_free(void)
{
    wts_error_free(NULL);
}

static void check_wts_error_new(void)
{
    CHECK(wts_error_new(NULL) == NULL);
}

#define READER(function, check, of_null)                                                                               \
    static void check_##function(void)                                                                                 \
    {                                                                                                                  \
        check(function(NULL), of_null);                                                                                \
    }

READER(wts_error_code, CHECK_EQUAL, WTS_OK)
READER(wts_error_message, CHECK_TEXT, "")
READER(wts_error_description, CHECK_TEXT, "")
READER(wts_error_text, CHECK_TEXT, "")
READER(wts_error_http_status, CHECK_EQUAL, 0)
READER(wts_error_key, CHECK_TEXT, NULL)
READER(wts_error_id, CHECK_TEXT, NULL)
READER(wts_error_body, CHECK_TEXT, NULL)
READER(wts_error_retry_after_ms, CHECK_EQUAL, -1)
READER(wts_error_attempts, CHECK_EQUAL, 0)
READER(wts_error_retryable, CHECK_EQUAL, false)
READER(wts_error_may_have_been_applied, CHECK_EQUAL, false)

static void check_wts_code_name(void)
{
    CHECK_TEXT(wts_code_name(INT32_MIN), "unknown");
    CHECK_TEXT(wts_code_name(INT32_MAX), "unknown");
    CHECK_TEXT(wts_code_name(-1), "unknown");
}

static void check_wts_version(void)
{
    CHECK_TEXT(wts_version(), WTS_VERSION);
}

int main(void)
{
    static const struct function functions[] = {EVERY_FUNCTION(FUNCTION)};

    stand_in_start(NULL);
    client = stand_in_client();
    if (wts_queue_new(&queue, NULL) != WTS_OK) {
        give_up("no queue");
    }
    test_functions(functions, sizeof functions / sizeof *functions);
    test("shared limits out of range", shared_limits_out_of_range);
    wts_queue_free(queue);
    wts_client_free(client);
    return tests_done();
}
