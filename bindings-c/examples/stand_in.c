/* Tests code of a program against a stand-in of the API: the program wts-stand-in, which has to be in PATH. */
#include <stdio.h>
#include <stdlib.h>
#include <wts_session.h>

/* The code to test. */
static bool is_closed(const char *session_id)
{
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    char *json = NULL;
    bool closed = wts_client_new(config, &client, NULL) == WTS_OK &&
                  wts_complete_session(client, session_id, NULL, &json, NULL) == WTS_OK;

    wts_string_free(json);
    wts_client_free(client);
    wts_config_free(config);
    return closed;
}

static bool closes_in_spite_of_an_outage(void)
{
    /* [readme] */
    char url[64], key[64];
    FILE *stand_in = popen("exec wts-stand-in --env --stay-with-stdout --script "
                           "'{\"session_id\": \"session_12345\", \"steps\": [{\"status\": 503}]}'",
                           "r");

    if (stand_in == NULL || fscanf(stand_in, "WTS_BASE_URL=%63s WTS_API_KEY=%63s", url, key) != 2)
        return false;
    setenv("WTS_BASE_URL", url, 1);
    setenv("WTS_API_KEY", key, 1);
    bool closed = is_closed("session_12345"); /* the code to test: it is answered 503 once */
    return pclose(stand_in) == 0 && closed;   /* the stand-in ends */
    /* [/readme] */
}

int main(void)
{
    bool holds = closes_in_spite_of_an_outage();

    puts(holds ? "ok" : "not ok");
    return holds ? EXIT_SUCCESS : EXIT_FAILURE;
}
