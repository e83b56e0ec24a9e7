/* No panic gets past the border: each function is made to panic, and says so in its own way. */
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "check.h"
#include "functions.h"
#include "stand_in.h"
#include "wts_session.h"

/* Only in the library that is built for this test. */
extern void wts_test_panics(bool on);
extern void wts_test_panics_in_background(bool on);

static const char seeded[] = "session_12345";
static wts_config *config;
static wts_client *client;
static wts_queue *queue;
static wts_cancellable *cancellable;
static wts_call *call;
static wts_error *error;
static char *json;

/* The failure of a call that panicked inside. */
static void check_internal(wts_code code, wts_error *failure, const void *result)
{
    wts_test_panics(false);
    CHECK_EQUAL(code, WTS_INTERNAL);
    CHECK(result == NULL);
    CHECK_EQUAL(wts_error_code(failure), WTS_INTERNAL);
    CHECK(strstr(wts_error_description(failure), "panic_switch.rs") != NULL);
    CHECK(!wts_error_may_have_been_applied(failure));
    wts_error_free(failure);
}

static void check_wts_client_new(void)
{
    wts_client *made = client;
    wts_error *failure = NULL;
    wts_code code;

    wts_test_panics(true);
    code = wts_client_new(config, &made, &failure);
    check_internal(code, failure, made);
}

static void check_wts_update_session_status(void)
{
    wts_error *failure = NULL;
    char *result = json;
    wts_code code;

    wts_test_panics(true);
    code = wts_update_session_status(client, seeded, "PENDING", NULL, &result, &failure);
    check_internal(code, failure, result);
}

static void check_wts_complete_session(void)
{
    wts_error *failure = NULL;
    char *result = json;
    wts_code code;

    wts_test_panics(true);
    code = wts_complete_session(client, seeded, NULL, &result, &failure);
    check_internal(code, failure, result);
    CHECK_EQUAL(wts_complete_session(client, seeded, NULL, NULL, NULL), WTS_OK);
}

static void check_wts_complete_sessions(void)
{
    const char *const ids[] = {seeded};
    wts_error *failure = NULL;
    wts_code code;

    wts_test_panics(true);
    code = wts_complete_sessions(client, ids, 1, NULL, NULL, NULL, &failure);
    check_internal(code, failure, NULL);
    CHECK_EQUAL(wts_complete_sessions(client, ids, 1, NULL, NULL, NULL, NULL), WTS_OK);
}

static void check_wts_update_session_statuses(void)
{
    const wts_status_update updates[] = {{seeded, "PENDING"}};
    wts_error *failure = NULL;
    wts_code code;

    wts_test_panics(true);
    code = wts_update_session_statuses(client, updates, 1, NULL, NULL, NULL, &failure);
    check_internal(code, failure, NULL);
    CHECK_EQUAL(wts_update_session_statuses(client, updates, 1, NULL, NULL, NULL, NULL), WTS_OK);
}

static void check_wts_start_complete_session(void)
{
    wts_error *failure = NULL;
    wts_call *started = call;
    wts_code code;

    wts_test_panics(true);
    code = wts_start_complete_session(client, seeded, NULL, queue, NULL, &started, &failure);
    check_internal(code, failure, started);
    CHECK(wts_queue_next(queue, 0) == NULL);
}

static void check_wts_start_update_session_status(void)
{
    wts_error *failure = NULL;
    wts_call *started = call;
    wts_code code;

    wts_test_panics(true);
    code = wts_start_update_session_status(client, seeded, "PENDING", NULL, queue, NULL, &started, &failure);
    check_internal(code, failure, started);
    CHECK(wts_queue_next(queue, 0) == NULL);
}

static void check_wts_queue_new(void)
{
    wts_error *failure = NULL;
    wts_queue *made = queue;
    wts_code code;

    wts_test_panics(true);
    code = wts_queue_new(&made, &failure);
    check_internal(code, failure, made);
}

static void check_wts_queue_fd(void)
{
    wts_test_panics(true);
    CHECK_EQUAL(wts_queue_fd(queue), -1);
    wts_test_panics(false);
}

/* What could not come out is still there. */
static void check_wts_queue_next(void)
{
    wts_call *out;

    CHECK_EQUAL(wts_start_complete_session(client, NULL, NULL, queue, NULL, NULL, NULL), WTS_OK);
    wts_test_panics(true);
    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == NULL);
    wts_test_panics(false);
    out = wts_queue_next(queue, WTS_NO_TIMEOUT);
    CHECK_EQUAL(wts_call_take(out, NULL, NULL), WTS_EMPTY_SESSION_ID);
    wts_call_free(out);
}

static void check_wts_call_user_data(void)
{
    wts_test_panics(true);
    CHECK(wts_call_user_data(call) == NULL);
    wts_test_panics(false);
    CHECK(wts_call_user_data(call) == &call);
}

static void check_wts_call_take(void)
{
    wts_error *failure = NULL;
    char *result = json;
    wts_code code;

    wts_test_panics(true);
    code = wts_call_take(call, &result, &failure);
    check_internal(code, failure, result);
}

static void check_wts_call_cancel(void)
{
    wts_test_panics(true);
    wts_call_cancel(call);
    wts_test_panics(false);
    CHECK(wts_queue_next(queue, 0) == NULL);
}

static void check_wts_cancellable_new(void)
{
    wts_test_panics(true);
    CHECK(wts_cancellable_new() == NULL);
    wts_test_panics(false);
}

static void check_wts_error_new(void)
{
    wts_error_details details = WTS_ERROR_DETAILS_INIT;

    wts_test_panics(true);
    CHECK(wts_error_new(&details) == NULL);
    wts_test_panics(false);
}

static wts_code call_with_cancellable(void)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;

    options.cancellable = cancellable;
    return wts_complete_session(client, seeded, &options, NULL, NULL);
}

static void check_wts_cancellable_cancel(void)
{
    wts_test_panics(true);
    wts_cancellable_cancel(cancellable);
    wts_test_panics(false);
    CHECK_EQUAL(call_with_cancellable(), WTS_OK);
}

static void check_wts_config_new(void)
{
    wts_test_panics(true);
    CHECK(wts_config_new() == NULL);
    wts_test_panics(false);
}

/* A setter has nothing to return: the config remembers. */
static void check_poisoned(wts_config *poisoned)
{
    wts_error *failure = NULL;

    wts_test_panics(false);
    CHECK_EQUAL(wts_client_new(poisoned, NULL, &failure), WTS_INTERNAL);
    wts_error_free(failure);
    wts_config_free(poisoned);
}

#define SETTER(function, ...)                                                                                          \
    static void check_##function(void)                                                                                 \
    {                                                                                                                  \
        wts_config *poisoned = stand_in_config();                                                                      \
                                                                                                                       \
        wts_test_panics(true);                                                                                         \
        function(poisoned, __VA_ARGS__);                                                                               \
        check_poisoned(poisoned);                                                                                      \
    }

SETTER(wts_config_set_api_key, "pn_1")
SETTER(wts_config_set_base_url, "http://localhost:1")
SETTER(wts_config_set_timeout_ms, 1000)
SETTER(wts_config_set_total_timeout_ms, 1000)
SETTER(wts_config_set_max_retries, 1)
SETTER(wts_config_set_rate_limits, NULL, 0)
SETTER(wts_config_set_max_concurrency, 1)
SETTER(wts_config_set_reserve, 0.1)
SETTER(wts_config_set_shared_limits, "machine")
SETTER(wts_config_set_shared_limits_account, "a")
SETTER(wts_config_set_shared_limits_fallback, "wait")
SETTER(wts_config_set_auth_scheme, "raw")
SETTER(wts_config_set_allow_insecure_http, true)

#define READER(function, check, fallback)                                                                              \
    static void check_##function(void)                                                                                 \
    {                                                                                                                  \
        wts_test_panics(true);                                                                                         \
        check(function(error), fallback);                                                                              \
        wts_test_panics(false);                                                                                        \
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

/* The panic comes before the memory goes: what was not freed is still there. */
#define FREE(function, object, read, expected)                                                                         \
    static void check_##function(void)                                                                                 \
    {                                                                                                                  \
        wts_test_panics(true);                                                                                         \
        function(object);                                                                                              \
        wts_test_panics(false);                                                                                        \
        CHECK_EQUAL(read, expected);                                                                                   \
    }

FREE(wts_config_free, config, wts_client_new(config, NULL, NULL), WTS_OK)
FREE(wts_client_free, client, wts_complete_session(client, seeded, NULL, NULL, NULL), WTS_OK)
FREE(wts_error_free, error, wts_error_code(error), WTS_NOT_FOUND)
FREE(wts_string_free, json, json[0], '{')
FREE(wts_cancellable_free, cancellable, call_with_cancellable(), WTS_OK)
FREE(wts_queue_free, queue, wts_queue_fd(queue) >= 0, true)
FREE(wts_call_free, call, wts_call_user_data(call) == &call, true)

static void check_wts_code_name(void)
{
    wts_test_panics(true);
    CHECK_TEXT(wts_code_name(WTS_MISSING_FIELDS), "unknown");
    wts_test_panics(false);
}

static void check_wts_version(void)
{
    wts_test_panics(true);
    CHECK_TEXT(wts_version(), WTS_VERSION);
    wts_test_panics(false);
}

/* A panic on the thread that drives the call, which goes on with the others. */
static void a_panic_in_the_background(void)
{
    wts_error *failure = NULL;
    wts_call *started = NULL;
    wts_code code;

    wts_test_panics_in_background(true);
    CHECK_EQUAL(wts_start_complete_session(client, seeded, NULL, queue, NULL, &started, NULL), WTS_OK);
    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == started);
    wts_test_panics_in_background(false);
    code = wts_call_take(started, NULL, &failure);
    check_internal(code, failure, NULL);
    wts_call_free(started);
    CHECK_EQUAL(wts_start_complete_session(client, seeded, NULL, queue, NULL, &started, NULL), WTS_OK);
    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == started);
    CHECK_EQUAL(wts_call_take(started, NULL, NULL), WTS_OK);
    wts_call_free(started);
}

static void panics_are_quiet(void)
{
    char *written;

    capture_begin();
    wts_test_panics(true);
    wts_complete_session(client, seeded, NULL, NULL, NULL);
    wts_error_text(error);
    wts_test_panics(false);
    a_panic_in_the_background();
    written = capture_end();
    CHECK_TEXT(written, "");
    free(written);
}

int main(void)
{
    static const struct function functions[] = {EVERY_FUNCTION(FUNCTION)};

    stand_in_start(NULL);
    config = stand_in_config();
    client = stand_in_client();
    cancellable = wts_cancellable_new();
    stand_in_script("panics-stalls", "[{\"raw\": [{\"stall\": true}]}]");
    stand_in_script("panics", "[{\"status\": 404, \"body_file\": \"error-refused-as-500.json\"}]");
    if (wts_complete_session(client, "panics", NULL, NULL, &error) != WTS_NOT_FOUND ||
        wts_complete_session(client, seeded, NULL, &json, NULL) != WTS_OK || wts_queue_new(&queue, NULL) != WTS_OK ||
        wts_start_complete_session(client, "panics-stalls", NULL, queue, &call, &call, NULL) != WTS_OK) {
        give_up("nothing to test with");
    }
    test_functions(functions, sizeof functions / sizeof *functions);
    test("a panic in the background", a_panic_in_the_background);
    test("panics are quiet", panics_are_quiet);
    wts_call_free(call);
    wts_queue_free(queue);
    wts_cancellable_free(cancellable);
    wts_string_free(json);
    wts_error_free(error);
    wts_client_free(client);
    wts_config_free(config);
    return tests_done();
}
