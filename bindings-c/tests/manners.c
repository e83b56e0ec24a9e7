/* What a library leaves alone: signals, the locale, the standard streams. */
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { SIGNALS = 65 };

static const char seeded[] = "session_12345";

static void call_in_background(const wts_client *client, const char *session_id)
{
    wts_queue *queue = NULL;

    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    CHECK_EQUAL(wts_start_complete_session(client, session_id, NULL, queue, NULL, NULL, NULL), WTS_OK);
    wts_call_free(wts_queue_next(queue, WTS_NO_TIMEOUT));
    wts_queue_free(queue);
    CHECK_EQUAL(wts_complete_sessions(client, &session_id, 1, NULL, NULL, NULL, NULL), WTS_OK);
}

static void call(const char *address, const char *session_id)
{
    wts_config *config = stand_in_config();
    wts_client *client = NULL;
    wts_error *error = NULL;

    wts_config_set_base_url(config, stand_in_text(address));
    wts_config_set_timeout_ms(config, 2000);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    wts_complete_session(client, session_id, NULL, NULL, &error);
    wts_error_free(error);
    call_in_background(client, session_id);
    wts_client_free(client);
    wts_config_free(config);
}

/* Something of everything: success, refusal, broken connections, TLS. */
static void use_the_library(void)
{
    static const char *const addresses[] = {"api",       "tls",     "tls_expired",     "tls_reset",
                                            "tls_plain", "refused", "reset_on_accept", "close_on_accept"};

    stand_in_script("manners", "[{\"raw\": [{\"send\": \"HTTP/1.1 200 OK\\r\\n\"}, {\"reset\": true}]}]");
    call("api", "manners");
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        call(addresses[i], seeded);
    }
}

static void read_actions(struct sigaction *actions)
{
    memset(actions, 0, SIGNALS * sizeof *actions);
    for (int signal = 1; signal < SIGNALS; signal++) {
        sigaction(signal, NULL, &actions[signal]);
    }
}

static void signals_are_left_alone(void)
{
    static struct sigaction before[SIGNALS], after[SIGNALS];
    sigset_t mask_before, mask_after, pending;

    read_actions(before);
    pthread_sigmask(SIG_BLOCK, NULL, &mask_before);
    use_the_library();
    read_actions(after);
    pthread_sigmask(SIG_BLOCK, NULL, &mask_after);
    sigpending(&pending);
    for (int signal = 1; signal < SIGNALS; signal++) {
        CHECK(before[signal].sa_handler == after[signal].sa_handler);
        CHECK_EQUAL(sigismember(&mask_before, signal), sigismember(&mask_after, signal));
    }
    CHECK(!sigismember(&pending, SIGPIPE));
}

static size_t threads_beside_this_one(void)
{
    return entries("/proc/self/task") - 1;
}

static volatile sig_atomic_t caught;

static void catch (int signal)
{
    (void)signal;
    caught++;
}

/* The program's own SIGPIPE is still its own, before and during and after a call. */
static void sigpipe_of_the_program(void)
{
    sigset_t only_sigpipe, before, pending;

    signal(SIGPIPE, catch);
    use_the_library();
    CHECK_EQUAL(caught, 0);
    sigemptyset(&only_sigpipe);
    sigaddset(&only_sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &only_sigpipe, &before);
    raise(SIGPIPE);
    use_the_library();
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGPIPE));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    CHECK_EQUAL(caught, 1);
    signal(SIGPIPE, SIG_DFL);
}

/* The address of the stand-in with a name in place of a number: it has to be looked up. */
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

/* A signal that the program's threads have blocked is not handled on a thread of the library's: those of calls in the
 * background and of name look-ups are there before and after it. */
static void signals_of_the_program(void)
{
    wts_client *client = client_of_a_name();
    sigset_t only_sigusr1, before, pending;

    caught = 0;
    CHECK_EQUAL(wts_complete_session(client, seeded, NULL, NULL, NULL), WTS_OK);
    call_in_background(client, seeded);
    CHECK(threads_beside_this_one() > 0);
    signal(SIGUSR1, catch);
    sigemptyset(&only_sigusr1);
    sigaddset(&only_sigusr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &only_sigusr1, &before);
    kill(getpid(), SIGUSR1);
    call_in_background(client, seeded);
    CHECK_EQUAL(caught, 0);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    CHECK_EQUAL(caught, 1);
    signal(SIGUSR1, SIG_DFL);
    wts_client_free(client);
}

static void locale_is_left_alone(void)
{
    char *before;

    setlocale(LC_ALL, "C.UTF-8");
    before = text_of("%s", setlocale(LC_ALL, NULL));
    use_the_library();
    CHECK_TEXT(setlocale(LC_ALL, NULL), before);
    free(before);
}

static void nothing_is_written(void)
{
    char *written;

    setenv("RUST_LOG", "trace", 1);
    setenv("RUST_BACKTRACE", "full", 1);
    capture_begin();
    use_the_library();
    written = capture_end();
    CHECK_TEXT(written, "");
    free(written);
}

int main(void)
{
    signal(SIGPIPE, SIG_DFL);
    stand_in_start(NULL);
    test("signals are left alone", signals_are_left_alone);
    test("the program's own SIGPIPE stays its own", sigpipe_of_the_program);
    test("signals of the program stay off the library's thread", signals_of_the_program);
    test("the locale is left alone", locale_is_left_alone);
    test("nothing is written to the standard streams", nothing_is_written);
    return tests_done();
}
