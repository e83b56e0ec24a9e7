/* A program that is compiled against the first header, which is beside it and never changes, and uses all of it.
 *
 * It runs with WTS_BASE_URL and WTS_API_KEY in the environment. */
#include <stdio.h>
#include <string.h>

#include "wts_session.h"

#ifdef WTS_HAS_CALLS
#error "this is not the first header"
#endif

static unsigned number;
static bool all_hold = true;

static void check(const char *what, bool holds)
{
    printf("%s %u - %s\n", holds ? "ok" : "not ok", ++number, what);
    all_hold = all_hold && holds;
}

static wts_config *make_config(void)
{
    wts_rate_limit limit = {100, 5000};
    wts_config *config = wts_config_new(), *other = wts_config_new();

    wts_config_set_api_key(other, "pn_1");
    wts_config_set_base_url(other, "http://example.com");
    wts_config_set_allow_insecure_http(other, true);
    wts_config_set_auth_scheme(other, "raw");
    check("settings", wts_client_new(other, NULL, NULL) == WTS_OK);
    wts_config_free(other);
    wts_config_set_rate_limits(config, &limit, 1);
    wts_config_set_timeout_ms(config, 60000);
    wts_config_set_total_timeout_ms(config, WTS_NO_TIMEOUT);
    wts_config_set_max_retries(config, 1);
    wts_config_set_max_concurrency(config, 2);
    return config;
}

static void complete(const wts_client *client)
{
    wts_complete_options options = WTS_COMPLETE_OPTIONS_INIT;
    char *json = NULL;

    options.reactivate_on_new_message = options.stop_bot_in_execution = true;
    check("a session is completed", wts_complete_session(client, "session_12345", &options, &json, NULL) == WTS_OK &&
                                        json != NULL && strstr(json, "\"COMPLETED\"") != NULL);
    wts_string_free(json);
}

static void fail(const wts_client *client)
{
    wts_update_options options = WTS_UPDATE_OPTIONS_INIT;
    wts_error *error = NULL;
    wts_code code = wts_update_session_status(client, "no-such-session", "PENDING", &options, NULL, &error);

    check("an error", code == 9 && wts_error_code(error) == 9 && strcmp(wts_code_name(code), "not_found") == 0);
    check("its texts", strcmp(wts_error_key(error), "ENTITY_NOT_FOUND") == 0 && strlen(wts_error_id(error)) == 8 &&
                           strstr(wts_error_text(error), wts_error_message(error)) != NULL &&
                           strstr(wts_error_text(error), wts_error_description(error)) != NULL &&
                           strstr(wts_error_body(error), wts_error_message(error)) != NULL);
    check("its numbers", wts_error_http_status(error) == 500 && wts_error_attempts(error) == 1 &&
                             wts_error_retry_after_ms(error) == -1 && !wts_error_retryable(error) &&
                             !wts_error_may_have_been_applied(error));
    wts_error_free(error);
}

static bool count(void *user_data, const wts_outcome *outcome)
{
    size_t *done = user_data;

    return outcome->done == ++*done && outcome->total == 2 && outcome->index < 2 && outcome->code == WTS_OK &&
           outcome->json != NULL && outcome->error == NULL && strncmp(outcome->session_id, "session_", 8) == 0;
}

static void bulk(const wts_client *client)
{
    const char *const ids[] = {"session_12345", "session_23456"};
    const wts_status_update updates[] = {{"session_12345", "Pending"}, {"session_23456", "HIDDEN"}};
    size_t completed = 0, updated = 0;

    check("bulk calls", wts_complete_sessions(client, ids, 2, NULL, count, &completed, NULL) == WTS_OK &&
                            wts_update_session_statuses(client, updates, 2, NULL, count, &updated, NULL) == WTS_OK &&
                            completed == 2 && updated == 2);
}

int main(void)
{
    wts_config *config = make_config();
    wts_client *client = NULL;

    check("a client", wts_client_new(config, &client, NULL) == WTS_OK);
    complete(client);
    fail(client);
    bulk(client);
    check("the library says its version", strchr(wts_version(), '.') != NULL);
    wts_client_free(client);
    wts_config_free(config);
    printf("1..%u\n", number);
    return all_hold ? 0 : 1;
}
