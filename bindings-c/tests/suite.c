/* Runs the shared suite: every case of tests/vectors and tests/http, as tests/README.md describes them.
 *
 * usage: suite [--started] [part of the names of the cases to run]
 *
 * With --started the calls do not block, but are started and come out of a queue. */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

enum { MAX_LIMITS = 64 };

/* Where calls are started; null where they block. */
static wts_queue *queue;

/* What came of a call. */
struct outcome {
    wts_code code;
    char *json;
    wts_error *error;
};

static void forget(struct outcome *outcome)
{
    wts_string_free(outcome->json);
    wts_error_free(outcome->error);
}

/* A string of a case as C can have it: null where there is none, {"repeat", "times"} spelt out. To be freed. */
static char *text_in(struct json_object *object, const char *name)
{
    struct json_object *value = json_member(object, name);

    if (value == NULL) {
        return NULL;
    }
    if (json_object_is_type(value, json_type_object)) {
        return repeated(json_object_get_string(json_member(value, "repeat")), json_number(json_member(value, "times")));
    }
    if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value)) {
        give_up("%s has a NUL inside, which no string of C has", name);
    }
    return repeated(json_object_get_string(value), 1);
}

static char *filled_text_in(struct json_object *object, const char *name)
{
    char *text = text_in(object, name), *filled;

    if (text == NULL) {
        return NULL;
    }
    filled = stand_in_fill(text);
    free(text);
    return filled;
}

static void set_rate_limits(wts_config *config, struct json_object *value)
{
    wts_rate_limit limits[MAX_LIMITS];
    size_t count = value == NULL ? 0 : json_object_array_length(value);

    if (count > MAX_LIMITS) {
        give_up("%zu rate limits are more than this runner takes", count);
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *limit = json_object_array_get_idx(value, i);
        limits[i].requests = (uint32_t)json_number(json_object_array_get_idx(limit, 0));
        limits[i].period_ms = json_number(json_object_array_get_idx(limit, 1));
    }
    wts_config_set_rate_limits(config, limits, count);
}

static void set_text(wts_config *config, struct json_object *settings, const char *name,
                     void (*set)(wts_config *, const char *))
{
    char *text = filled_text_in(settings, name);

    set(config, text);
    free(text);
}

/* Makes one setting of a case. Every name that there is in a case must be known here. */
static void configure(wts_config *config, struct json_object *settings, const char *name, struct json_object *value)
{
    if (strcmp(name, "api_key") == 0) {
        set_text(config, settings, name, wts_config_set_api_key);
    } else if (strcmp(name, "base_url") == 0) {
        set_text(config, settings, name, wts_config_set_base_url);
    } else if (strcmp(name, "auth_scheme") == 0) {
        set_text(config, settings, name, wts_config_set_auth_scheme);
    } else if (strcmp(name, "timeout_ms") == 0) {
        wts_config_set_timeout_ms(config, json_number(value));
    } else if (strcmp(name, "total_timeout_ms") == 0) {
        wts_config_set_total_timeout_ms(config, value == NULL ? WTS_NO_TIMEOUT : json_number(value));
    } else if (strcmp(name, "max_retries") == 0) {
        wts_config_set_max_retries(config, (uint32_t)json_number(value));
    } else if (strcmp(name, "max_concurrency") == 0) {
        wts_config_set_max_concurrency(config, (uint32_t)json_number(value));
    } else if (strcmp(name, "rate_limits") == 0) {
        set_rate_limits(config, value);
    } else if (strcmp(name, "allow_insecure_http") == 0) {
        wts_config_set_allow_insecure_http(config, json_object_get_boolean(value));
    } else {
        give_up("unknown setting %s", name);
    }
}

static struct outcome make_client(struct json_object *settings, wts_client **client)
{
    wts_config *config = wts_config_new();
    struct outcome outcome = {WTS_OK, NULL, NULL};

    wts_config_set_api_key(config, stand_in_text("token"));
    wts_config_set_base_url(config, stand_in_text("api"));
    wts_config_set_max_retries(config, 0);
    if (settings != NULL) {
        json_object_object_foreach(settings, name, value)
        {
            configure(config, settings, name, value);
        }
    }
    outcome.code = wts_client_new(config, client, &outcome.error);
    wts_config_free(config);
    return outcome;
}

static bool is_set(struct json_object *options, const char *name)
{
    return json_object_get_boolean(json_member(options, name));
}

/* Waits for the one call that was started, if it was. */
static struct outcome awaited(wts_code code, wts_call *call, wts_error *error)
{
    struct outcome outcome = {code, NULL, error};

    if (code == WTS_OK) {
        CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == call);
        outcome.code = wts_call_take(call, &outcome.json, &outcome.error);
    }
    wts_call_free(call);
    return outcome;
}

static struct outcome call_update(const wts_client *client, const char *id, const char *status,
                                  const wts_update_options *options)
{
    struct outcome outcome = {WTS_OK, NULL, NULL};
    wts_call *call = NULL;

    if (queue == NULL) {
        outcome.code = wts_update_session_status(client, id, status, options, &outcome.json, &outcome.error);
        return outcome;
    }
    outcome.code = wts_start_update_session_status(client, id, status, options, queue, NULL, &call, &outcome.error);
    return awaited(outcome.code, call, outcome.error);
}

static struct outcome call_complete(const wts_client *client, const char *id, const wts_complete_options *options)
{
    struct outcome outcome = {WTS_OK, NULL, NULL};
    wts_call *call = NULL;

    if (queue == NULL) {
        outcome.code = wts_complete_session(client, id, options, &outcome.json, &outcome.error);
        return outcome;
    }
    outcome.code = wts_start_complete_session(client, id, options, queue, NULL, &call, &outcome.error);
    return awaited(outcome.code, call, outcome.error);
}

static struct outcome update(const wts_client *client, struct json_object *one_case)
{
    struct outcome outcome;
    wts_update_options options = WTS_UPDATE_OPTIONS_INIT;
    struct json_object *given = json_member(one_case, "options");
    char *id = text_in(one_case, "session_id"), *status = text_in(one_case, "status");

    options.stop_bot_in_execution = is_set(given, "stop_bot_in_execution");
    outcome = call_update(client, id, status, given == NULL ? NULL : &options);
    free(id);
    free(status);
    return outcome;
}

static struct outcome complete(const wts_client *client, struct json_object *one_case)
{
    struct outcome outcome;
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    struct json_object *given = json_member(one_case, "options");
    char *id = text_in(one_case, "session_id");

    options.stop_bot_in_execution = is_set(given, "stop_bot_in_execution");
    options.reactivate_on_new_message = is_set(given, "reactivate_on_new_message");
    outcome = call_complete(client, id, given == NULL ? NULL : &options);
    free(id);
    return outcome;
}

static struct outcome call(const wts_client *client, struct json_object *one_case)
{
    const char *operation = json_text(one_case, "operation");

    if (strcmp(operation, "update_session_status") == 0) {
        return update(client, one_case);
    }
    if (strcmp(operation, "complete_session") == 0) {
        return complete(client, one_case);
    }
    give_up("unknown operation %s", operation);
}

static struct outcome run_operation(struct json_object *one_case)
{
    wts_client *client = NULL;
    struct outcome outcome = make_client(json_member(one_case, "client"), &client);

    if (outcome.code == WTS_OK && strcmp(json_text(one_case, "operation"), "client") != 0) {
        if (json_object_get_boolean(json_member(one_case, "warm_up"))) {
            outcome = call(client, one_case);
            CHECK_TEXT(outcome.code == WTS_OK ? NULL : wts_error_text(outcome.error), NULL);
            forget(&outcome);
        }
        outcome = call(client, one_case);
    }
    CHECK(outcome.code == WTS_OK || client != NULL || outcome.json == NULL);
    wts_client_free(client);
    return outcome;
}

/* The text of a member, or null; a NUL inside comes out of the library as U+FFFD. To be freed. */
static char *expected_text(struct json_object *value)
{
    const char *text = json_object_get_string(value);
    size_t length = value == NULL ? 0 : (size_t)json_object_get_string_len(value);
    char *result = value == NULL ? NULL : repeated("", 1);

    for (size_t start = 0; result != NULL && start <= length; start += strlen(text + start) + 1) {
        char *longer = text_of("%s%s%s", result, start > 0 ? "\xEF\xBF\xBD" : "", text + start);
        free(result);
        result = longer;
    }
    return result;
}

static void check_error_text(const wts_error *error, struct json_object *value, const char *(*read)(const wts_error *))
{
    char *expected = expected_text(value);

    CHECK_TEXT(read(error), expected);
    free(expected);
}

static void check_retry_after(const wts_error *error, struct json_object *value)
{
    /* Part of a wait may have passed already. */
    const int64_t expected = (int64_t)(json_object_get_double(value) * 1000 + 0.5);
    const int64_t tolerance = expected / 4 > 1500 ? expected / 4 : 1500;
    const int64_t actual = wts_error_retry_after_ms(error);

    if (value == NULL) {
        CHECK_EQUAL(actual, -1);
    } else if (llabs(actual - expected) > tolerance || actual < 0) {
        CHECK_EQUAL(actual, expected);
    }
}

static void check_attribute(const wts_error *error, const char *name, struct json_object *value)
{
    if (strcmp(name, "code") == 0) {
        CHECK_TEXT(wts_code_name(wts_error_code(error)), json_object_get_string(value));
    } else if (strcmp(name, "message") == 0) {
        check_error_text(error, value, wts_error_message);
    } else if (strcmp(name, "description") == 0) {
        check_error_text(error, value, wts_error_description);
    } else if (strcmp(name, "description_contains") == 0) {
        if (!CHECK(strstr(wts_error_description(error), json_object_get_string(value)) != NULL)) {
            check_error_text(error, value, wts_error_description);
        }
    } else if (strcmp(name, "text") == 0) {
        check_error_text(error, value, wts_error_text);
    } else if (strcmp(name, "http_status") == 0) {
        CHECK_EQUAL(wts_error_http_status(error), value == NULL ? 0 : json_number(value));
    } else if (strcmp(name, "key") == 0) {
        check_error_text(error, value, wts_error_key);
    } else if (strcmp(name, "error_id") == 0) {
        check_error_text(error, value, wts_error_id);
    } else if (strcmp(name, "body") == 0) {
        check_error_text(error, value, wts_error_body);
    } else if (strcmp(name, "retry_after") == 0) {
        check_retry_after(error, value);
    } else if (strcmp(name, "attempts") == 0) {
        CHECK_EQUAL(wts_error_attempts(error), json_number(value));
    } else if (strcmp(name, "retryable") == 0) {
        CHECK_EQUAL(wts_error_retryable(error), json_object_get_boolean(value));
    } else if (strcmp(name, "may_have_been_applied") == 0) {
        CHECK_EQUAL(wts_error_may_have_been_applied(error), json_object_get_boolean(value));
    } else {
        give_up("unknown attribute %s", name);
    }
}

/* No text of an error has any of the keys that are used in the suite. */
static void check_that_no_key_shows(const wts_error *error)
{
    const char *const texts[] = {wts_error_message(error), wts_error_description(error), wts_error_text(error),
                                 wts_error_key(error),     wts_error_id(error),          wts_error_body(error)};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK(texts[i] == NULL || strstr(texts[i], stand_in_text("token")) == NULL);
        CHECK(texts[i] == NULL || strstr(texts[i], "CANARY") == NULL);
    }
}

static void check_failure(const struct outcome *outcome, struct json_object *expected)
{
    CHECK(outcome->json == NULL);
    if (!CHECK(outcome->error != NULL)) {
        return;
    }
    CHECK_EQUAL(outcome->code, wts_error_code(outcome->error));
    check_that_no_key_shows(outcome->error);
    json_object_object_foreach(expected, name, value)
    {
        check_attribute(outcome->error, name, value);
    }
}

static void check_keys(struct json_object *result, struct json_object *names)
{
    size_t count = 0;

    json_object_object_foreach(result, name, value)
    {
        CHECK_TEXT(name, json_object_get_string(json_object_array_get_idx(names, count)));
        (void)value;
        count++;
    }
    CHECK_EQUAL(count, json_object_array_length(names));
}

static void check_success(const struct outcome *outcome, struct json_object *result, struct json_object *keys)
{
    struct json_object *actual;

    CHECK_TEXT(outcome->error == NULL ? NULL : wts_error_text(outcome->error), NULL);
    if (!CHECK(outcome->json != NULL)) {
        return;
    }
    actual = json_parsed(outcome->json);
    if (result != NULL && !json_same(actual, result)) {
        CHECK_TEXT(outcome->json, json_object_to_json_string(result));
    }
    if (keys != NULL) {
        check_keys(actual, keys);
    }
    json_object_put(actual);
}

/* The id as it is sent, without the blanks around it. */
static char *sent_id(struct json_object *one_case)
{
    static const char blanks[] = " \t\r\n";
    char *given = text_in(one_case, "session_id"), *start, *id;
    size_t length;

    start = given + strspn(given, blanks);
    length = strlen(start);
    while (length > 0 && strchr(blanks, start[length - 1]) != NULL) {
        length--;
    }
    id = text_of("%.*s", (int)length, start);
    free(given);
    return id;
}

static void check_headers(struct json_object *actual, struct json_object *expected)
{
    json_object_object_foreach(expected, name, value)
    {
        CHECK_TEXT(json_text(actual, name), json_object_get_string(value));
    }
}

static void check_request(struct json_object *actual, struct json_object *expected)
{
    json_object_object_foreach(expected, name, value)
    {
        if (strcmp(name, "headers") == 0) {
            check_headers(json_member(actual, name), value);
        } else if (!json_same(json_member(actual, name), value)) {
            CHECK_TEXT(json_object_to_json_string(json_member(actual, name)), json_object_to_json_string(value));
        }
    }
}

static void check_requests(struct json_object *one_case, struct json_object *expected)
{
    struct json_object *count = json_member(expected, "requests"), *last = json_member(expected, "request"), *requests;
    size_t wanted = count == NULL ? 1 : json_number(count), arrived;
    char *id;

    if (count == NULL && last == NULL) {
        return;
    }
    id = sent_id(one_case);
    requests = stand_in_requests(id, wanted);
    arrived = json_object_array_length(requests);
    CHECK_EQUAL(arrived, count == NULL ? arrived : wanted);
    if (last != NULL && CHECK(arrived > 0)) {
        check_request(json_object_array_get_idx(requests, arrived - 1), last);
    }
    json_object_put(requests);
    free(id);
}

static void check_names(struct json_object *object, const char *const *known)
{
    json_object_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], name) != 0) {
            i++;
        }
        (void)value;
        if (known[i] == NULL) {
            give_up("this runner does not know the field %s", name);
        }
    }
}

static void run_case(struct json_object *one_case)
{
    static const char *const fields[] = {"name",   "operation", "session_id", "status", "options",
                                         "client", "warm_up",   "script",     "expect", NULL};
    static const char *const expectations[] = {"requests", "request", "result", "result_keys", "error", NULL};
    struct json_object *expected = json_member(one_case, "expect"), *error = json_member(expected, "error");
    struct outcome outcome;

    test_begin(json_text(one_case, "name"));
    check_names(one_case, fields);
    check_names(expected, expectations);
    outcome = run_operation(one_case);
    if (error != NULL) {
        check_failure(&outcome, error);
    } else if (strcmp(json_text(one_case, "operation"), "client") == 0) {
        CHECK_TEXT(wts_code_name(outcome.code), "ok");
    } else {
        check_success(&outcome, json_member(expected, "result"), json_member(expected, "result_keys"));
    }
    check_requests(one_case, expected);
    forget(&outcome);
    test_end();
}

static int is_json(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');

    return end != NULL && strcmp(end, ".json") == 0;
}

static void add_cases(struct json_object *cases, const char *path)
{
    char *text = file_text(path);
    struct json_object *array = json_parsed(text);

    if (!json_object_is_type(array, json_type_array)) {
        give_up("%s is no array", path);
    }
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        json_object_array_add(cases, json_object_get(json_object_array_get_idx(array, i)));
    }
    json_object_put(array);
    free(text);
}

static void add_folder(struct json_object *cases, const char *name)
{
    char *folder = suite_path(name);
    struct dirent **entries;
    int count = scandir(folder, &entries, is_json, alphasort);

    for (int i = 0; i < count; i++) {
        char *path = text_of("%s/%s", folder, entries[i]->d_name);
        add_cases(cases, path);
        free(path);
        free(entries[i]);
    }
    if (count < 0) {
        give_up("can't read %s", folder);
    }
    free(entries);
    free(folder);
}

int main(int argc, char **argv)
{
    struct json_object *cases = json_object_new_array();
    const char *part = argc > 1 ? argv[argc - 1] : "";
    size_t wanted = 0;

    if (argc > 1 && strcmp(argv[1], "--started") == 0) {
        part = argc > 2 ? part : "";
        if (wts_queue_new(&queue, NULL) != WTS_OK) {
            give_up("no queue");
        }
    }
    /* A write to a connection that is gone must not end a program that has not thought of it. */
    signal(SIGPIPE, SIG_DFL);
    stand_in_start(NULL);
    add_folder(cases, "vectors");
    add_folder(cases, "http");
    for (size_t i = 0; i < json_object_array_length(cases); i++) {
        struct json_object *one_case = json_object_array_get_idx(cases, i);
        if (strstr(json_text(one_case, "name"), part) != NULL) {
            wanted++;
            run_case(one_case);
        }
    }
    if (tests_run() != wanted || (*part == '\0' && wanted != json_object_array_length(cases))) {
        give_up("%u cases were run, not %zu", tests_run(), wanted);
    }
    wts_queue_free(queue);
    json_object_put(cases);
    return tests_done();
}
