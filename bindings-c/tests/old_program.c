/* A program that was compiled against the first header: its declarations are copied here, and never change.
 *
 * It runs with WTS_BASE_URL and WTS_API_KEY in the environment. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct wts_config wts_config;
typedef struct wts_client wts_client;
typedef struct wts_error wts_error;
typedef struct {
    size_t struct_size;
    bool stop_bot_in_execution;
    uint8_t reserved[7];
} wts_update_options;
typedef struct {
    size_t struct_size;
    bool stop_bot_in_execution;
    bool reactivate_on_new_message;
    uint8_t reserved[6];
} wts_complete_options;
typedef struct {
    uint32_t requests;
    uint64_t period_ms;
} wts_rate_limit;

wts_config *wts_config_new(void);
void wts_config_free(wts_config *);
void wts_config_set_rate_limits(wts_config *, const wts_rate_limit *, size_t);
int32_t wts_client_new(const wts_config *, wts_client **, wts_error **);
void wts_client_free(wts_client *);
int32_t wts_update_session_status(const wts_client *, const char *, const char *, const wts_update_options *, char **,
                                  wts_error **);
int32_t wts_complete_session(const wts_client *, const char *, const wts_complete_options *, char **, wts_error **);
void wts_string_free(char *);
int32_t wts_error_code(const wts_error *);
const char *wts_error_message(const wts_error *);
void wts_error_free(wts_error *);

static bool completes(const wts_client *client)
{
    wts_complete_options options = {sizeof options, true, true, {0}};
    char *json = NULL;
    bool holds = wts_complete_session(client, "session_12345", &options, &json, NULL) == 0 && json != NULL &&
                 strstr(json, "\"COMPLETED\"") != NULL;

    wts_string_free(json);
    return holds;
}

static bool is_refused(const wts_client *client)
{
    wts_update_options options = {sizeof options, false, {0}};
    wts_error *error = NULL;
    bool holds = wts_update_session_status(client, "session_12345", "UNDEFINED", &options, NULL, &error) == 2 &&
                 wts_error_code(error) == 2 && strcmp(wts_error_message(error), "Add a valid status!") == 0;

    wts_error_free(error);
    return holds;
}

int main(void)
{
    wts_rate_limit limit = {100, 5000};
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    bool holds;

    wts_config_set_rate_limits(config, &limit, 1);
    holds = wts_client_new(config, &client, NULL) == 0 && completes(client) && is_refused(client);
    wts_client_free(client);
    wts_config_free(config);
    printf("%s 1 - a program of the first version\n1..1\n", holds ? "ok" : "not ok");
    return holds ? 0 : 1;
}
