/* Options of programs that know fewer members than the library, or more. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

static const char seeded[] = "session_12345";
static wts_client *client;

/* The options as the latest request of the session had them. */
static void check_sent(const char *expected)
{
    struct json_object *requests = stand_in_requests(seeded, 1);
    struct json_object *last = json_object_array_get_idx(requests, json_object_array_length(requests) - 1);

    CHECK_TEXT(json_text(last, "body_text"), expected);
    json_object_put(requests);
}

static void check_complete(const void *options, const char *sent)
{
    CHECK_EQUAL(wts_complete_session(client, seeded, options, NULL, NULL), WTS_OK);
    check_sent(sent);
}

static void check_update(const void *options, const char *sent)
{
    CHECK_EQUAL(wts_update_session_status(client, seeded, "PENDING", options, NULL, NULL), WTS_OK);
    check_sent(sent);
}

static void defaults(void)
{
    wts_complete_options complete = WTS_COMPLETE_OPTIONS_INIT;
    wts_update_options update = WTS_UPDATE_OPTIONS_INIT;

    check_complete(&complete, "{}");
    check_complete(NULL, "{}");
    check_update(&update, "{\"newStatus\":\"PENDING\"}");
    check_update(NULL, "{\"newStatus\":\"PENDING\"}");
}

static void all_set(void)
{
    wts_complete_options complete = WTS_COMPLETE_OPTIONS_INIT;
    wts_update_options update = WTS_UPDATE_OPTIONS_INIT;

    complete.reactivate_on_new_message = true;
    check_complete(&complete, "{\"reactivateOnNewMessage\":true}");
    complete.stop_bot_in_execution = true;
    check_complete(&complete, "{\"reactivateOnNewMessage\":true,\"stopBotInExecution\":true}");
    update.stop_bot_in_execution = true;
    check_update(&update, "{\"newStatus\":\"PENDING\",\"options\":{\"stopBotInExecution\":true}}");
}

static void check_wrong_size(size_t size)
{
    wts_complete_options complete = WTS_COMPLETE_OPTIONS_INIT;
    wts_update_options update = WTS_UPDATE_OPTIONS_INIT;
    wts_error *error = NULL;

    complete.struct_size = update.struct_size = size;
    CHECK_EQUAL(wts_complete_session(client, seeded, &complete, NULL, &error), WTS_INVALID_CONFIG);
    CHECK(strstr(wts_error_description(error), "struct_size") != NULL);
    CHECK_EQUAL(wts_error_attempts(error), 0);
    wts_error_free(error);
    CHECK_EQUAL(wts_update_session_status(client, seeded, "PENDING", &update, NULL, NULL), WTS_INVALID_CONFIG);
}

static void too_small(void)
{
    check_wrong_size(0);
    check_wrong_size(1);
    check_wrong_size(sizeof(size_t) - 1);
}

/* As memory has it that nobody has set: no struct is that large. */
static void too_large(void)
{
    check_wrong_size(4097);
    check_wrong_size(0x7FFFFFFF);
    check_wrong_size(SIZE_MAX);
}

/* Members behind the end of the struct are never touched: memory checkers see it, for the block is just as long. */
static void of_an_older_program(void)
{
    static const char *const sent[] = {"{}", "{\"stopBotInExecution\":true}",
                                       "{\"reactivateOnNewMessage\":true,\"stopBotInExecution\":true}"};
    size_t first = offsetof(wts_complete_options, stop_bot_in_execution);

    for (size_t size = first; size < sizeof(wts_complete_options); size++) {
        char *block = allocate(NULL, size);
        memset(block, 0xFF, size);
        memcpy(block, &size, sizeof size);
        check_complete(block, sent[size - first < 2 ? size - first : 2]);
        free(block);
    }
}

static void of_a_newer_program(void)
{
    struct {
        wts_complete_options known;
        uint8_t unknown[64];
    } complete = {WTS_COMPLETE_OPTIONS_INIT, {0}};

    memset(complete.unknown, 0xFF, sizeof complete.unknown);
    complete.known.struct_size = sizeof complete;
    complete.known.stop_bot_in_execution = true;
    check_complete(&complete, "{\"stopBotInExecution\":true}");
}

static void rubbish_in_reserved_bytes(void)
{
    wts_complete_options complete = WTS_COMPLETE_OPTIONS_INIT;
    wts_update_options update = WTS_UPDATE_OPTIONS_INIT;

    memset(complete.reserved, 0xA5, sizeof complete.reserved);
    memset(update.reserved, 0xA5, sizeof update.reserved);
    check_complete(&complete, "{}");
    check_update(&update, "{\"newStatus\":\"PENDING\"}");
}

/* A byte that is no valid bool, as uninitialised memory may have it, is true and nothing worse. */
static void rubbish_in_a_bool(void)
{
    wts_complete_options complete = WTS_COMPLETE_OPTIONS_INIT;

    memset((char *)&complete + offsetof(wts_complete_options, stop_bot_in_execution), 0xA5, 1);
    check_complete(&complete, "{\"stopBotInExecution\":true}");
}

static void out_of_alignment(void)
{
    wts_complete_options complete = WTS_COMPLETE_OPTIONS_INIT;
    char block[sizeof complete + 1];

    complete.reactivate_on_new_message = true;
    memcpy(block + 1, &complete, sizeof complete);
    check_complete(block + 1, "{\"reactivateOnNewMessage\":true}");
}

int main(void)
{
    stand_in_start(NULL);
    client = stand_in_client();
    test("the initialisers give the defaults", defaults);
    test("all options set", all_set);
    test("a struct_size that has no room for itself", too_small);
    test("a struct_size that can't be true", too_large);
    test("options of an older program", of_an_older_program);
    test("options of a newer program", of_a_newer_program);
    test("rubbish in reserved bytes", rubbish_in_reserved_bytes);
    test("rubbish in a bool", rubbish_in_a_bool);
    test("options at an odd address", out_of_alignment);
    wts_client_free(client);
    return tests_done();
}
