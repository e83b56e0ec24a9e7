#include "stand_in.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "json.h"

enum { MAX_ARGUMENTS = 32, DAY_MS = 86400000, PATIENCE_S = 1800 };

static struct json_object *printed;

char *suite_path(const char *name)
{
    return text_of("%s/tests/%s", WTS_REPOSITORY, name);
}

static char *program(void)
{
    const char *given = getenv("WTS_STAND_IN");

    return repeated(given == NULL ? WTS_REPOSITORY "/target/debug/wts-stand-in" : given, 1);
}

static void clean_environment(void)
{
    static const char *const influences[] = {
        "WTS_API_KEY", "WTS_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",    "NO_PROXY",
        "http_proxy",  "https_proxy",  "all_proxy",  "no_proxy",    "SSL_CERT_DIR",
    };

    for (size_t i = 0; i < sizeof influences / sizeof *influences; i++) {
        unsetenv(influences[i]);
    }
}

/* In the child: its standard input ends with this process, and with it the stand-in. */
static void become_stand_in(const int input[2], const int output[2], char *const *arguments)
{
    dup2(input[0], STDIN_FILENO);
    dup2(output[1], STDOUT_FILENO);
    close(input[0]);
    close(input[1]);
    close(output[0]);
    close(output[1]);
    execv(arguments[0], arguments);
    perror(arguments[0]);
    _exit(127);
}

static struct json_object *read_line(int descriptor)
{
    char line[8192];
    FILE *output = fdopen(descriptor, "r");
    struct json_object *object;

    if (output == NULL || fgets(line, sizeof line, output) == NULL) {
        give_up("the stand-in printed nothing; cargo build -p wts-stand-in builds it");
    }
    object = json_tokener_parse(line);
    if (object == NULL) {
        give_up("the stand-in printed no JSON: %s", line);
    }
    fclose(output);
    return object;
}

static struct json_object *launch(char *const *arguments)
{
    int input[2], output[2];

    if (pipe(input) != 0 || pipe(output) != 0) {
        give_up("no pipes");
    }
    switch (fork()) {
    case -1:
        give_up("no process");
    case 0:
        become_stand_in(input, output, arguments);
    }
    close(input[0]);
    close(output[1]);
    return read_line(output[0]);
}

void stand_in_start(const char *const *further)
{
    char *vectors = suite_path("vectors"), *http = suite_path("http"), *path = program();
    const char *arguments[MAX_ARGUMENTS] = {path,        "--json", "--stay-with-stdin", "--limit", "100000/5",
                                            "--scripts", vectors,  "--scripts",         http};
    size_t count = 9;

    for (size_t i = 0; further != NULL && further[i] != NULL && count < MAX_ARGUMENTS - 1; i++) {
        arguments[count++] = further[i];
    }
    alarm(PATIENCE_S); /* a program that hangs is a program that fails */
    clean_environment();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    printed = launch((char *const *)arguments);
    setenv("SSL_CERT_FILE", stand_in_text("ca_file"), 1);
    free(path);
    free(http);
    free(vectors);
}

const char *stand_in_text(const char *name)
{
    struct json_object *value;

    if (!json_object_object_get_ex(printed, name, &value)) {
        give_up("the stand-in has no %s", name);
    }
    return json_object_get_string(value);
}

static char *replaced(char *text, const char *place, const char *value)
{
    char *found, *result;

    while ((found = strstr(text, place)) != NULL) {
        result = text_of("%.*s%s%s", (int)(found - text), text, value, found + strlen(place));
        free(text);
        text = result;
    }
    return text;
}

char *stand_in_fill(const char *text)
{
    char *filled = repeated(text, 1);

    json_object_object_foreach(printed, name, value)
    {
        char *place = text_of("{%s}", name);
        filled = replaced(filled, place, json_object_get_string(value));
        free(place);
    }
    return filled;
}

struct buffer {
    char *text;
    size_t length;
};

static size_t append(char *data, size_t size, size_t count, void *user_data)
{
    struct buffer *buffer = user_data;

    buffer->text = allocate(buffer->text, buffer->length + size * count + 1);
    memcpy(buffer->text + buffer->length, data, size * count);
    buffer->length += size * count;
    buffer->text[buffer->length] = '\0';
    return size * count;
}

/* Asks the stand-in's control surface: GET, or POST where there is a body. The answer is to be freed. */
static char *control(const char *path, const char *body)
{
    struct buffer answer = {repeated("", 1), 0};
    char *url = text_of("%s/_stand-in/%s", stand_in_text("api"), path);
    CURL *curl = curl_easy_init();
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        give_up("the stand-in refused %s: %s", url, curl_easy_strerror(code));
    }
    curl_easy_cleanup(curl);
    free(url);
    return answer.text;
}

static struct json_object *parsed_control(const char *path)
{
    char *text = control(path, NULL);
    struct json_object *answer = json_tokener_parse(text);

    if (answer == NULL) {
        give_up("the stand-in answered no JSON on %s", path);
    }
    free(text);
    return answer;
}

struct json_object *stand_in_requests(const char *session_id, size_t at_least)
{
    CURL *curl = curl_easy_init();
    char *escaped = curl_easy_escape(curl, session_id == NULL ? "" : session_id, 0);
    char *path =
        text_of("requests?at_least=%zu&wait_ms=30000%s%s", at_least, session_id == NULL ? "" : "&session_id=", escaped);
    struct json_object *requests = parsed_control(path);

    free(path);
    curl_free(escaped);
    curl_easy_cleanup(curl);
    return requests;
}

static int64_t connections(const char *path, const char *name)
{
    struct json_object *counts = parsed_control(path), *count;
    int64_t result;

    if (!json_object_object_get_ex(counts, name, &count)) {
        give_up("the stand-in does not count %s connections", name);
    }
    result = json_object_get_int64(count);
    json_object_put(counts);
    return result;
}

int64_t stand_in_connections(const char *name)
{
    return connections("connections", name);
}

void stand_in_check_closed(void)
{
    CHECK_EQUAL(connections("connections?at_most=0&wait_ms=30000", "open"), 0);
}

void stand_in_check_windows(void)
{
    struct json_object *windows = parsed_control("windows");

    for (size_t i = 0; i < json_object_array_length(windows); i++) {
        struct json_object *window = json_object_array_get_idx(windows, i);

        CHECK_EQUAL(json_number(json_member(window, "refused")), 0);
        CHECK(json_number(json_member(window, "peak")) <= json_number(json_member(window, "requests")));
    }
    json_object_put(windows);
}

void stand_in_script(const char *session_id, const char *steps)
{
    struct json_object *script = json_object_new_object(), *parsed = json_tokener_parse(steps);

    if (parsed == NULL) {
        give_up("no JSON: %s", steps);
    }
    json_object_object_add(script, "session_id", json_object_new_string(session_id));
    json_object_object_add(script, "steps", parsed);
    free(control("scripts", json_object_to_json_string_ext(script, JSON_C_TO_STRING_PLAIN)));
    json_object_put(script);
}

wts_config *stand_in_config(void)
{
    wts_config *config = wts_config_new();

    wts_config_set_api_key(config, stand_in_text("token"));
    wts_config_set_base_url(config, stand_in_text("api"));
    wts_config_set_max_retries(config, 0);
    wts_config_set_rate_limits(config, NULL, 0);
    wts_config_set_timeout_ms(config, DAY_MS);
    wts_config_set_total_timeout_ms(config, WTS_NO_TIMEOUT);
    return config;
}

bool check_ok(const char *file, int line, const char *what, wts_code code, wts_error *const *error)
{
    bool holds = code == WTS_OK && *error == NULL;

    return check_texts(file, line, what, holds ? NULL : wts_error_text(*error), NULL);
}

wts_client *stand_in_client(void)
{
    wts_config *config = stand_in_config();
    wts_client *client = NULL;
    wts_error *error = NULL;

    if (wts_client_new(config, &client, &error) != WTS_OK) {
        give_up("no client: %s", wts_error_text(error));
    }
    wts_config_free(config);
    return client;
}
