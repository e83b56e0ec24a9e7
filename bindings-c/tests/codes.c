/* Every code of tests/errors.json has its number, its constant and its name here, and there are no others. */
#include <stdlib.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"
#include "wts_session.h"

struct constant {
    const char *name;
    wts_code number;
};

#define CONSTANT(name)                                                                                                 \
    {                                                                                                                  \
#name, name                                                                                                    \
    }

static const struct constant constants[] = {
    /* [codes] make generate writes these from tests/errors.json. */
    CONSTANT(WTS_MISSING_FIELDS),
    CONSTANT(WTS_INVALID_STATUS),
    CONSTANT(WTS_EMPTY_SESSION_ID),
    CONSTANT(WTS_INVALID_SESSION_ID),
    CONSTANT(WTS_MISSING_API_KEY),
    CONSTANT(WTS_INVALID_CONFIG),
    CONSTANT(WTS_UNAUTHORIZED),
    CONSTANT(WTS_FORBIDDEN),
    CONSTANT(WTS_NOT_FOUND),
    CONSTANT(WTS_REFUSED),
    CONSTANT(WTS_RATE_LIMITED),
    CONSTANT(WTS_SERVER_ERROR),
    CONSTANT(WTS_CONNECTION),
    CONSTANT(WTS_TIMEOUT),
    CONSTANT(WTS_UNEXPECTED_RESPONSE),
    CONSTANT(WTS_CANCELLED),
    CONSTANT(WTS_CLOSED),
    CONSTANT(WTS_INTERNAL),
    CONSTANT(WTS_LIMITS_UNAVAILABLE),
    /* [/codes] */
};

enum { COUNT = sizeof constants / sizeof *constants };

static struct json_object *codes;

static void numbers_and_names(void)
{
    CHECK_EQUAL(json_object_array_length(codes), COUNT);
    for (size_t i = 0; i < COUNT && i < json_object_array_length(codes); i++) {
        struct json_object *code = json_object_array_get_idx(codes, i);
        CHECK_TEXT(constants[i].name, json_text(code, "c_name"));
        CHECK_EQUAL(constants[i].number, json_number(json_member(code, "number")));
        CHECK_TEXT(wts_code_name(constants[i].number), json_text(code, "code"));
    }
}

static void other_numbers(void)
{
    CHECK_EQUAL(WTS_OK, 0);
    CHECK_TEXT(wts_code_name(WTS_OK), "ok");
    CHECK_TEXT(wts_code_name(-1), "unknown");
    for (wts_code number = COUNT + 1; number < 1000; number++) {
        CHECK_TEXT(wts_code_name(number), "unknown");
    }
}

static void type(void)
{
    CHECK_EQUAL(sizeof(wts_code), 4);
    CHECK((wts_code)-1 < 0);
}

int main(void)
{
    char *path = suite_path("errors.json"), *text = file_text(path);

    codes = json_parsed(text);
    test("numbers and names of all codes", numbers_and_names);
    test("names of other numbers", other_numbers);
    test("the type is a signed 32-bit integer", type);
    json_object_put(codes);
    free(text);
    free(path);
    return tests_done();
}
