/* Sets the status of a session, completes it, and meets an error.
 *
 * usage: demo [SESSION_ID]
 * WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wts_session.h>

/* Prints what came of a call, and frees it. */
static void show(wts_code code, char *json, wts_error *error)
{
    if (code == WTS_OK) {
        printf("   came back: %s\n\n", json);
    } else {
        printf("   failed: %s (%" PRId32 ")\n", wts_code_name(code), code);
        printf("   text: %s\n", wts_error_text(error));
        printf("   HTTP status %d, %" PRIu32 " sent, %s\n\n", wts_error_http_status(error), wts_error_attempts(error),
               wts_error_retryable(error) ? "a later try may succeed" : "another try would fail as well");
    }
    wts_string_free(json);
    wts_error_free(error);
}

static void update(const wts_client *client, const char *session_id, const char *status)
{
    char *json = NULL;
    wts_error *error = NULL;
    wts_code code;

    printf("-> wts_update_session_status(\"%s\", \"%s\")\n", session_id, status);
    code = wts_update_session_status(client, session_id, status, NULL, &json, &error);
    show(code, json, error);
}

static void complete(const wts_client *client, const char *session_id)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    char *json = NULL;
    wts_error *error = NULL;
    wts_code code;

    options.reactivate_on_new_message = true;
    printf("-> wts_complete_session(\"%s\", reactivate_on_new_message)\n", session_id);
    code = wts_complete_session(client, session_id, &options, &json, &error);
    show(code, json, error);
}

int main(int argc, char **argv)
{
    const char *session_id = argc > 1 ? argv[1] : "session_12345";
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    wts_error *error = NULL;
    wts_code code = wts_client_new(config, &client, &error);

    wts_config_free(config);
    if (code != WTS_OK) {
        show(code, NULL, error);
        return EXIT_FAILURE;
    }
    update(client, session_id, "In Progress");
    complete(client, session_id);
    update(client, session_id, "ARCHIVED");
    complete(client, "no-such-session");
    wts_client_free(client);
    return EXIT_SUCCESS;
}
