/* CPU per call beside libcurl, against the stand-in: make bench-c.
 *
 * usage: calls [part of the names of the rows to run]
 *
 * Rounds are interleaved, and only the ratios within a run mean anything. The base does what a call of this library
 * does: it sees from the JSON whether the call has succeeded. */
#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { ROUNDS = 8, CALLS = 4000, AT_ONCE = 64 };

static const char session_id[] = "session_12345";
static wts_client *client;
static wts_queue *queue;

static void expect(bool holds)
{
    if (!holds) {
        give_up("a call failed");
    }
}

static void check_session(const char *json)
{
    expect(json != NULL && strstr(json, "\"status\":\"COMPLETED\"") != NULL);
}

/* ---- libcurl ---------------------------------------------------------------------------------------------------- */

/* A handle with the answer that it gets. */
struct transfer {
    CURL *handle;
    char *text;
    size_t length, room;
};

static struct curl_slist *headers;
static char *url;

static size_t append(char *data, size_t size, size_t count, void *user_data)
{
    struct transfer *transfer = user_data;
    size_t length = transfer->length + size * count;

    if (length >= transfer->room) {
        transfer->room = 2 * length + 1;
        transfer->text = allocate(transfer->text, transfer->room);
    }
    memcpy(transfer->text + transfer->length, data, size * count);
    transfer->length = length;
    transfer->text[length] = '\0';
    return size * count;
}

static void prepare(struct transfer *transfer)
{
    *transfer = (struct transfer){curl_easy_init(), NULL, 0, 0};
    curl_easy_setopt(transfer->handle, CURLOPT_URL, url);
    curl_easy_setopt(transfer->handle, CURLOPT_PROXY, "");
    curl_easy_setopt(transfer->handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(transfer->handle, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(transfer->handle, CURLOPT_POSTFIELDS, "{}");
    curl_easy_setopt(transfer->handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(transfer->handle, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(transfer->handle, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(transfer->handle, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(transfer->handle, CURLOPT_PRIVATE, transfer);
}

/* Whether answers are parsed, as a program has to do that wants to know whether the API refused with a 200. */
static bool parses;

static void parse(const char *text)
{
    struct json_object *session = json_tokener_parse(text);

    expect(!json_object_get_boolean(json_object_object_get(session, "error")));
    expect(strcmp(json_object_get_string(json_object_object_get(session, "status")), "COMPLETED") == 0);
    json_object_put(session);
}

static void finish(struct transfer *transfer)
{
    long status = 0;

    curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
    expect(status == 200);
    if (parses) {
        parse(transfer->text);
    } else {
        check_session(transfer->text);
    }
    transfer->length = 0;
}

static void discard(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->handle);
    free(transfer->text);
}

static struct transfer easy, transfers[AT_ONCE];
static CURLM *multi;

static void curl_one_after_another(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        expect(curl_easy_perform(easy.handle) == CURLE_OK);
        finish(&easy);
    }
}

static void curl_at_once(void)
{
    unsigned started = 0, done = 0;
    int running, left;

    for (; started < AT_ONCE; started++) {
        curl_multi_add_handle(multi, transfers[started].handle);
    }
    while (done < CALLS) {
        const CURLMsg *message;

        expect(curl_multi_perform(multi, &running) == CURLM_OK);
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            CURL *handle = message->easy_handle;
            struct transfer *transfer = NULL;

            expect(message->data.result == CURLE_OK);
            curl_easy_getinfo(handle, CURLINFO_PRIVATE, &transfer);
            finish(transfer);
            curl_multi_remove_handle(multi, handle);
            done++;
            if (started < CALLS) {
                curl_multi_add_handle(multi, handle);
                started++;
            }
        }
        expect(done == CALLS || curl_multi_poll(multi, NULL, 0, 1000, NULL) == CURLM_OK);
    }
}

static void curl_one_after_another_parsed(void)
{
    parses = true;
    curl_one_after_another();
    parses = false;
}

static void curl_at_once_parsed(void)
{
    parses = true;
    curl_at_once();
    parses = false;
}

/* ---- this library ----------------------------------------------------------------------------------------------- */

static void one_after_another(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        char *json = NULL;

        expect(wts_complete_session(client, session_id, NULL, &json, NULL) == WTS_OK);
        check_session(json);
        wts_string_free(json);
    }
}

static void start(void)
{
    expect(wts_start_complete_session(client, session_id, NULL, queue, NULL, NULL, NULL) == WTS_OK);
}

static void started_at_once(void)
{
    struct pollfd watched = {wts_queue_fd(queue), POLLIN, 0};
    unsigned started = 0, done = 0;
    wts_call *call;

    for (; started < AT_ONCE; started++) {
        start();
    }
    while (done < CALLS) {
        expect(poll(&watched, 1, -1) == 1);
        while ((call = wts_queue_next(queue, 0)) != NULL) {
            char *json = NULL;

            expect(wts_call_take(call, &json, NULL) == WTS_OK);
            check_session(json);
            wts_string_free(json);
            wts_call_free(call);
            done++;
            if (started < CALLS) {
                start();
                started++;
            }
        }
    }
}

static bool hear(void *user_data, const wts_outcome *outcome)
{
    (void)user_data;
    check_session(outcome->json);
    return true;
}

static void bulk_at_once(void)
{
    static const char *ids[CALLS];

    for (unsigned i = 0; i < CALLS; i++) {
        ids[i] = session_id;
    }
    expect(wts_complete_sessions(client, ids, CALLS, NULL, hear, NULL, NULL) == WTS_OK);
}

/* ---- the rounds ------------------------------------------------------------------------------------------------- */

struct row {
    const char *name;
    void (*work)(void);
    double figures[ROUNDS];
};

static struct row rows[] = {
    {"libcurl easy and json-c, one after another", curl_one_after_another_parsed, {0}},
    {"libcurl easy alone, one after another", curl_one_after_another, {0}},
    {"wts_complete_session, one after another", one_after_another, {0}},
    {"libcurl multi and json-c, 64 at once", curl_at_once_parsed, {0}},
    {"libcurl multi alone, 64 at once", curl_at_once, {0}},
    {"wts_start_complete_session, 64 at once", started_at_once, {0}},
    {"wts_complete_sessions, 64 at once", bulk_at_once, {0}},
};

enum { COUNT = sizeof rows / sizeof *rows };

/* The CPU time of this process with all its threads in microseconds. */
static double cpu_time(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return ((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec) * 1e6 + (double)usage.ru_utime.tv_usec +
           (double)usage.ru_stime.tv_usec;
}

static double cpu_per_call(void (*work)(void))
{
    double before = cpu_time();

    work();
    return (cpu_time() - before) / CALLS;
}

static int by_size(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;

    return (difference > 0) - (difference < 0);
}

static void report(void)
{
    double base = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        double median;

        qsort(rows[i].figures, ROUNDS, sizeof(double), by_size);
        median = rows[i].figures[ROUNDS / 2];
        if (strstr(rows[i].name, "json-c") != NULL) {
            base = median;
        }
        printf("%-44s %7.1f us of CPU a call %6.2f x libcurl and json-c\n", rows[i].name, median, median / base);
    }
}

static void begin(void)
{
    static const char *const arguments[] = {"--create-unknown", "--keep", "1", NULL};
    char *authorization;

    stand_in_start(arguments);
    authorization = text_of("Authorization: Bearer %s", stand_in_text("token"));
    headers = curl_slist_append(curl_slist_append(NULL, authorization), "Content-Type: application/json");
    free(authorization);
    url = text_of("%s/chat/v1/session/%s/complete", stand_in_text("api"), session_id);
    prepare(&easy);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        prepare(&transfers[i]);
    }
    multi = curl_multi_init();
    client = stand_in_client();
    expect(wts_queue_new(&queue, NULL) == WTS_OK);
}

static void end(void)
{
    wts_queue_free(queue);
    wts_client_free(client);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        discard(&transfers[i]);
    }
    curl_multi_cleanup(multi);
    discard(&easy);
    curl_slist_free_all(headers);
    free(url);
}

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "";

    begin();
    for (unsigned round = 0; round <= ROUNDS; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            double figure = strstr(rows[i].name, wanted) == NULL ? 0 : cpu_per_call(rows[i].work);

            if (round > 0) { /* the first one warms up */
                rows[i].figures[round - 1] = figure;
            }
        }
    }
    report();
    end();
    return EXIT_SUCCESS;
}
