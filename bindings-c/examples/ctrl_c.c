/* Completes many sessions. Ctrl-C or SIGTERM cancels the rest at once, and the program says what may have been done.
 *
 * A signal handler can't cancel: a thread waits for the signals instead. A flag that the handler sets would not do,
 * since the bulk call looks at nothing while it waits for answers.
 *
 * usage: ctrl_c SESSION_ID...
 * WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <wts_session.h>

static sigset_t signals;

static void *cancel_on_signal(void *cancellable)
{
    int signal;

    sigwait(&signals, &signal);
    wts_cancellable_cancel(cancellable);
    return NULL;
}

static bool report(void *unused, const wts_outcome *outcome)
{
    const char *may_be_done =
        wts_error_may_have_been_applied(outcome->error) ? " It may be completed all the same." : "";

    (void)unused;
    if (outcome->code == WTS_OK) {
        printf("%s: completed\n", outcome->session_id);
    } else {
        printf("%s: %s%s\n", outcome->session_id, wts_error_text(outcome->error), may_be_done);
    }
    return true; /* false would leave out the others */
}

static wts_code complete(const wts_client *client, const char *const *ids, size_t count, wts_error **error)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    wts_cancellable *cancellable = wts_cancellable_new();
    pthread_t thread;
    wts_code code;

    options.cancellable = cancellable;
    if (pthread_create(&thread, NULL, cancel_on_signal, cancellable) != 0) {
        perror("no thread");
        exit(EXIT_FAILURE);
    }
    code = wts_complete_sessions(client, ids, count, &options, report, NULL, error);
    pthread_kill(thread, SIGTERM); /* the thread may still wait */
    pthread_join(thread, NULL);
    wts_cancellable_free(cancellable);
    return code;
}

int main(int argc, char **argv)
{
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    wts_error *error = NULL;
    wts_code code;

    /* Before there is another thread: all threads inherit it. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    code = wts_client_new(config, &client, &error);
    if (code == WTS_OK) {
        code = complete(client, (const char *const *)argv + 1, (size_t)argc - 1, &error);
    }
    if (code != WTS_OK) {
        fprintf(stderr, "%s: %s\n", wts_code_name(code), wts_error_text(error));
    }
    wts_error_free(error);
    wts_client_free(client);
    wts_config_free(config);
    return code == WTS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
