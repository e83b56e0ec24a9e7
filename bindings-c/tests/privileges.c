/* A program that has more rights than its user, as setuid programs have: the user's environment does not say where the
 * API key goes, nor through which proxy, nor whom to trust. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "check.h"
#include "wts_session.h"

/* In place of the system's: to the library, this program is such a one. */
unsigned long getauxval(unsigned long type)
{
    unsigned long (*of_the_system)(unsigned long);

    if (type == AT_SECURE) {
        return 1;
    }
    *(void **)&of_the_system = dlsym(RTLD_NEXT, "getauxval");
    return of_the_system(type);
}

static wts_code make_client(const char *api_key)
{
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    wts_code code;

    wts_config_set_api_key(config, api_key);
    code = wts_client_new(config, &client, NULL);
    wts_client_free(client);
    wts_config_free(config);
    return code;
}

static void the_key_is_not_taken(void)
{
    setenv("WTS_API_KEY", "pn_1", 1);
    CHECK_EQUAL(make_client(NULL), WTS_MISSING_API_KEY);
    unsetenv("WTS_API_KEY");
}

/* Values of which each would be refused, if it were read. */
static void nothing_else_is_taken(void)
{
    static const char *const variables[][2] = {
        {"WTS_BASE_URL", "nonsense"},        {"WTS_SHARED_LIMITS", "nonsense"}, {"HTTPS_PROXY", "socks9://nowhere"},
        {"https_proxy", "socks9://nowhere"}, {"ALL_PROXY", "socks9://nowhere"}, {"SSL_CERT_FILE", "/nowhere"},
        {"SSL_CERT_DIR", "/nowhere"},
    };

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        setenv(variables[i][0], variables[i][1], 1);
        CHECK_EQUAL(make_client("pn_1"), WTS_OK);
        unsetenv(variables[i][0]);
    }
}

/* Rust's standard library would take the size from there: too little for any work. */
static void stacks_of_threads_are_not_taken(void)
{
    static const char *const ids[] = {"session_12345"};
    wts_config *config = wts_config_new();
    wts_client *client = NULL;
    wts_error *error = NULL;

    setenv("RUST_MIN_STACK", "1", 1);
    wts_config_set_api_key(config, "pn_1");
    wts_config_set_base_url(config, "https://localhost:1");
    wts_config_set_max_retries(config, 0);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    CHECK_EQUAL(wts_complete_sessions(client, ids, 1, NULL, NULL, NULL, NULL), WTS_OK);
    CHECK_EQUAL(wts_complete_session(client, ids[0], NULL, NULL, &error), WTS_CONNECTION);
    wts_error_free(error);
    wts_client_free(client);
    wts_config_free(config);
    unsetenv("RUST_MIN_STACK");
}

int main(void)
{
    test("the key is not taken from the environment", the_key_is_not_taken);
    test("nothing else is taken from the environment", nothing_else_is_taken);
    test("stacks of threads are not taken from the environment", stacks_of_threads_are_not_taken);
    return tests_done();
}
