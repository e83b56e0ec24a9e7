/* A fork in the middle: parent and child both go on with the client. All processes have the same id here, as a child
 * may have it in a PID namespace of its own. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { THREADS = 4, FORKS = 50, PATIENCE_S = 120, DAY_MS = 86400000 };

static const char seeded[] = "session_12345";

pid_t getpid(void)
{
    return 1;
}

static wts_client *client;
/* Where there is a queue, one call on it is in flight. */
static wts_queue *queue;
static wts_call *stalled;
static int descriptor;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_over;
static pthread_barrier_t all_call;

static bool goes_on(void)
{
    bool over;

    pthread_mutex_lock(&lock);
    over = is_over;
    pthread_mutex_unlock(&lock);
    return !over;
}

static void call(void)
{
    wts_error *error = NULL;

    CHECK_OK(wts_complete_session(client, seeded, NULL, NULL, &error), &error);
    wts_error_free(error);
}

/* A call that is started. */
static bool call_through(wts_queue *own)
{
    wts_error *error = NULL;
    wts_call *call = NULL, *out;
    bool holds = CHECK_OK(wts_start_complete_session(client, seeded, NULL, own, NULL, &call, &error), &error);

    wts_error_free(error);
    out = wts_queue_next(own, WTS_NO_TIMEOUT);
    holds = CHECK(out == call) && CHECK_OK(wts_call_take(out, NULL, &error), &error) && holds;
    wts_error_free(error);
    wts_call_free(out);
    return holds;
}

static void *call_until_over(void *unused)
{
    wts_queue *own = NULL;

    CHECK_EQUAL(wts_queue_new(&own, NULL), WTS_OK);
    call_through(own);
    pthread_barrier_wait(&all_call);
    while (goes_on()) {
        call();
        call_through(own);
    }
    wts_queue_free(own);
    return unused;
}

/* In the child: what the parent has started is not there, and a call of its own is. */
static bool go_on_with_queue(void)
{
    wts_cancellable *cancellable = wts_cancellable_new();
    bool holds = CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == NULL) &&
                 CHECK_EQUAL(wts_call_take(stalled, NULL, NULL), WTS_INVALID_CONFIG);

    wts_call_cancel(stalled);
    wts_call_free(stalled);
    holds = CHECK(wts_queue_fd(queue) != descriptor) && call_through(queue) && holds;
    wts_queue_free(queue);
    wts_cancellable_free(cancellable);
    return holds;
}

/* In the child: a call, a second one on the same connection, the end. A hang ends by the alarm. */
static void be_child(void)
{
    wts_error *error = NULL, *error_of_second = NULL;
    bool holds;

    alarm(PATIENCE_S);
    holds = CHECK_OK(wts_complete_session(client, seeded, NULL, NULL, &error), &error);
    holds = CHECK_OK(wts_update_session_status(client, seeded, "PENDING", NULL, NULL, &error_of_second),
                     &error_of_second) &&
            holds;
    holds = (queue == NULL || go_on_with_queue()) && holds;
    wts_client_free(client);
    fflush(stdout);
    _exit(holds ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void check_child(void)
{
    int status = -1;
    pid_t child = fork();

    if (child < 0) {
        give_up("no process");
    }
    if (child == 0) {
        be_child();
    }
    waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
}

static void fork_while_threads_call(void)
{
    pthread_t threads[THREADS];

    client = stand_in_client();
    pthread_barrier_init(&all_call, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, call_until_over, NULL);
    }
    pthread_barrier_wait(&all_call);
    for (int i = 0; i < FORKS; i++) {
        check_child();
    }
    pthread_mutex_lock(&lock);
    is_over = true;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&all_call);
    call();
    wts_client_free(client);
}

static void children_keep_off_the_connections_of_the_parent(void)
{
    int64_t opened;

    client = stand_in_client();
    call();
    opened = stand_in_connections("opened");
    check_child();
    CHECK_EQUAL(stand_in_connections("opened"), opened + 1);
    call();
    CHECK_EQUAL(stand_in_connections("opened"), opened + 1);
    wts_client_free(client);
}

/* Each process keeps to the limits by itself: a child does not stand in the queue of its parent, where nobody moves. */
static void each_process_has_limits_of_its_own(void)
{
    wts_rate_limit two_a_day = {2, DAY_MS};
    wts_config *config = stand_in_config();

    wts_config_set_rate_limits(config, &two_a_day, 1);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    wts_config_free(config);
    call();
    call();
    check_child();
    wts_client_free(client);
}

/* A child is forked while one call is in flight and another has settled; both stay with the parent. */
static void queues_are_empty_in_a_child(void)
{
    wts_call *settled = NULL;
    struct pollfd watched;

    client = stand_in_client();
    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    descriptor = wts_queue_fd(queue);
    watched = (struct pollfd){descriptor, POLLIN, 0};
    stand_in_script("processes-stalls", "[{\"raw\": [{\"stall\": true}]}]");
    CHECK_EQUAL(wts_start_complete_session(client, "processes-stalls", NULL, queue, NULL, &stalled, NULL), WTS_OK);
    json_object_put(stand_in_requests("processes-stalls", 1));
    CHECK_EQUAL(wts_start_complete_session(client, seeded, NULL, queue, NULL, &settled, NULL), WTS_OK);
    CHECK_EQUAL(poll(&watched, 1, PATIENCE_S * 1000), 1);
    check_child();
    CHECK(wts_queue_next(queue, 0) == settled);
    CHECK_EQUAL(wts_call_take(settled, NULL, NULL), WTS_OK);
    wts_call_free(settled);
    CHECK(wts_queue_next(queue, 0) == NULL);
    wts_call_cancel(stalled);
    CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == stalled);
    CHECK_EQUAL(wts_call_take(stalled, NULL, NULL), WTS_CANCELLED);
    wts_call_free(stalled);
    wts_queue_free(queue);
    queue = NULL;
    wts_client_free(client);
}

struct forked_bulk {
    size_t told;
    pid_t child;
};

static bool fork_at_the_first(void *user_data, const wts_outcome *outcome)
{
    struct forked_bulk *bulk = user_data;

    CHECK_EQUAL(outcome->code, WTS_OK);
    if (bulk->told++ == 0) {
        bulk->child = fork();
    }
    return true;
}

/* The child returns from the callback as well. Its call has ended; the parent's goes on, with slow answers too. */
static void a_fork_in_a_callback_ends_the_call_of_the_child(void)
{
    static const char *const ids[] = {seeded, "processes-slow", "processes-slow", "session_23456"};
    enum { IDS = sizeof ids / sizeof *ids };
    struct forked_bulk bulk = {0, -1};
    wts_error *error = NULL;
    wts_code code;
    int status = -1;

    client = stand_in_client();
    stand_in_script("processes-slow", "[{\"delay_ms\": 500, \"status\": 204}, {\"delay_ms\": 500, \"status\": 204}]");
    code = wts_complete_sessions(client, ids, IDS, NULL, fork_at_the_first, &bulk, &error);
    if (bulk.child == 0) {
        bool holds = CHECK_EQUAL(code, WTS_CLOSED) && CHECK_EQUAL(bulk.told, 1) && CHECK(error != NULL);

        wts_error_free(error);
        fflush(stdout);
        _exit(holds ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    CHECK_OK(code, &error);
    CHECK_EQUAL(bulk.told, IDS);
    waitpid(bulk.child, &status, 0);
    CHECK_EQUAL(status, 0);
    wts_error_free(error);
    wts_client_free(client);
}

static bool holds_first_call;
static sem_t first_call_came_far, forked;

/* In place of the system's. The library calls it while it gets ready. */
int madvise(void *start, size_t size, int advice)
{
    int (*of_the_system)(void *, size_t, int);

    *(void **)&of_the_system = dlsym(RTLD_NEXT, "madvise");
    if (holds_first_call && advice == MADV_WIPEONFORK) {
        sem_post(&first_call_came_far);
        sem_wait(&forked);
    }
    return of_the_system(start, size, advice);
}

static void *make_first_call(void *unused)
{
    client = stand_in_client();
    sem_post(&first_call_came_far);
    return unused;
}

/* A thread is still in its call, the first one of the process, or has just left it. */
static void a_fork_during_the_first_call(void)
{
    pthread_t thread;
    pid_t child;
    int status = 0;

    sem_init(&first_call_came_far, 0, 0);
    sem_init(&forked, 0, 0);
    holds_first_call = true;
    pthread_create(&thread, NULL, make_first_call, NULL);
    sem_wait(&first_call_came_far);
    child = fork();
    if (child == 0) {
        holds_first_call = false;
        alarm(PATIENCE_S);
        client = stand_in_client();
        be_child();
    }
    sem_post(&forked);
    pthread_join(thread, NULL);
    holds_first_call = false;
    waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    wts_client_free(client);
}

int main(void)
{
    stand_in_start(NULL);
    test("a fork during the first call of another thread", a_fork_during_the_first_call);
    /* The first: later, the requests of the other tests count in the account's limits. */
    test("a child does not wait for the limits of its parent", each_process_has_limits_of_its_own);
    test("a fork in a callback ends the call of the child", a_fork_in_a_callback_ends_the_call_of_the_child);
    test("a child has connections of its own", children_keep_off_the_connections_of_the_parent);
    test("a child finds the queues of its parent empty", queues_are_empty_in_a_child);
    test("50 forks while 4 threads call", fork_while_threads_call);
    return tests_done();
}
