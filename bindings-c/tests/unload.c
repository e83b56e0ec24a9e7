/* dlopen and dlclose many times: the library stays, so that its threads and thread-local values stay valid.
 *
 * usage: WTS_BASE_URL=... WTS_API_KEY=... unload LIBRARY */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "wts_session.h"

enum { ROUNDS = 100 };

static const char *library, *base_url, *api_key;

/* A function of the library by its name; ISO C knows no cast from an object to a function. */
#define FUNCTION(handle, name, pointer)                                                                                \
    do {                                                                                                               \
        void *address = dlsym(handle, name);                                                                           \
        if (address == NULL) {                                                                                         \
            give_up("no %s", name);                                                                                    \
        }                                                                                                              \
        memcpy(&(pointer), &address, sizeof(pointer));                                                                 \
    } while (0)

/* Closes the library while a thread of its own is at work. */
static void use_and_close(void *handle)
{
    wts_config *(*config_new)(void);
    void (*set_api_key)(wts_config *, const char *), (*set_base_url)(wts_config *, const char *);
    void (*set_rate_limits)(wts_config *, const wts_rate_limit *, size_t);
    wts_code (*client_new)(const wts_config *, wts_client **, wts_error **);
    wts_code (*complete)(const wts_client *, const char *, const wts_complete_options *, char **, wts_error **);
    wts_code (*queue_new)(wts_queue **, wts_error **);
    wts_code (*start)(const wts_client *, const char *, const wts_complete_options *, const wts_queue *, void *,
                      wts_call **, wts_error **);
    wts_call *(*next)(const wts_queue *, uint64_t);
    wts_code (*take)(wts_call *, char **, wts_error **);
    void (*config_free)(wts_config *), (*client_free)(wts_client *), (*queue_free)(wts_queue *),
        (*call_free)(wts_call *);
    wts_config *config;
    wts_client *client = NULL;
    wts_queue *queue = NULL;
    wts_call *call = NULL;

    FUNCTION(handle, "wts_config_new", config_new);
    FUNCTION(handle, "wts_config_set_api_key", set_api_key);
    FUNCTION(handle, "wts_config_set_base_url", set_base_url);
    FUNCTION(handle, "wts_config_set_rate_limits", set_rate_limits);
    FUNCTION(handle, "wts_client_new", client_new);
    FUNCTION(handle, "wts_complete_session", complete);
    FUNCTION(handle, "wts_queue_new", queue_new);
    FUNCTION(handle, "wts_start_complete_session", start);
    FUNCTION(handle, "wts_queue_next", next);
    FUNCTION(handle, "wts_call_take", take);
    FUNCTION(handle, "wts_call_free", call_free);
    FUNCTION(handle, "wts_queue_free", queue_free);
    FUNCTION(handle, "wts_config_free", config_free);
    FUNCTION(handle, "wts_client_free", client_free);
    config = config_new();
    set_api_key(config, api_key);
    set_base_url(config, base_url);
    set_rate_limits(config, NULL, 0);
    CHECK_EQUAL(client_new(config, &client, NULL), WTS_OK);
    CHECK_EQUAL(complete(client, "session_12345", NULL, NULL, NULL), WTS_OK);
    CHECK_EQUAL(queue_new(&queue, NULL), WTS_OK);
    CHECK_EQUAL(start(client, "session_12345", NULL, queue, NULL, &call, NULL), WTS_OK);
    CHECK_EQUAL(dlclose(handle), 0);
    CHECK(next(queue, WTS_NO_TIMEOUT) == call);
    CHECK_EQUAL(take(call, NULL, NULL), WTS_OK);
    call_free(call);
    queue_free(queue);
    client_free(client);
    config_free(config);
}

/* The thread ends after dlclose, and with it its thread-local values. */
static void *one_round(void *unused)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

    (void)unused;
    if (handle == NULL) {
        give_up("%s", dlerror());
    }
    use_and_close(handle);
    return NULL;
}

static void rounds(void)
{
    void *handle;
    pthread_t thread;

    CHECK(dlopen(library, RTLD_NOW | RTLD_NOLOAD) == NULL);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_create(&thread, NULL, one_round, NULL);
        pthread_join(thread, NULL);
    }
    handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
    CHECK(handle != NULL);
}

int main(int argc, char **argv)
{
    if (argc != 2 || (base_url = getenv("WTS_BASE_URL")) == NULL || (api_key = getenv("WTS_API_KEY")) == NULL) {
        give_up("usage: WTS_BASE_URL=... WTS_API_KEY=... unload LIBRARY");
    }
    library = argv[1];
    test("opened, used and closed 100 times", rounds);
    return tests_done();
}
