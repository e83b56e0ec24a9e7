/* Calls that are started, and come out of a queue: results, misuse, and the ends of calls, queues and clients. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

enum { PATIENCE_MS = 60000, THREADS = 8, CALLS = 25, HUGE = 10 * 1024 * 1024 };

static const char stalls[] = "[{\"raw\": [{\"stall\": true}]}]";
static wts_client *client;
static wts_queue *queue;
static size_t descriptors_before;

static wts_call *start(const char *session_id, void *user_data)
{
    wts_call *call = NULL;
    wts_error *error = NULL;

    CHECK_OK(wts_start_complete_session(client, session_id, NULL, queue, user_data, &call, &error), &error);
    CHECK(call != NULL);
    return call;
}

/* Starts a call that waits for its answer. */
static wts_call *start_stalled(const char *session_id)
{
    wts_call *call;

    stand_in_script(session_id, stalls);
    call = start(session_id, NULL);
    json_object_put(stand_in_requests(session_id, 1));
    return call;
}

static bool is_readable(void)
{
    struct pollfd watched = {wts_queue_fd(queue), POLLIN, 0};

    return poll(&watched, 1, 0) == 1;
}

/* Takes a call's result, which must be this code, and frees the call. */
static void finish(wts_call *call, wts_code expected)
{
    char *json = NULL;
    wts_error *error = NULL;

    CHECK_EQUAL(wts_call_take(call, &json, &error), expected);
    CHECK_EQUAL(wts_error_code(error), expected);
    CHECK((json == NULL) == (expected != WTS_OK));
    wts_string_free(json);
    wts_error_free(error);
    wts_call_free(call);
}

static void a_call_comes_out_of_its_queue(void)
{
    int place;
    wts_call *call = start("session_12345", &place), *out;
    char *json = NULL;
    wts_error *error = NULL;
    struct pollfd watched = {wts_queue_fd(queue), POLLIN, 0};

    CHECK_EQUAL(poll(&watched, 1, PATIENCE_MS), 1);
    CHECK_EQUAL(watched.revents, POLLIN);
    out = wts_queue_next(queue, 0);
    CHECK(out == call);
    CHECK(!is_readable());
    CHECK(wts_call_user_data(out) == &place);
    if (CHECK_OK(wts_call_take(out, &json, &error), &error)) {
        struct json_object *session = json_parsed(json);
        CHECK_TEXT(json_text(session, "sessionId"), "session_12345");
        CHECK_TEXT(json_text(session, "status"), "COMPLETED");
        json_object_put(session);
    }
    wts_string_free(json);
    wts_call_free(call);
    CHECK(wts_queue_next(queue, 0) == NULL);
}

static void updates_and_options(void)
{
    wts_update_options options = WTS_UPDATE_OPTIONS_INIT;
    wts_call *call = NULL;
    struct json_object *requests;

    options.stop_bot_in_execution = true;
    CHECK_EQUAL(
        wts_start_update_session_status(client, "calls-update", "in progress", &options, queue, NULL, &call, NULL),
        WTS_OK);
    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == call);
    finish(call, WTS_OK);
    requests = stand_in_requests("calls-update", 1);
    CHECK_TEXT(json_text(json_object_array_get_idx(requests, 0), "body_text"),
               "{\"newStatus\":\"IN_PROGRESS\",\"options\":{\"stopBotInExecution\":true}}");
    json_object_put(requests);
}

static void check_comes_out(wts_code code, const char *session_id)
{
    wts_call *call = start(session_id, NULL);

    CHECK(wts_queue_next(queue, PATIENCE_MS) == call);
    finish(call, code);
}

/* What is wrong with an item comes out of the queue, like all other failures. */
static void failures_come_out_of_the_queue(void)
{
    char *huge = repeated("a", HUGE);
    wts_call *call = NULL;

    stand_in_script("calls-refused", "[{\"status\": 500, \"body_file\": \"error-refused-as-500.json\"}]");
    check_comes_out(WTS_REFUSED, "calls-refused");
    check_comes_out(WTS_EMPTY_SESSION_ID, NULL);
    check_comes_out(WTS_EMPTY_SESSION_ID, " ");
    check_comes_out(WTS_INVALID_SESSION_ID, "bad_\xFF");
    check_comes_out(WTS_INVALID_SESSION_ID, huge);
    CHECK_EQUAL(wts_start_update_session_status(client, "x", "\xFF", NULL, queue, NULL, &call, NULL), WTS_OK);
    CHECK(wts_queue_next(queue, PATIENCE_MS) == call);
    finish(call, WTS_INVALID_STATUS);
    free(huge);
}

static void wrong_use(void)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    wts_call *call = NULL;
    wts_error *error = NULL;

    options.struct_size = 1;
    CHECK_EQUAL(wts_start_complete_session(client, "x", &options, queue, NULL, &call, NULL), WTS_INVALID_CONFIG);
    CHECK(call == NULL);
    call = start_stalled("calls-wrong");
    CHECK_EQUAL(wts_call_take(call, NULL, &error), WTS_INVALID_CONFIG);
    CHECK_TEXT(wts_error_description(error), "The call has not settled yet.");
    wts_error_free(error);
    wts_call_cancel(call);
    wts_call_cancel(call);
    CHECK(wts_queue_next(queue, PATIENCE_MS) == call);
    wts_call_cancel(call);
    CHECK_EQUAL(wts_call_take(call, NULL, NULL), WTS_CANCELLED);
    CHECK_EQUAL(wts_call_take(call, NULL, &error), WTS_INVALID_CONFIG);
    CHECK_TEXT(wts_error_description(error), "The result of the call has been taken.");
    wts_error_free(error);
    wts_call_free(call);
}

static void the_queue_can_wait(void)
{
    int64_t begin = now_ms();
    wts_call *call;

    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == NULL);
    call = start_stalled("calls-waited-for");
    CHECK(wts_queue_next(queue, 50) == NULL);
    CHECK(now_ms() - begin >= 50);
    CHECK(!is_readable());
    wts_call_free(call);
    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == NULL);
}

/* The descriptor is readable exactly as long as there is something to take out. */
static void the_descriptor_tells_what_is_there(void)
{
    wts_call *first = start("calls-first", NULL), *second = start("calls-second", NULL), *third = NULL;
    wts_call *out = wts_queue_next(queue, PATIENCE_MS);

    third = wts_queue_next(queue, PATIENCE_MS);
    CHECK((out == first && third == second) || (out == second && third == first));
    CHECK(!is_readable());
    wts_call_free(first);
    wts_call_free(second);
    third = start("calls-third", NULL);
    while (!is_readable()) {
        poll(NULL, 0, 1);
    }
    wts_call_free(third);
    CHECK(!is_readable());
    CHECK(wts_queue_next(queue, 0) == NULL);
}

/* Whoever has no place for the pointer gets it from the queue. */
static void a_call_that_nobody_holds(void)
{
    wts_call *call;
    wts_queue *other = NULL;

    CHECK_EQUAL(wts_start_complete_session(client, "session_12345", NULL, queue, &queue, NULL, NULL), WTS_OK);
    call = wts_queue_next(queue, PATIENCE_MS);
    CHECK(wts_call_user_data(call) == &queue);
    finish(call, WTS_OK);

    CHECK_EQUAL(wts_queue_new(&other, NULL), WTS_OK);
    stand_in_script("calls-unheld", stalls);
    CHECK_EQUAL(wts_start_complete_session(client, "calls-unheld", NULL, other, NULL, NULL, NULL), WTS_OK);
    CHECK_EQUAL(wts_start_complete_session(client, NULL, NULL, other, NULL, NULL, NULL), WTS_OK);
    json_object_put(stand_in_requests("calls-unheld", 1));
    wts_queue_free(other);
}

static void calls_outlive_their_queue(void)
{
    wts_queue *usual = queue;
    wts_call *settled, *stalled;
    size_t before = open_descriptors();

    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    CHECK(open_descriptors() > before);
    settled = start("session_12345", NULL);
    CHECK(wts_queue_next(queue, PATIENCE_MS) == settled);
    stalled = start_stalled("calls-outliving");
    wts_queue_free(queue);
    queue = usual;
    finish(settled, WTS_OK);
    wts_call_free(stalled);
}

static void calls_end_with_their_client(void)
{
    wts_client *usual = client;
    wts_error *error = NULL;
    wts_call *call;

    client = stand_in_client();
    call = start_stalled("calls-of-a-client");
    wts_client_free(client);
    client = usual;
    CHECK(wts_queue_next(queue, 0) == call);
    CHECK_EQUAL(wts_call_take(call, NULL, &error), WTS_CANCELLED);
    CHECK(wts_error_may_have_been_applied(error));
    CHECK_EQUAL(wts_error_attempts(error), 1);
    wts_error_free(error);
    wts_call_free(call);
}

static void the_total_time_limit_bounds_a_call(void)
{
    wts_client *usual = client;
    wts_config *config = stand_in_config();

    wts_config_set_total_timeout_ms(config, 100);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    stand_in_script("calls-late", stalls);
    check_comes_out(WTS_TIMEOUT, "calls-late");
    wts_client_free(client);
    client = usual;
    wts_config_free(config);
}

/* Starts calls, of which some are cancelled or freed at once, and takes what comes out of its own queue. */
static void *use_a_queue(void *unused)
{
    wts_queue *own = NULL;
    wts_call *call;
    unsigned out = 0;

    CHECK_EQUAL(wts_queue_new(&own, NULL), WTS_OK);
    for (unsigned i = 0; i < CALLS; i++) {
        CHECK_EQUAL(wts_start_complete_session(client, "session_12345", NULL, own, own, &call, NULL), WTS_OK);
        if (i % 5 == 1) {
            wts_call_cancel(call);
        } else if (i % 5 == 2) {
            wts_call_free(call);
        }
    }
    while ((call = wts_queue_next(own, WTS_NO_TIMEOUT)) != NULL) {
        wts_code code = wts_call_take(call, NULL, NULL);
        CHECK(code == WTS_OK || code == WTS_CANCELLED);
        CHECK(wts_call_user_data(call) == own);
        wts_call_free(call);
        out++;
    }
    CHECK_EQUAL(out, CALLS - CALLS / 5);
    wts_queue_free(own);
    return unused;
}

/* Takes what comes out of the common queue until it is empty. */
static void *empty_the_queue(void *count)
{
    wts_call *call;

    while ((call = wts_queue_next(queue, WTS_NO_TIMEOUT)) != NULL) {
        finish(call, WTS_OK);
        ++*(unsigned *)count;
    }
    return NULL;
}

static pthread_t threads[THREADS];

static void begin_threads(void *(*work)(void *), unsigned *counts)
{
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, work, &counts[i]);
    }
}

/* The sum of what they have counted. */
static unsigned end_threads(const unsigned *counts)
{
    unsigned sum = 0;

    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += counts[i];
    }
    return sum;
}

static void a_queue_for_each_thread(void)
{
    unsigned counts[THREADS] = {0};

    begin_threads(use_a_queue, counts);
    end_threads(counts);
}

static void a_queue_for_many_threads(void)
{
    unsigned counts[THREADS] = {0};

    for (unsigned i = 0; i < CALLS; i++) {
        CHECK_EQUAL(wts_start_complete_session(client, "session_12345", NULL, queue, NULL, NULL, NULL), WTS_OK);
    }
    begin_threads(empty_the_queue, counts);
    CHECK_EQUAL(end_threads(counts), CALLS);
}

/* Waits for the next call, and counts it. */
static void *take_one_out(void *count)
{
    *(unsigned *)count += wts_queue_next(queue, WTS_NO_TIMEOUT) != NULL;
    return NULL;
}

/* Nobody waits for ever: when the last call has settled or is freed, all of them go. */
static void many_threads_wait_for_one_call(void)
{
    unsigned counts[THREADS] = {0};
    wts_call *call;

    stand_in_script("calls-last", "[{\"delay_ms\": 300, \"status\": 204}]");
    call = start("calls-last", NULL);
    begin_threads(take_one_out, counts);
    CHECK_EQUAL(end_threads(counts), 1);
    wts_call_free(call);

    call = start_stalled("calls-freed");
    begin_threads(take_one_out, counts);
    wts_call_free(call);
    CHECK_EQUAL(end_threads(counts), 1);
}

static __thread bool is_starting;
static sem_t is_freed;

/* In place of the system's. The library calls it to wake its thread when a call starts. */
ssize_t write(int descriptor, const void *data, size_t size)
{
    ssize_t (*of_the_system)(int, const void *, size_t);
    ssize_t written;

    *(void **)&of_the_system = dlsym(RTLD_NEXT, "write");
    written = of_the_system(descriptor, data, size);
    if (is_starting) {
        is_starting = false;
        sem_wait(&is_freed);
    }
    return written;
}

static void *take_out_and_free(void *unused)
{
    wts_call *call;

    while ((call = wts_queue_next(queue, WTS_NO_TIMEOUT)) == NULL) { /* not started yet */
        sched_yield();
    }
    finish(call, WTS_EMPTY_SESSION_ID);
    sem_post(&is_freed);
    return unused;
}

/* Checkers of memory see whether the start uses the call after that. */
static void a_call_that_is_freed_before_its_start_returns(void)
{
    wts_call *call = NULL;
    pthread_t thread;

    sem_init(&is_freed, 0, 0);
    pthread_create(&thread, NULL, take_out_and_free, NULL);
    is_starting = true;
    CHECK_EQUAL(wts_start_complete_session(client, "", NULL, queue, NULL, &call, NULL), WTS_OK);
    CHECK(call != NULL && !is_starting);
    pthread_join(thread, NULL);
}

static void nothing_stays_open(void)
{
    wts_queue_free(queue);
    wts_client_free(client);
    CHECK_EQUAL(open_descriptors(), descriptors_before);
}

int main(void)
{
    static const char *const arguments[] = {"--create-unknown", NULL};

    stand_in_start(arguments);
    descriptors_before = open_descriptors();
    client = stand_in_client();
    if (wts_queue_new(&queue, NULL) != WTS_OK) {
        give_up("no queue");
    }
    test("a call comes out of its queue", a_call_comes_out_of_its_queue);
    test("updates, and options", updates_and_options);
    test("failures come out of the queue", failures_come_out_of_the_queue);
    test("wrong use", wrong_use);
    test("the queue can wait", the_queue_can_wait);
    test("the descriptor tells what is there", the_descriptor_tells_what_is_there);
    test("a call that nobody holds", a_call_that_nobody_holds);
    test("calls outlive their queue", calls_outlive_their_queue);
    test("calls end with their client", calls_end_with_their_client);
    test("the total time limit bounds a call", the_total_time_limit_bounds_a_call);
    test("a queue for each thread", a_queue_for_each_thread);
    test("a queue for many threads", a_queue_for_many_threads);
    test("many threads wait for one call", many_threads_wait_for_one_call);
    test("a call that is freed before its start returns", a_call_that_is_freed_before_its_start_returns);
    test("nothing stays open", nothing_stays_open);
    return tests_done();
}
