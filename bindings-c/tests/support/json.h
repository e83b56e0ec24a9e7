/* What json-c leaves to its users. */
#ifndef WTS_TESTS_JSON_H
#define WTS_TESTS_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* The value of this JSON text, however deep; anything else ends the program. To be put back. */
struct json_object *json_parsed(const char *text);

/* The member of an object; null where there is none, where it is null, and where there is no object. */
struct json_object *json_member(struct json_object *object, const char *name);

/* The text of that member, or null. */
const char *json_text(struct json_object *object, const char *name);

/* A whole number from 0 on; anything else ends the program. */
uint64_t json_number(struct json_object *value);

/* Whether both are the same value: numbers to the last digit, members in any order. */
bool json_same(struct json_object *left, struct json_object *right);

#endif
