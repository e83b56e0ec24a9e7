/* One client, many threads.
 *
 * usage: threads [THREADS CALLS] */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

enum { CONCURRENCY = 16, ANSWER_MS = 20 };

static unsigned thread_count = 256, calls_each = 8;
static wts_client *client;

static void check_call(unsigned thread, unsigned call)
{
    char *id = text_of("thread-%u-%u", thread, call);
    char *json = NULL;
    wts_error *error = NULL;
    struct json_object *session;

    if (CHECK_OK(wts_complete_session(client, id, NULL, &json, &error), &error) && CHECK(json != NULL)) {
        session = json_parsed(json);
        CHECK_TEXT(json_text(session, "sessionId"), id);
        CHECK_TEXT(json_text(session, "status"), "COMPLETED");
        json_object_put(session);
    }
    wts_error_free(error);
    wts_string_free(json);
    free(id);
}

static void check_refusal(unsigned thread)
{
    wts_error *error = NULL;

    CHECK_EQUAL(wts_update_session_status(client, "x", thread % 2 ? "UNDEFINED" : NULL, NULL, NULL, &error),
                thread % 2 ? WTS_INVALID_STATUS : WTS_MISSING_FIELDS);
    wts_error_free(error);
}

static void *work(void *number)
{
    unsigned thread = *(unsigned *)number;

    for (unsigned call = 0; call < calls_each; call++) {
        check_call(thread, call);
        check_refusal(thread);
    }
    return NULL;
}

static void run_threads(void)
{
    pthread_t *threads = allocate(NULL, thread_count * sizeof *threads);
    unsigned *numbers = allocate(NULL, thread_count * sizeof *numbers);

    for (unsigned i = 0; i < thread_count; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0) {
            give_up("no thread");
        }
    }
    for (unsigned i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    free(numbers);
    free(threads);
}

static void calls_at_once(void)
{
    wts_config *config = stand_in_config();
    size_t before = open_descriptors();

    wts_config_set_max_concurrency(config, CONCURRENCY);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    run_threads();
    wts_client_free(client);
    wts_config_free(config);
    CHECK_EQUAL(open_descriptors(), before);
}

static uint64_t arrival(struct json_object *requests, size_t index)
{
    return json_number(json_member(json_object_array_get_idx(requests, index), "at_ms"));
}

/* An answer takes ANSWER_MS at least: all that arrive within that time are in flight at once. */
static void requests_at_once(void)
{
    struct json_object *requests = stand_in_requests(NULL, 0);
    size_t count = json_object_array_length(requests), most = 0, first = 0;

    for (size_t last = 0; last < count; last++) {
        while (arrival(requests, last) - arrival(requests, first) >= ANSWER_MS) {
            first++;
        }
        most = last - first + 1 > most ? last - first + 1 : most;
    }
    CHECK_EQUAL(count, thread_count * calls_each);
    if (!CHECK(most > 1 && most <= CONCURRENCY)) {
        CHECK_EQUAL(most, CONCURRENCY);
    }
    json_object_put(requests);
}

int main(int argc, char **argv)
{
    static const char *const arguments[] = {"--create-unknown", "--latency", "20..20", NULL};

    if (argc == 3) {
        thread_count = (unsigned)strtoul(argv[1], NULL, 10);
        calls_each = (unsigned)strtoul(argv[2], NULL, 10);
    }
    stand_in_start(arguments);
    test("many threads call at once on one client", calls_at_once);
    test("no more requests are in flight than max_concurrency", requests_at_once);
    return tests_done();
}
