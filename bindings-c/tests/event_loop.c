/* A loop of epoll with 500 calls in flight. */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

enum { CALLS = 500, PATIENCE_MS = 120000 };

/* The program's own of a call. */
struct job {
    wts_call *call;
    unsigned times_heard;
    wts_code code;
    bool may_have_been_applied;
};

static wts_client *client;
static wts_queue *queue;
static struct job jobs[CALLS];

static void start(struct job *job, const char *session_id)
{
    wts_error *error = NULL;

    *job = (struct job){NULL, 0, -1, false};
    CHECK_OK(wts_start_complete_session(client, session_id, NULL, queue, job, &job->call, &error), &error);
}

static void settle(wts_call *call)
{
    struct job *job = wts_call_user_data(call);
    wts_error *error = NULL;

    CHECK(job->call == call);
    job->times_heard++;
    job->code = wts_call_take(call, NULL, &error);
    job->may_have_been_applied = wts_error_may_have_been_applied(error);
    wts_error_free(error);
    wts_call_free(call);
}

/* Runs until as many calls have settled. How often the loop woke up. */
static unsigned run_loop(unsigned expected, uint32_t edge_triggered)
{
    struct epoll_event watched = {EPOLLIN | edge_triggered, {0}}, event;
    int loop = epoll_create1(EPOLL_CLOEXEC);
    unsigned settled = 0, wakes = 0;
    wts_call *call;

    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, wts_queue_fd(queue), &watched) != 0) {
        give_up("no epoll");
    }
    while (settled < expected && CHECK_EQUAL(epoll_wait(loop, &event, 1, PATIENCE_MS), 1)) {
        wakes++;
        while ((call = wts_queue_next(queue, 0)) != NULL) {
            settle(call);
            settled++;
        }
    }
    CHECK_EQUAL(epoll_wait(loop, &event, 1, 0), 0);
    close(loop);
    return wakes;
}

static void check_all(wts_code code, bool may_have_been_applied)
{
    for (unsigned i = 0; i < CALLS; i++) {
        CHECK_EQUAL(jobs[i].times_heard, 1);
        CHECK_EQUAL(jobs[i].code, code);
        CHECK_EQUAL(jobs[i].may_have_been_applied, may_have_been_applied);
    }
}

static void check_success(uint32_t edge_triggered)
{
    for (unsigned i = 0; i < CALLS; i++) {
        start(&jobs[i], "session_12345");
    }
    CHECK(run_loop(CALLS, edge_triggered) <= CALLS);
    check_all(WTS_OK, false);
}

static void level_triggered(void)
{
    check_success(0);
}

static void edge_triggered(void)
{
    check_success(EPOLLET);
}

/* As many requests are at the server at once, then all are cancelled. */
static void under_way_and_cancelled(void)
{
    struct json_object *steps = json_object_new_array(), *requests;
    size_t descriptors;

    start(&jobs[0], "session_12345");
    run_loop(1, 0);
    descriptors = open_descriptors();
    for (unsigned i = 0; i < CALLS; i++) {
        json_object_array_add(steps, json_tokener_parse("{\"raw\": [{\"stall\": true}]}"));
    }
    stand_in_script("loop-stalls", json_object_to_json_string(steps));
    for (unsigned i = 0; i < CALLS; i++) {
        start(&jobs[i], "loop-stalls");
    }
    requests = stand_in_requests("loop-stalls", CALLS);
    CHECK_EQUAL(json_object_array_length(requests), CALLS);
    CHECK_EQUAL(stand_in_connections("open"), CALLS);
    CHECK(wts_queue_next(queue, 0) == NULL);
    for (unsigned i = 0; i < CALLS; i++) {
        wts_call_cancel(jobs[i].call);
    }
    run_loop(CALLS, 0);
    check_all(WTS_CANCELLED, true);
    stand_in_check_closed();
    CHECK(open_descriptors() <= descriptors);
    json_object_put(requests);
    json_object_put(steps);
}

int main(void)
{
    static const char *const arguments[] = {"--create-unknown", NULL};
    wts_config *config;

    stand_in_start(arguments);
    config = stand_in_config();
    wts_config_set_max_concurrency(config, CALLS);
    if (wts_client_new(config, &client, NULL) != WTS_OK || wts_queue_new(&queue, NULL) != WTS_OK) {
        give_up("nothing to test with");
    }
    wts_config_free(config);
    test("500 requests in flight, all cancelled", under_way_and_cancelled);
    test("500 calls in a level-triggered loop", level_triggered);
    test("500 calls in an edge-triggered loop", edge_triggered);
    wts_queue_free(queue);
    wts_client_free(client);
    return tests_done();
}
