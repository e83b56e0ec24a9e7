/* The clients of this library: see worker.h. They know from the code whether a call has succeeded. */
#include <poll.h>
#include <stdlib.h>

#include "check.h"
#include "worker.h"
#include "wts_session.h"

static wts_client *client;
static wts_queue *queue;

/* Without limits, and without retries: an error is not hidden. */
static void begin(void)
{
    wts_config *config = wts_config_new();

    wts_config_set_rate_limits(config, NULL, 0);
    wts_config_set_max_retries(config, 0);
    expect(wts_client_new(config, &client, NULL) == WTS_OK);
    wts_config_free(config);
}

static void begin_queue(void)
{
    begin();
    expect(wts_queue_new(&queue, NULL) == WTS_OK);
}

static void blocking_share(unsigned thread, unsigned calls)
{
    (void)thread;
    for (unsigned i = 0; i < calls; i++) {
        char *json = NULL;

        expect(wts_complete_session(client, SESSION_ID, NULL, &json, NULL) == WTS_OK);
        check_session(json);
        wts_string_free(json);
    }
}

static void blocking(unsigned calls)
{
    blocking_share(0, calls);
}

static void blocking_threads(unsigned calls)
{
    in_threads(blocking_share, calls);
}

static void finish_call(wts_call *call)
{
    char *json = NULL;

    expect(wts_call_take(call, &json, NULL) == WTS_OK);
    check_session(json);
    wts_string_free(json);
    wts_call_free(call);
}

/* So many calls are in flight at once, in an event loop that watches nothing else. */
static void start(unsigned calls, unsigned at_once)
{
    struct pollfd watched = {wts_queue_fd(queue), POLLIN, 0};
    unsigned started = 0, done = 0;
    wts_call *call;

    while (done < calls) {
        for (; started < calls && started < done + at_once; started++) {
            expect(wts_start_complete_session(client, SESSION_ID, NULL, queue, NULL, NULL, NULL) == WTS_OK);
        }
        expect(poll(&watched, 1, -1) == 1);
        for (; (call = wts_queue_next(queue, 0)) != NULL; done++) {
            finish_call(call);
        }
    }
}

static void started(unsigned calls)
{
    start(calls, 1);
}

static void started_at_once(unsigned calls)
{
    start(calls, AT_ONCE);
}

static bool hear(void *user_data, const wts_outcome *outcome)
{
    (void)user_data;
    check_session(outcome->json);
    return true;
}

static void bulk(unsigned calls)
{
    const char **ids = allocate(NULL, calls * sizeof *ids);

    for (unsigned i = 0; i < calls; i++) {
        ids[i] = SESSION_ID;
    }
    expect(wts_complete_sessions(client, ids, calls, NULL, hear, NULL, NULL) == WTS_OK);
    free(ids);
}

const struct client clients[] = {
    {"blocking", begin, blocking},
    {"blocking-threads", begin, blocking_threads},
    {"started", begin_queue, started},
    {"started-at-once", begin_queue, started_at_once},
    {"bulk", begin, bulk},
    {NULL, NULL, NULL},
};
