/* Completes sessions in an event loop of epoll, which meanwhile looks after a timer. After a time limit of its own it
 * cancels what is still in flight.
 *
 * usage: event_loop SESSION_ID...
 * WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <wts_session.h>

enum { TIME_LIMIT_S = 120 };

/* The program's own of each call. */
struct job {
    const char *session_id;
    wts_call *call;
};

static struct job *jobs;
static size_t started, in_flight, failed;

static void start(const wts_client *client, const wts_queue *queue, const char *session_id)
{
    struct job *job = &jobs[started];

    job->session_id = session_id;
    if (wts_start_complete_session(client, session_id, NULL, queue, job, &job->call, NULL) == WTS_OK) {
        started++;
        in_flight++;
    } else {
        failed++;
    }
}

/* A call has come out of the queue: its result, and the end of it. */
static void settle(wts_call *call)
{
    struct job *job = wts_call_user_data(call);
    wts_error *error = NULL;

    if (wts_call_take(call, NULL, &error) == WTS_OK) {
        printf("%s: completed\n", job->session_id);
    } else {
        printf("%s: %s\n", job->session_id, wts_error_text(error));
        failed++;
    }
    wts_error_free(error);
    wts_call_free(call);
    job->call = NULL;
    in_flight--;
}

static void on_queue(const wts_queue *queue)
{
    wts_call *call;

    while ((call = wts_queue_next(queue, 0)) != NULL) {
        settle(call);
    }
}

/* Those that are cancelled come out of the queue as well. */
static void on_timer(void)
{
    for (size_t i = 0; i < started; i++) {
        wts_call_cancel(jobs[i].call);
    }
}

static bool watch(int loop, int descriptor)
{
    struct epoll_event event = {EPOLLIN, {0}};

    event.data.fd = descriptor;
    return epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static void run(const wts_queue *queue)
{
    struct itimerspec limit = {{0, 0}, {TIME_LIMIT_S, 0}};
    struct epoll_event event;
    int loop = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    bool goes_on =
        watch(loop, timer) && watch(loop, wts_queue_fd(queue)) && timerfd_settime(timer, 0, &limit, NULL) == 0;

    while (goes_on && in_flight > 0) {
        goes_on = epoll_wait(loop, &event, 1, -1) == 1;
        if (goes_on && event.data.fd == timer) {
            on_timer();
        } else if (goes_on) {
            on_queue(queue);
        }
    }
    close(timer);
    close(loop);
}

int main(int argc, char **argv)
{
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    wts_queue *queue = NULL;
    wts_error *error = NULL;

    jobs = calloc((size_t)argc, sizeof *jobs);
    if (jobs != NULL && wts_client_new(config, &client, &error) == WTS_OK && wts_queue_new(&queue, &error) == WTS_OK) {
        for (int i = 1; i < argc; i++) {
            start(client, queue, argv[i]);
        }
        run(queue);
        printf("%zu of %zu failed\n", failed, (size_t)argc - 1);
    } else {
        fprintf(stderr, "%s\n", wts_error_text(error));
        failed++;
    }
    wts_error_free(error);
    wts_queue_free(queue);
    wts_client_free(client);
    wts_config_free(config);
    free(jobs);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
