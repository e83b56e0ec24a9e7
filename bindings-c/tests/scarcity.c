/* What the system does not give: threads, descriptors; and descriptors that the program closes. Every call settles,
 * each item of a bulk call has its outcome, and the library goes on when the system gives again. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { ITEMS = 10 };

static const char seeded[] = "session_12345";
static const char *ids[ITEMS];
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

/* A client whose host has to be looked up. */
static wts_client *client_of_a_name(void)
{
    wts_config *config = stand_in_config();
    char *address = text_of("http://localhost%s", strrchr(stand_in_text("api"), ':'));
    wts_client *client = NULL;

    wts_config_set_base_url(config, address);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    free(address);
    wts_config_free(config);
    return client;
}

struct told {
    size_t count;
    wts_code code;
};

static bool check_outcome(void *user_data, const wts_outcome *outcome)
{
    struct told *told = user_data;

    told->count++;
    CHECK_EQUAL(outcome->code, told->code);
    CHECK(outcome->code == WTS_OK || wts_error_retryable(outcome->error));
    return true;
}

static void check_bulk(const wts_client *client, wts_code code)
{
    struct told told = {0, code};

    CHECK_EQUAL(wts_complete_sessions(client, ids, ITEMS, NULL, check_outcome, &told, NULL), WTS_OK);
    CHECK_EQUAL(told.count, ITEMS);
}

/* A failure that the system is to blame for. */
static void check_scarcity(wts_code code, wts_error *error)
{
    CHECK_EQUAL(code, WTS_CONNECTION);
    CHECK(wts_error_retryable(error));
    CHECK(strstr(wts_error_text(error), "os error") != NULL);
    wts_error_free(error);
}

static void no_thread_for_the_background(void)
{
    wts_client *client = stand_in_client();
    wts_queue *queue = NULL;
    wts_call *call = NULL;
    wts_error *error = NULL;
    wts_code code;

    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    gives_no_thread = true;
    code = wts_complete_sessions(client, ids, ITEMS, NULL, NULL, NULL, &error);
    check_scarcity(code, error);
    code = wts_start_complete_session(client, seeded, NULL, queue, NULL, &call, &error);
    check_scarcity(code, error);
    CHECK(call == NULL);
    gives_no_thread = false;
    check_bulk(client, WTS_OK);
    wts_queue_free(queue);
    wts_client_free(client);
}

/* The requests of bulk calls have their thread, but names can't be looked up. */
static void no_thread_for_look_ups(void)
{
    wts_client *client = stand_in_client(), *of_a_name = client_of_a_name();
    wts_error *error = NULL;
    wts_code code;

    CHECK_EQUAL(wts_complete_sessions(of_a_name, NULL, 0, NULL, NULL, NULL, NULL), WTS_OK);
    gives_no_thread = true;
    check_bulk(of_a_name, WTS_CONNECTION);
    code = wts_complete_session(of_a_name, seeded, NULL, NULL, &error);
    check_scarcity(code, error);
    CHECK_EQUAL(wts_complete_session(client, seeded, NULL, NULL, NULL), WTS_OK);
    gives_no_thread = false;
    check_bulk(of_a_name, WTS_OK);
    wts_client_free(of_a_name);
    wts_client_free(client);
}

static void no_descriptors(void)
{
    wts_client *client = stand_in_client();
    struct rlimit limit, none;
    wts_queue *queue = NULL;
    wts_error *error = NULL;
    wts_code code;

    CHECK_EQUAL(wts_complete_sessions(client, NULL, 0, NULL, NULL, NULL, NULL), WTS_OK);
    getrlimit(RLIMIT_NOFILE, &limit);
    none = limit;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
    code = wts_complete_session(client, seeded, NULL, NULL, &error);
    check_scarcity(code, error);
    check_bulk(client, WTS_CONNECTION);
    code = wts_queue_new(&queue, &error);
    check_scarcity(code, error);
    CHECK(queue == NULL);
    setrlimit(RLIMIT_NOFILE, &limit);
    check_bulk(client, WTS_OK);
    wts_client_free(client);
}

/* As programs do it that become daemons too late. */
static void close_all_descriptors(void)
{
    for (int descriptor = STDERR_FILENO + 1; descriptor < 1024; descriptor++) {
        close(descriptor);
    }
}

/* In the child. The header says that clients do not survive this; but nothing hangs. */
static void be_child(void)
{
    wts_client *client = stand_in_client();
    wts_queue *queue = NULL;
    wts_call *call = NULL;

    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    wts_complete_session(client, seeded, NULL, NULL, NULL);
    wts_complete_sessions(client, ids, ITEMS, NULL, NULL, NULL, NULL);
    close_all_descriptors();
    for (int i = 0; i < 3; i++) {
        wts_complete_session(client, seeded, NULL, NULL, NULL);
        wts_complete_sessions(client, ids, ITEMS, NULL, NULL, NULL, NULL);
        if (wts_start_complete_session(client, seeded, NULL, queue, NULL, &call, NULL) == WTS_OK) {
            wts_call_cancel(call);
            CHECK(wts_queue_next(queue, WTS_NO_TIMEOUT) == call);
            wts_call_free(call);
        }
    }
    wts_queue_free(queue);
    wts_client_free(client);
    client = stand_in_client();
    _exit(wts_complete_session(client, seeded, NULL, NULL, NULL) == WTS_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void closed_descriptors(void)
{
    int status = -1;
    pid_t child = fork();

    if (child < 0) {
        give_up("no process");
    }
    if (child == 0) {
        alarm(120);
        be_child();
    }
    waitpid(child, &status, 0);
    /* A library with debug assertions aborts when it closes what is closed. */
    CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

static void *call_once(void *client)
{
    CHECK_EQUAL(wts_complete_session(client, seeded, NULL, NULL, NULL), WTS_OK);
    check_bulk(client, WTS_OK);
    wts_client_free(stand_in_client());
    return NULL;
}

/* As much as the header says of a library in the dev profile. TLS needs the most. */
static void a_small_stack(void)
{
    wts_config *config = stand_in_config();
    wts_client *client = NULL;
    pthread_attr_t attributes;
    pthread_t thread;

    wts_config_set_base_url(config, stand_in_text("tls"));
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512 * 1024);
    if (pthread_create(&thread, &attributes, call_once, client) != 0) {
        give_up("no thread");
    }
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    wts_client_free(client);
    wts_config_free(config);
}

int main(void)
{
    for (size_t i = 0; i < ITEMS; i++) {
        ids[i] = seeded;
    }
    stand_in_start(NULL);
    test("no thread for the background", no_thread_for_the_background);
    test("no thread for look-ups of names", no_thread_for_look_ups);
    test("no descriptors", no_descriptors);
    test("a small stack", a_small_stack);
    test("descriptors that the program closes", closed_descriptors);
    return tests_done();
}
