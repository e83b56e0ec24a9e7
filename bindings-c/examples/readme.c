/* Completes a session. WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API. */
#include <stdio.h>
#include <stdlib.h>
#include <wts_session.h>

static int complete(const char *session_id)
{
    /* [readme] */
    wts_config *config = wts_config_new(); /* takes WTS_API_KEY */
    wts_client *client = NULL;
    wts_error *error = NULL;
    char *json = NULL;

    if (wts_client_new(config, &client, &error) == WTS_OK &&
        wts_complete_session(client, session_id, NULL, &json, &error) == WTS_OK)
        puts(json);
    else
        fprintf(stderr, "%s: %s\n", wts_code_name(wts_error_code(error)), wts_error_text(error));
    /* [/readme] */
    int status = error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;

    wts_string_free(json);
    wts_error_free(error);
    wts_client_free(client);
    wts_config_free(config);
    return status;
}

int main(int argc, char **argv)
{
    return complete(argc > 1 ? argv[1] : "session_12345");
}
