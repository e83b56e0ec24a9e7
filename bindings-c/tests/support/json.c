#include "json.h"

#include <string.h>

#include "check.h"

enum { MAX_DEPTH = 1000 };

struct json_object *json_parsed(const char *text)
{
    struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
    struct json_object *value = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);

    if (json_tokener_get_error(tokener) != json_tokener_success) {
        give_up("no JSON (%s): %.300s", json_tokener_error_desc(json_tokener_get_error(tokener)), text);
    }
    json_tokener_free(tokener);
    return value;
}

struct json_object *json_member(struct json_object *object, const char *name)
{
    struct json_object *member = NULL;

    json_object_object_get_ex(object, name, &member);
    return member;
}

const char *json_text(struct json_object *object, const char *name)
{
    return json_object_get_string(json_member(object, name));
}

uint64_t json_number(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0) {
        give_up("no whole number from 0 on: %s", json_object_to_json_string(value));
    }
    return json_object_get_uint64(value);
}

static bool same_objects(struct json_object *left, struct json_object *right)
{
    struct json_object *other;

    json_object_object_foreach(left, name, value)
    {
        if (!json_object_object_get_ex(right, name, &other) || !json_same(value, other)) {
            return false;
        }
    }
    return json_object_object_length(left) == json_object_object_length(right);
}

static bool same_arrays(struct json_object *left, struct json_object *right)
{
    size_t length = json_object_array_length(left);

    if (json_object_array_length(right) != length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!json_same(json_object_array_get_idx(left, i), json_object_array_get_idx(right, i))) {
            return false;
        }
    }
    return true;
}

static bool same_strings(struct json_object *left, struct json_object *right)
{
    int length = json_object_get_string_len(left);

    return json_object_get_string_len(right) == length &&
           memcmp(json_object_get_string(left), json_object_get_string(right), (size_t)length) == 0;
}

bool json_same(struct json_object *left, struct json_object *right)
{
    if (json_object_get_type(left) != json_object_get_type(right)) {
        return false;
    }
    switch (json_object_get_type(left)) {
    case json_type_object:
        return same_objects(left, right);
    case json_type_array:
        return same_arrays(left, right);
    case json_type_string:
        return same_strings(left, right);
    default:
        /* json-c keeps the digits that it was given. */
        return strcmp(json_object_to_json_string(left), json_object_to_json_string(right)) == 0;
    }
}
