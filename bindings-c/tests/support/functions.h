/* A table of all functions of the library, which a test has to go through completely. */
#ifndef WTS_TESTS_FUNCTIONS_H
#define WTS_TESTS_FUNCTIONS_H

#include <stddef.h>

struct function {
    const char *name;
    void (*check)(void);
};

#define EVERY_FUNCTION(X)                                                                                              \
    X(wts_call_cancel)                                                                                                 \
    X(wts_call_free)                                                                                                   \
    X(wts_call_take)                                                                                                   \
    X(wts_call_user_data)                                                                                              \
    X(wts_cancellable_cancel)                                                                                          \
    X(wts_cancellable_free)                                                                                            \
    X(wts_cancellable_new)                                                                                             \
    X(wts_client_free)                                                                                                 \
    X(wts_client_new)                                                                                                  \
    X(wts_code_name)                                                                                                   \
    X(wts_complete_session)                                                                                            \
    X(wts_complete_sessions)                                                                                           \
    X(wts_config_free)                                                                                                 \
    X(wts_config_new)                                                                                                  \
    X(wts_config_set_allow_insecure_http)                                                                              \
    X(wts_config_set_api_key)                                                                                          \
    X(wts_config_set_auth_scheme)                                                                                      \
    X(wts_config_set_base_url)                                                                                         \
    X(wts_config_set_max_concurrency)                                                                                  \
    X(wts_config_set_max_retries)                                                                                      \
    X(wts_config_set_rate_limits)                                                                                      \
    X(wts_config_set_reserve)                                                                                          \
    X(wts_config_set_shared_limits)                                                                                    \
    X(wts_config_set_shared_limits_account)                                                                            \
    X(wts_config_set_shared_limits_fallback)                                                                           \
    X(wts_config_set_timeout_ms)                                                                                       \
    X(wts_config_set_total_timeout_ms)                                                                                 \
    X(wts_error_attempts)                                                                                              \
    X(wts_error_body)                                                                                                  \
    X(wts_error_code)                                                                                                  \
    X(wts_error_description)                                                                                           \
    X(wts_error_free)                                                                                                  \
    X(wts_error_http_status)                                                                                           \
    X(wts_error_id)                                                                                                    \
    X(wts_error_key)                                                                                                   \
    X(wts_error_may_have_been_applied)                                                                                 \
    X(wts_error_message)                                                                                               \
    X(wts_error_new)                                                                                                   \
    X(wts_error_retry_after_ms)                                                                                        \
    X(wts_error_retryable)                                                                                             \
    X(wts_error_text)                                                                                                  \
    X(wts_queue_fd)                                                                                                    \
    X(wts_queue_free)                                                                                                  \
    X(wts_queue_new)                                                                                                   \
    X(wts_queue_next)                                                                                                  \
    X(wts_start_complete_session)                                                                                      \
    X(wts_start_update_session_status)                                                                                 \
    X(wts_string_free)                                                                                                 \
    X(wts_update_session_status)                                                                                       \
    X(wts_update_session_statuses)                                                                                     \
    X(wts_version)

/* A row of the table: the function's name, and the check for it. */
#define FUNCTION(function) {#function, check_##function},

/* Runs one test for each, and one that the table has exactly the names in tests/abi/symbols.txt. */
void test_functions(const struct function *functions, size_t count);

#endif
