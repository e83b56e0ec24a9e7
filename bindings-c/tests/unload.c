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

static void use(void *handle)
{
    wts_config *(*config_new)(void);
    void (*set_api_key)(wts_config *, const char *), (*set_base_url)(wts_config *, const char *);
    wts_code (*client_new)(const wts_config *, wts_client **, wts_error **);
    wts_code (*complete)(const wts_client *, const char *, const wts_complete_options *, char **, wts_error **);
    void (*config_free)(wts_config *), (*client_free)(wts_client *);
    wts_config *config;
    wts_client *client = NULL;

    FUNCTION(handle, "wts_config_new", config_new);
    FUNCTION(handle, "wts_config_set_api_key", set_api_key);
    FUNCTION(handle, "wts_config_set_base_url", set_base_url);
    FUNCTION(handle, "wts_client_new", client_new);
    FUNCTION(handle, "wts_complete_session", complete);
    FUNCTION(handle, "wts_config_free", config_free);
    FUNCTION(handle, "wts_client_free", client_free);
    config = config_new();
    set_api_key(config, api_key);
    set_base_url(config, base_url);
    CHECK_EQUAL(client_new(config, &client, NULL), WTS_OK);
    CHECK_EQUAL(complete(client, "session_12345", NULL, NULL, NULL), WTS_OK);
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
    use(handle);
    CHECK_EQUAL(dlclose(handle), 0);
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
