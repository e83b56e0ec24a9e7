/* Calls at the end of a thread and of the process, when thread-local values are gone: in destructors of pthread keys
 * and in exit handlers. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

static const char seeded[] = "session_12345";
static const char *const ids[] = {seeded, "session_23456", ".."};

enum { IDS = sizeof ids / sizeof *ids };

static wts_client *client;

static bool count(void *told, const wts_outcome *outcome)
{
    CHECK_EQUAL(outcome->code, outcome->index == IDS - 1 ? WTS_INVALID_SESSION_ID : WTS_OK);
    ++*(size_t *)told;
    return true;
}

static bool call(void)
{
    wts_error *error = NULL;
    bool holds = CHECK_OK(wts_complete_session(client, seeded, NULL, NULL, &error), &error);

    wts_error_free(error);
    return holds;
}

static bool call_in_bulk(void)
{
    size_t told = 0;
    wts_error *error = NULL;
    bool holds = CHECK_OK(wts_complete_sessions(client, ids, IDS, NULL, count, &told, &error), &error);

    wts_error_free(error);
    return CHECK_EQUAL(told, IDS) && holds;
}

static bool call_through_a_queue(void)
{
    wts_queue *queue = NULL;
    wts_call *started = NULL;
    wts_error *error = NULL;
    bool holds;

    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    holds = CHECK_OK(wts_start_complete_session(client, seeded, NULL, queue, NULL, &started, &error), &error);
    wts_error_free(error);
    holds = CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == started) && holds;
    holds = CHECK_OK(wts_call_take(started, NULL, &error), &error) && holds;
    wts_error_free(error);
    wts_call_free(started);
    wts_queue_free(queue);
    return holds;
}

/* Calls of every kind with the client that there is, and with one that is made now. */
static bool everything(void)
{
    bool holds = call() && call_in_bulk() && call_through_a_queue();

    wts_client_free(client);
    client = stand_in_client();
    holds = call() && call_in_bulk() && call_through_a_queue() && holds;
    wts_client_free(client);
    return holds;
}

static void in_an_exit_handler(void)
{
    bool holds = everything();

    fflush(stdout);
    _exit(holds ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void be_child(void (*handler)(void), bool has_called)
{
    client = stand_in_client();
    if (has_called) {
        call();
        call_in_bulk();
    }
    atexit(handler);
    exit(EXIT_FAILURE);
}

static void check_child(void (*handler)(void), bool has_called)
{
    int status = -1;
    pid_t child = fork();

    if (child < 0) {
        give_up("no process");
    }
    if (child == 0) {
        alarm(120);
        be_child(handler, has_called);
    }
    waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
}

static bool gives_no_thread;

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* In place of the system's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *value)
{
    create_function *of_the_system;

    if (gives_no_thread) {
        return EAGAIN;
    }
    *(void **)&of_the_system = dlsym(RTLD_NEXT, "pthread_create");
    return of_the_system(thread, attributes, run, value);
}

static void in_an_exit_handler_without_threads(void)
{
    /* It has no thread yet. */
    client = stand_in_client();
    gives_no_thread = true;
    _exit(wts_complete_session(client, seeded, NULL, NULL, NULL) == WTS_CONNECTION ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void exit_handlers(void)
{
    check_child(in_an_exit_handler, false);
    check_child(in_an_exit_handler, true);
    check_child(in_an_exit_handler_without_threads, true);
}

/* The standard library of Rust has a key of its own: destructors run before and after that one's, and in several
 * rounds. */
enum { KEYS = 3, ROUNDS = 2 };

static pthread_key_t keys[KEYS];

struct thread_end {
    bool has_called, forks;
    int rounds[KEYS];
    int held;
};

/* What the keys of a thread that ends hold. */
struct held {
    struct thread_end *of;
    int key;
};

static bool a_child_does_everything(void)
{
    int status = -1;
    pid_t child = fork();

    if (child < 0) {
        give_up("no process");
    }
    if (child == 0) {
        bool holds;

        alarm(120);
        holds = everything();
        fflush(stdout);
        _exit(holds ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    waitpid(child, &status, 0);
    return CHECK_EQUAL(status, 0);
}

static void at_the_end_of_a_thread(void *value)
{
    struct held *held = value;
    struct thread_end *end = held->of;

    client = stand_in_client();
    if (end->forks) {
        end->held += a_child_does_everything();
    }
    end->held += everything();
    if (++end->rounds[held->key] < ROUNDS) {
        pthread_setspecific(keys[held->key], held);
    }
}

static void *live(void *value)
{
    struct thread_end *end = value;
    static struct held held[KEYS];

    for (int i = 0; i < KEYS; i++) {
        held[i] = (struct held){end, i};
        pthread_setspecific(keys[i], &held[i]);
    }
    if (end->has_called) {
        client = stand_in_client();
        call();
        call_in_bulk();
        wts_client_free(client);
    }
    return NULL;
}

static void check_thread(bool has_called, bool forks)
{
    struct thread_end end = {.has_called = has_called, .forks = forks};
    pthread_t thread;

    if (pthread_create(&thread, NULL, live, &end) != 0) {
        give_up("no thread");
    }
    pthread_join(thread, NULL);
    CHECK_EQUAL(end.held, KEYS * ROUNDS * (forks ? 2 : 1));
}

static void make_key(int number)
{
    if (pthread_key_create(&keys[number], at_the_end_of_a_thread) != 0) {
        give_up("no key");
    }
}

static void destructors_of_keys(void)
{
    make_key(0);
    client = stand_in_client();
    call();
    wts_client_free(client);
    make_key(1);
    make_key(2);
    check_thread(false, false);
    check_thread(true, false);
    check_thread(false, true);
    check_thread(true, true);
    for (int i = 0; i < KEYS; i++) {
        pthread_key_delete(keys[i]);
    }
}

int main(void)
{
    stand_in_start(NULL);
    test("calls in exit handlers", exit_handlers);
    test("calls in destructors of pthread keys", destructors_of_keys);
    return tests_done();
}
