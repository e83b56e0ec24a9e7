/* What a call in a queue costs does not grow with the number of calls in it. */
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { FEW = 5000, TIMES = 8, MANY = FEW * TIMES, TRIES = 3 };

static wts_client *client;
static wts_queue *queue;
static wts_call *calls[MANY];

/* Of this thread alone: how busy the machine is does not matter. */
static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Calls that are refused, since they have no id, settle without a request. */
static void start_and_await(size_t count)
{
    wts_call *last = NULL;
    wts_queue *of_last = NULL;

    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(wts_start_complete_session(client, "", NULL, queue, NULL, &calls[i], NULL), WTS_OK);
    }
    /* The thread of the client has one call after the other. */
    CHECK_EQUAL(wts_queue_new(&of_last, NULL), WTS_OK);
    CHECK_EQUAL(wts_start_complete_session(client, "", NULL, of_last, NULL, &last, NULL), WTS_OK);
    CHECK(wts_queue_next(of_last, WTS_NO_TIMEOUT) == last);
    wts_call_free(last);
    wts_queue_free(of_last);
}

static double cost_of_freeing(size_t count)
{
    double begin;

    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    start_and_await(count);
    begin = cpu_seconds();
    /* From the middle on, so that none is at an end of the queue. */
    for (size_t i = 0; i < count; i++) {
        wts_call_free(calls[(i + count / 2) % count]);
    }
    begin = cpu_seconds() - begin;
    CHECK(wts_queue_next(queue, 0) == NULL);
    wts_queue_free(queue);
    return begin;
}

static double least_cost_of_freeing(size_t count)
{
    double least = cost_of_freeing(count);

    for (unsigned i = 1; i < TRIES; i++) {
        double cost = cost_of_freeing(count);

        least = cost < least ? cost : least;
    }
    return least;
}

/* With 8 times as many calls, 64 times the cost would be that of a search through all of them. */
static void settled_calls_are_freed_in_linear_time(void)
{
    double few = least_cost_of_freeing(FEW), many = least_cost_of_freeing(MANY);

    if (!CHECK(many < few * TIMES * 3)) {
        CHECK_EQUAL(many / few, TIMES);
    }
}

int main(void)
{
    wts_config *config = wts_config_new();

    wts_config_set_api_key(config, "pn_1");
    wts_config_set_base_url(config, "http://localhost:1");
    if (wts_client_new(config, &client, NULL) != WTS_OK) {
        give_up("no client");
    }
    wts_config_free(config);
    test("settled calls are freed in linear time", settled_calls_are_freed_in_linear_time);
    wts_client_free(client);
    return tests_done();
}
