/* A fork in the middle: parent and child both go on with the client. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { THREADS = 4, FORKS = 20, PATIENCE_S = 120, DAY_MS = 86400000 };

static const char seeded[] = "session_12345";
static wts_client *client;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_over;

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

static void *call_until_over(void *calls)
{
    while (goes_on()) {
        call();
        ++*(unsigned *)calls;
    }
    return NULL;
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
    unsigned calls[THREADS] = {0};

    client = stand_in_client();
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, call_until_over, &calls[i]);
    }
    for (int i = 0; i < FORKS; i++) {
        check_child();
    }
    pthread_mutex_lock(&lock);
    is_over = true;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(calls[i] > 0);
    }
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

int main(void)
{
    stand_in_start(NULL);
    test("a child has connections of its own", children_keep_off_the_connections_of_the_parent);
    test("a child does not wait for the limits of its parent", each_process_has_limits_of_its_own);
    test("20 forks while 4 threads call", fork_while_threads_call);
    return tests_done();
}
