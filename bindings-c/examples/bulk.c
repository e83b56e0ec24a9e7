/* Completes many sessions, with a line that shows the progress; lists those that failed.
 *
 * usage: bulk SESSION_ID...
 * WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API. */
#include <stdio.h>
#include <stdlib.h>
#include <wts_session.h>

/* Is called on this program's own thread, once for each session. */
static bool report(void *user_data, const wts_outcome *outcome)
{
    size_t *failed = user_data;

    if (outcome->code != WTS_OK) {
        ++*failed;
        printf("\r%s: %s\n", outcome->session_id, wts_error_text(outcome->error));
    }
    printf("\r%zu of %zu", outcome->done, outcome->total);
    fflush(stdout);
    return true; /* false would cancel the rest */
}

int main(int argc, char **argv)
{
    wts_config *config = wts_config_new();
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    const char *const *ids = (const char *const *)argv + 1;
    wts_client *client = NULL;
    wts_error *error = NULL;
    size_t failed = 0;
    wts_code code = wts_client_new(config, &client, &error);

    options.reactivate_on_new_message = true;
    if (code == WTS_OK) {
        code = wts_complete_sessions(client, ids, (size_t)argc - 1, &options, report, &failed, &error);
    }
    if (code == WTS_OK) {
        printf("\n%zu failed\n", failed);
    } else {
        fprintf(stderr, "%s: %s\n", wts_code_name(code), wts_error_text(error));
    }
    wts_error_free(error);
    wts_client_free(client);
    wts_config_free(config);
    return code == WTS_OK && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
