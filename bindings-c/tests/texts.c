/* What comes out, to the byte: results as the API sent them, and the texts and times of errors. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

static wts_client *client;

static void result_is_the_text_of_the_api(void)
{
    static const char steps[] =
        "[{\"status\": 200, \"text\": \"{\\\"success\\\":true,\\\"sessionId\\\":\\\"x\\\",\\\"integer\\\":"
        "123456789012345678901234567890,\\\"real\\\":1.10000000000000000000001,\\\"large\\\":1e999,\\\"half\\\":"
        "\\\"\\\\ud83d\\\",\\\"nul\\\":\\\"a\\\\u0000b\\\",\\\"name\\\":\\\"Jo\\u00e3o \\ud83d\\udc4d\\\"}\"}]";
    static const char expected[] =
        "{\"success\":true,\"sessionId\":\"x\",\"integer\":123456789012345678901234567890,"
        "\"real\":1.10000000000000000000001,\"large\":1e999,\"half\":\"\\ud83d\",\"nul\":\"a\\u0000b\","
        "\"name\":\"Jo\xC3\xA3o \xF0\x9F\x91\x8D\"}";
    char *json = NULL;

    stand_in_script("texts-result", steps);
    CHECK_EQUAL(wts_complete_session(client, "texts-result", NULL, &json, NULL), WTS_OK);
    CHECK_TEXT(json, expected);
    wts_string_free(json);
}

static void nul_in_a_body(void)
{
    wts_error *error = NULL;

    stand_in_script("texts-nul", "[{\"status\": 503, \"hex\": \"610062\"}]");
    CHECK_EQUAL(wts_complete_session(client, "texts-nul", NULL, NULL, &error), WTS_SERVER_ERROR);
    CHECK_TEXT(wts_error_body(error), "a\xEF\xBF\xBD"
                                      "b");
    wts_error_free(error);
}

static void nul_in_a_message(void)
{
    wts_error *error = NULL;

    stand_in_script("texts-message", "[{\"status\": 400, \"body\": {\"key\": \"K\\u0000\", \"text\": \"a\\u0000b\"}}]");
    CHECK_EQUAL(wts_complete_session(client, "texts-message", NULL, NULL, &error), WTS_REFUSED);
    CHECK_TEXT(wts_error_message(error), "a\xEF\xBF\xBD"
                                         "b");
    CHECK_TEXT(wts_error_text(error), "a\\0b (HTTP 400, key K\\0)");
    wts_error_free(error);
}

static void check_wait(const char *session_id, const char *header, int64_t expected)
{
    char *steps = text_of("[{\"status\": 503, \"headers\": [[\"Retry-After\", \"%s\"]]}]", header);
    wts_error *error = NULL;

    stand_in_script(session_id, steps);
    CHECK_EQUAL(wts_complete_session(client, session_id, NULL, NULL, &error), WTS_SERVER_ERROR);
    CHECK_EQUAL(wts_error_retry_after_ms(error), expected);
    wts_error_free(error);
    free(steps);
}

static void retry_after_is_in_milliseconds(void)
{
    check_wait("texts-wait-1", "2", 2000);
    check_wait("texts-wait-2", "0", 0);
    check_wait("texts-wait-3", "soon", -1);
    check_wait("texts-wait-4", "1.0001", 1001);
}

/* The header names all fields that the API has. */
static void the_header_lists_the_fields(void)
{
    char *header = file_text(WTS_REPOSITORY "/include/wts_session.h"), *json = NULL;
    struct json_object *session;

    CHECK_EQUAL(wts_complete_session(client, "session_12345", NULL, &json, NULL), WTS_OK);
    session = json_parsed(json);
    CHECK(json_object_object_length(session) > 30);
    json_object_object_foreach(session, name, value)
    {
        (void)value;
        if (strstr(header, name) == NULL) {
            CHECK_TEXT(NULL, name);
        }
    }
    json_object_put(session);
    wts_string_free(json);
    free(header);
}

static void error_and_client_are_independent(void)
{
    wts_client *own = stand_in_client();
    wts_error *error = NULL;

    stand_in_script("texts-alone", "[{\"status\": 500, \"body_file\": \"error-refused-as-500.json\"}]");
    wts_complete_session(own, "texts-alone", NULL, NULL, &error);
    wts_client_free(own);
    CHECK(strlen(wts_error_message(error)) > 0);
    CHECK(strstr(wts_error_body(error), wts_error_key(error)) != NULL);
    wts_error_free(error);
}

int main(void)
{
    stand_in_start(NULL);
    client = stand_in_client();
    test("a result is the text of the API, to the digit", result_is_the_text_of_the_api);
    test("a NUL in a body", nul_in_a_body);
    test("a NUL in a message", nul_in_a_message);
    test("retry_after is in milliseconds, rounded up", retry_after_is_in_milliseconds);
    test("the header lists the fields of a session", the_header_lists_the_fields);
    test("an error lives longer than its client", error_and_client_are_independent);
    wts_client_free(client);
    return tests_done();
}
