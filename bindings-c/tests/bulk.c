/* Bulk calls: outcomes, what is refused, the wish to stop. Memory and limits have programs of their own. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

enum { MAX_ITEMS = 16 };

static wts_client *client;

/* What was heard of each item. */
struct heard {
    size_t count;
    size_t total;
    size_t stop_after;
    wts_code codes[MAX_ITEMS];
    char ids[MAX_ITEMS][32];
};

static bool hear(void *user_data, const wts_outcome *outcome)
{
    struct heard *heard = user_data;

    heard->count++;
    CHECK_EQUAL(outcome->done, heard->count);
    CHECK_EQUAL(outcome->total, heard->total);
    CHECK((outcome->json == NULL) == (outcome->code != WTS_OK));
    CHECK_EQUAL(wts_error_code(outcome->error), outcome->code);
    if (CHECK(outcome->index < MAX_ITEMS)) {
        CHECK_EQUAL(heard->codes[outcome->index], -1);
        heard->codes[outcome->index] = outcome->code;
        snprintf(heard->ids[outcome->index], sizeof heard->ids[0], "%s", outcome->session_id);
    }
    return heard->stop_after == 0 || heard->count < heard->stop_after;
}

static struct heard nothing_heard(size_t total, size_t stop_after)
{
    struct heard heard = {0};

    heard.total = total;
    heard.stop_after = stop_after;
    for (size_t i = 0; i < MAX_ITEMS; i++) {
        heard.codes[i] = -1;
    }
    return heard;
}

static void each_item_has_its_outcome(void)
{
    const char *const ids[] = {"bulk-a",   "bulk-refused", NULL,         "",         "..",
                               "bad_\xFF", "bulk-a",       "bulk-blank", "bulk-busy"};
    const wts_code codes[] = {
        WTS_OK, WTS_REFUSED, WTS_EMPTY_SESSION_ID, WTS_EMPTY_SESSION_ID, WTS_INVALID_SESSION_ID, WTS_INVALID_SESSION_ID,
        WTS_OK, WTS_OK,      WTS_SERVER_ERROR};
    size_t count = sizeof ids / sizeof ids[0];
    struct heard heard = nothing_heard(count, 0);
    struct json_object *requests;

    stand_in_script("bulk-refused", "[{\"status\": 500, \"body_file\": \"error-refused-as-500.json\"}]");
    stand_in_script("bulk-blank", "[{\"status\": 204}]");
    stand_in_script("bulk-busy", "[{\"status\": 503}]");
    CHECK_EQUAL(wts_complete_sessions(client, ids, count, NULL, hear, &heard, NULL), WTS_OK);
    CHECK_EQUAL(heard.count, count);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(heard.codes[i], codes[i]);
    }
    CHECK_TEXT(heard.ids[1], "bulk-refused");
    CHECK_TEXT(heard.ids[2], "");
    CHECK_TEXT(heard.ids[5], "bad_\xEF\xBF\xBD");
    requests = stand_in_requests("bulk-a", 2);
    CHECK_EQUAL(json_object_array_length(requests), 2);
    json_object_put(requests);
}

static void each_update_has_its_outcome(void)
{
    const wts_status_update updates[] = {{"bulk-u", "In Progress"}, {"bulk-u", "UNDEFINED"}, {NULL, "HIDDEN"},
                                         {"bulk-u", NULL},          {"bad_\xFF", ""},        {"bad_\xFF", "HIDDEN"},
                                         {"bulk-u", "bad_\xFF"}};
    const wts_code codes[] = {WTS_OK,
                              WTS_INVALID_STATUS,
                              WTS_MISSING_FIELDS,
                              WTS_MISSING_FIELDS,
                              WTS_MISSING_FIELDS,
                              WTS_INVALID_SESSION_ID,
                              WTS_INVALID_STATUS};
    size_t count = sizeof updates / sizeof updates[0];
    struct heard heard = nothing_heard(count, 0);

    CHECK_EQUAL(wts_update_session_statuses(client, updates, count, NULL, hear, &heard, NULL), WTS_OK);
    CHECK_EQUAL(heard.count, count);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(heard.codes[i], codes[i]);
    }
}

static void wrong_arguments(void)
{
    const char *const ids[] = {"bulk-x"};
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    wts_error *error = NULL;

    CHECK_EQUAL(wts_complete_sessions(client, NULL, 0, NULL, NULL, NULL, &error), WTS_OK);
    CHECK(error == NULL);
    CHECK_EQUAL(wts_complete_sessions(client, NULL, 3, NULL, NULL, NULL, &error), WTS_INVALID_CONFIG);
    CHECK_TEXT(wts_error_description(error), "The array session_ids is null, but its count is 3.");
    wts_error_free(error);
    CHECK_EQUAL(wts_complete_sessions(client, ids, SIZE_MAX, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_update_session_statuses(client, NULL, 1, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_update_session_statuses(NULL, NULL, 0, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    CHECK_EQUAL(wts_complete_sessions(NULL, ids, 1, NULL, NULL, NULL, NULL), WTS_INVALID_CONFIG);
    options.struct_size = 0;
    CHECK_EQUAL(wts_complete_sessions(client, ids, 1, &options, NULL, NULL, NULL), WTS_INVALID_CONFIG);
}

static void a_null_function_hears_nothing(void)
{
    const char *const ids[] = {"bulk-unheard", "bulk-unheard"};
    struct json_object *requests;

    CHECK_EQUAL(wts_complete_sessions(client, ids, 2, NULL, NULL, NULL, NULL), WTS_OK);
    requests = stand_in_requests("bulk-unheard", 2);
    CHECK_EQUAL(json_object_array_length(requests), 2);
    json_object_put(requests);
}

static void false_cancels_the_rest(void)
{
    const char *ids[MAX_ITEMS];
    struct heard heard = nothing_heard(MAX_ITEMS, 2);
    wts_config *config = stand_in_config();
    wts_client *narrow = NULL;
    wts_error *error = NULL;
    struct json_object *requests;

    for (size_t i = 0; i < MAX_ITEMS; i++) {
        ids[i] = i < 2 ? "bulk-quick" : "bulk-stalls";
    }
    stand_in_script("bulk-stalls", "[{\"raw\": [{\"stall\": true}]}, {\"raw\": [{\"stall\": true}]}]");
    wts_config_set_max_concurrency(config, 2);
    CHECK_EQUAL(wts_client_new(config, &narrow, NULL), WTS_OK);
    CHECK_EQUAL(wts_complete_sessions(narrow, ids, MAX_ITEMS, NULL, hear, &heard, &error), WTS_CANCELLED);
    CHECK_EQUAL(wts_error_code(error), WTS_CANCELLED);
    CHECK_EQUAL(heard.count, 2);
    requests = stand_in_requests("bulk-stalls", 0);
    CHECK(json_object_array_length(requests) <= 2);
    json_object_put(requests);
    wts_error_free(error);
    wts_client_free(narrow);
    wts_config_free(config);
}

static unsigned char two_for_true(void *count, const wts_outcome *outcome)
{
    CHECK_EQUAL(outcome->total, 3);
    ++*(size_t *)count;
    return 2;
}

/* A bool of C is 0 or 1; other languages return any byte. */
static void any_byte_but_0_is_true(void)
{
    static const char *const ids[] = {"", ".", ".."};
    wts_outcome_fn as_declared = (wts_outcome_fn)(void (*)(void))two_for_true;
    size_t heard = 0;

    CHECK_EQUAL(wts_complete_sessions(client, ids, 3, NULL, as_declared, &heard, NULL), WTS_OK);
    CHECK_EQUAL(heard, 3);
}

/* What a thread that cancels needs. */
static wts_cancellable *cancellable;

static void *cancel_when_sent(void *unused)
{
    json_object_put(stand_in_requests("bulk-held", 2));
    wts_cancellable_cancel(cancellable);
    return unused;
}

static bool hear_of_cancelled(void *user_data, const wts_outcome *outcome)
{
    if (outcome->code == WTS_CANCELLED) {
        CHECK_EQUAL(wts_error_may_have_been_applied(outcome->error), strcmp(outcome->session_id, "bulk-held") == 0);
        CHECK_EQUAL(wts_error_attempts(outcome->error), strcmp(outcome->session_id, "bulk-held") == 0);
    }
    return hear(user_data, outcome);
}

/* Two have settled, two are at the server, the others wait; all are reported. */
static void another_thread_cancels_the_rest(void)
{
    const char *ids[MAX_ITEMS];
    struct heard heard = nothing_heard(MAX_ITEMS, 0);
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    wts_config *config = stand_in_config();
    wts_client *narrow = NULL;
    wts_error *error = NULL;
    pthread_t thread;
    struct json_object *requests;

    for (size_t i = 0; i < MAX_ITEMS; i++) {
        ids[i] = i < 2 ? "bulk-quick" : i < 4 ? "bulk-held" : i < 5 ? ".." : "bulk-never";
    }
    stand_in_script("bulk-held", "[{\"raw\": [{\"stall\": true}]}, {\"raw\": [{\"stall\": true}]}]");
    wts_config_set_max_concurrency(config, 2);
    CHECK_EQUAL(wts_client_new(config, &narrow, NULL), WTS_OK);
    options.cancellable = cancellable = wts_cancellable_new();
    pthread_create(&thread, NULL, cancel_when_sent, NULL);
    CHECK_EQUAL(wts_complete_sessions(narrow, ids, MAX_ITEMS, &options, hear_of_cancelled, &heard, &error),
                WTS_CANCELLED);
    pthread_join(thread, NULL);
    CHECK_EQUAL(wts_error_code(error), WTS_CANCELLED);
    CHECK_EQUAL(heard.count, MAX_ITEMS);
    for (size_t i = 0; i < MAX_ITEMS; i++) {
        CHECK_EQUAL(heard.codes[i], i < 2 ? WTS_OK : i == 4 ? WTS_INVALID_SESSION_ID : WTS_CANCELLED);
    }
    requests = stand_in_requests("bulk-never", 0);
    CHECK_EQUAL(json_object_array_length(requests), 0);
    json_object_put(requests);
    wts_error_free(error);
    wts_cancellable_free(cancellable);
    wts_client_free(narrow);
    wts_config_free(config);
}

int main(void)
{
    static const char *const arguments[] = {"--create-unknown", NULL};

    stand_in_start(arguments);
    client = stand_in_client();
    test("each item has its outcome", each_item_has_its_outcome);
    test("each update has its outcome", each_update_has_its_outcome);
    test("wrong arguments", wrong_arguments);
    test("a null function hears nothing", a_null_function_hears_nothing);
    test("false cancels the rest", false_cancels_the_rest);
    test("any byte but 0 is true", any_byte_but_0_is_true);
    test("another thread cancels the rest", another_thread_cancels_the_rest);
    wts_client_free(client);
    return tests_done();
}
