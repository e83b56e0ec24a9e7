/* The clients of libcurl: see worker.h. They parse the answer, as a program has to before it knows whether the API has
 * refused with a 200. */
#include <curl/curl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "worker.h"

/* A handle with the answer that it gets. */
struct transfer {
    CURL *handle;
    char *text;
    size_t length, room;
};

static struct transfer transfers[AT_ONCE];
static struct curl_slist *headers;
static CURLM *multi;
static bool parses = true;

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

static void prepare(struct transfer *transfer, const char *url)
{
    CURL *handle = transfer->handle = curl_easy_init();
    const char *authorities = getenv("SSL_CERT_FILE");

    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, "{}");
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, transfer);
    if (authorities != NULL) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, authorities);
    }
}

static void begin_curl(unsigned count)
{
    char *authorization = text_of("Authorization: Bearer %s", getenv("WTS_API_KEY"));
    char *url = text_of("%s/chat/v1/session/%s/complete", getenv("WTS_BASE_URL"), SESSION_ID);

    curl_global_init(CURL_GLOBAL_DEFAULT);
    headers = curl_slist_append(curl_slist_append(NULL, authorization), "Content-Type: application/json");
    for (unsigned i = 0; i < count; i++) {
        prepare(&transfers[i], url);
    }
    free(url);
    free(authorization);
}

static void begin_easy(void)
{
    begin_curl(1);
}

static void begin_threads(void)
{
    begin_curl(AT_ONCE);
}

static void begin_multi(void)
{
    begin_curl(AT_ONCE);
    multi = curl_multi_init();
}

static void begin_easy_alone(void)
{
    parses = false;
    begin_easy();
}

static void begin_multi_alone(void)
{
    parses = false;
    begin_multi();
}

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
    (parses ? parse : check_session)(transfer->text);
    transfer->length = 0;
}

static void curl_share(unsigned thread, unsigned calls)
{
    for (unsigned i = 0; i < calls; i++) {
        expect(curl_easy_perform(transfers[thread].handle) == CURLE_OK);
        finish(&transfers[thread]);
    }
}

static void curl_easy(unsigned calls)
{
    curl_share(0, calls);
}

static void curl_threads(unsigned calls)
{
    in_threads(curl_share, calls);
}

/* The transfer that is done; null if none is. */
static struct transfer *next_done(void)
{
    struct transfer *transfer = NULL;
    int left;
    const CURLMsg *message = curl_multi_info_read(multi, &left);

    if (message == NULL) {
        return NULL;
    }
    expect(message->data.result == CURLE_OK);
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    curl_multi_remove_handle(multi, transfer->handle);
    return transfer;
}

static void curl_multi(unsigned calls)
{
    unsigned started = 0, done = 0;
    int running;

    for (; started < AT_ONCE; started++) {
        curl_multi_add_handle(multi, transfers[started].handle);
    }
    while (done < calls) {
        struct transfer *transfer;

        expect(curl_multi_perform(multi, &running) == CURLM_OK);
        for (; (transfer = next_done()) != NULL; done++) {
            finish(transfer);
            if (started < calls) {
                curl_multi_add_handle(multi, transfer->handle);
                started++;
            }
        }
        expect(done == calls || curl_multi_poll(multi, NULL, 0, 1000, NULL) == CURLM_OK);
    }
}

const struct client clients[] = {
    {"curl-easy", begin_easy, curl_easy},
    {"curl-easy-alone", begin_easy_alone, curl_easy},
    {"curl-threads", begin_threads, curl_threads},
    {"curl-multi", begin_multi, curl_multi},
    {"curl-multi-alone", begin_multi_alone, curl_multi},
    {NULL, NULL, NULL},
};
