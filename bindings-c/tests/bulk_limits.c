/* 900 sessions with mixed faults under the API's real limits, over a network that delays: no window over its limit,
 * no 429, and every outcome right. */
#include <stdlib.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

/* With the repeats, fewer requests than a bulk call may have of the long window: one more would wait for five minutes.
 */
enum { SESSIONS = 900, KINDS = 40 };

static const wts_rate_limit limits[] = {{200, 5000}, {1000, 300000}};

static char *ids[SESSIONS];
static wts_code codes[SESSIONS];

/* What session number i meets, and what must come of it. */
static wts_code expected(size_t i)
{
    switch (i % KINDS) {
    case 3:
        return WTS_REFUSED;
    case 11:
    case 23:
        return WTS_EMPTY_SESSION_ID;
    case 31:
        return WTS_INVALID_SESSION_ID;
    default:
        return WTS_OK;
    }
}

static const char *script(size_t i)
{
    switch (i % KINDS) {
    case 3:
        return "[{\"status\": 500, \"body_file\": \"error-refused-as-500.json\"}]";
    case 7:
        return "[{\"raw\": [{\"reset\": true}]}]";
    case 13:
        return "[{\"status\": 503, \"text\": \"busy\"}]";
    case 17:
        return "[{\"status\": 200}]";
    default:
        return NULL;
    }
}

static void prepare(void)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        switch (i % KINDS) {
        case 11:
        case 23:
            ids[i] = text_of(" ");
            break;
        case 31:
            ids[i] = text_of("..");
            break;
        case 19:
            ids[i] = text_of("twice-%u", (unsigned)(i / KINDS / 2));
            break;
        default:
            ids[i] = text_of("limited-%u", (unsigned)i);
        }
        codes[i] = -1;
        if (script(i) != NULL) {
            stand_in_script(ids[i], script(i));
        }
    }
}

static bool note(void *user_data, const wts_outcome *outcome)
{
    size_t *done = user_data;

    CHECK_EQUAL(outcome->done, ++*done);
    CHECK_TEXT(outcome->session_id, ids[outcome->index]);
    CHECK_EQUAL(codes[outcome->index], -1);
    codes[outcome->index] = outcome->code;
    if (outcome->code != expected(outcome->index)) {
        CHECK_TEXT(wts_error_text(outcome->error), wts_code_name(expected(outcome->index)));
    }
    return true;
}

static void nine_hundred_sessions(void)
{
    wts_config *config = stand_in_config();
    wts_client *client = NULL;
    size_t done = 0;

    wts_config_set_rate_limits(config, limits, 2);
    wts_config_set_max_retries(config, 3);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    CHECK_EQUAL(wts_complete_sessions(client, (const char *const *)ids, SESSIONS, NULL, note, &done, NULL), WTS_OK);
    CHECK_EQUAL(done, SESSIONS);
    for (size_t i = 0; i < SESSIONS; i++) {
        CHECK_EQUAL(codes[i], expected(i));
    }
    stand_in_check_windows();
    wts_client_free(client);
    wts_config_free(config);
}

int main(void)
{
    static const char *const arguments[] = {"--create-unknown", "--latency", "0..40",   "--arrival-delay", "0..60",
                                            "--limit",          "200/5",     "--limit", "1000/300",        NULL};

    stand_in_start(arguments);
    prepare();
    test("900 sessions with mixed faults under the real limits", nine_hundred_sessions);
    for (size_t i = 0; i < SESSIONS; i++) {
        free(ids[i]);
    }
    return tests_done();
}
