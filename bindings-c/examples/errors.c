/* What an error tells, and what to do about it.
 *
 * usage: errors SESSION_ID...
 * WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wts_session.h>

/* Says what to do about an error. Messages are for people; programs look at the code. */
static void advise(const wts_error *error)
{
    switch (wts_error_code(error)) {
    case WTS_MISSING_API_KEY:
    case WTS_UNAUTHORIZED:
        puts("  -> have a look at WTS_API_KEY and WTS_BASE_URL");
        break;
    case WTS_EMPTY_SESSION_ID:
    case WTS_INVALID_SESSION_ID:
        puts("  -> correct the session id; nothing was sent");
        break;
    case WTS_NOT_FOUND:
        puts("  -> forget this session");
        break;
    default: /* codes may be added */
        if (!wts_error_retryable(error)) {
            puts("  -> ask the support, with the error id");
        } else if (wts_error_retry_after_ms(error) < 0) { /* not known */
            puts("  -> try again later");
        } else {
            printf("  -> try again in %" PRId64 " ms\n", wts_error_retry_after_ms(error));
        }
    }
    if (wts_error_may_have_been_applied(error)) {
        puts("  -> it may be completed all the same");
    }
}

static void show(const wts_error *error)
{
    printf("%s: %s\n", wts_code_name(wts_error_code(error)), wts_error_text(error));
    if (wts_error_http_status(error) != 0) {
        printf("  HTTP %d, %" PRIu32 " request(s)\n", wts_error_http_status(error), wts_error_attempts(error));
    }
    if (wts_error_key(error) != NULL && wts_error_id(error) != NULL) {
        printf("  key %s, error id %s\n", wts_error_key(error), wts_error_id(error));
    }
    advise(error);
}

int main(int argc, char **argv)
{
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    wts_error *error = NULL;
    int failed = 0;

    if (wts_client_new(config, &client, &error) != WTS_OK) {
        show(error);
        failed++;
    }
    for (int i = 1; i < argc && client != NULL; i++) {
        if (wts_complete_session(client, argv[i], NULL, NULL, &error) == WTS_OK) {
            printf("%s is completed\n", argv[i]);
        } else {
            show(error);
            wts_error_free(error);
            error = NULL;
            failed++;
        }
    }
    wts_error_free(error);
    wts_client_free(client);
    wts_config_free(config);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
