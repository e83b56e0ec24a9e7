/* Reads the updated session, with json-c. The library leaves the choice to you: any JSON library does it.
 *
 * usage: json SESSION_ID...
 * WTS_API_KEY holds the key; WTS_BASE_URL, where it is set, another address of the API. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wts_session.h>

/* A field that is text; null where it is missing or null. */
static const char *text(struct json_object *object, const char *name)
{
    struct json_object *field;

    if (!json_object_object_get_ex(object, name, &field) || !json_object_is_type(field, json_type_string)) {
        return NULL;
    }
    return json_object_get_string(field);
}

static const char *or_dash(const char *given)
{
    return given == NULL ? "-" : given;
}

static void show(const char *json)
{
    struct json_object *session = json_tokener_parse(json), *unread;
    const char *status = text(session, "status");

    printf("%s is %s\n", or_dash(text(session, "id")), or_dash(text(session, "statusDescription")));
    printf("ended at: %s\n", or_dash(text(session, "endAt")));
    if (json_object_object_get_ex(session, "unreadCount", &unread)) {
        printf("unread: %d\n", json_object_get_int(unread));
    }
    if (status != NULL && strcmp(status, "IN_PROGRESS") == 0) {
        puts("somebody looks after it");
    }
    json_object_put(session);
}

int main(int argc, char **argv)
{
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    wts_error *error = NULL;
    wts_code code = wts_client_new(config, &client, &error);

    for (int i = 1; i < argc && code == WTS_OK; i++) {
        char *json = NULL;

        code = wts_update_session_status(client, argv[i], "IN_PROGRESS", NULL, &json, &error);
        if (code == WTS_OK) {
            show(json);
        }
        wts_string_free(json);
    }
    if (code != WTS_OK) {
        fprintf(stderr, "%s: %s\n", wts_code_name(code), wts_error_text(error));
    }
    wts_error_free(error);
    wts_client_free(client);
    wts_config_free(config);
    return code == WTS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
