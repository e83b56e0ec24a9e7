/* Prints the sizes of all types of the interface, and the offsets of the members of all structs. */
#include <stddef.h>
#include <stdio.h>

#include "wts_session.h"

#define TYPE(type) printf("%s: size %zu\n", #type, sizeof(type))
#define MEMBER(type, member)                                                                                           \
    printf("%s.%s: offset %zu, size %zu\n", #type, #member, offsetof(type, member), sizeof(((type *)0)->member))

int main(void)
{
    TYPE(wts_code);
    TYPE(wts_rate_limit);
    MEMBER(wts_rate_limit, requests);
    MEMBER(wts_rate_limit, period_ms);
    TYPE(wts_update_options);
    MEMBER(wts_update_options, struct_size);
    MEMBER(wts_update_options, stop_bot_in_execution);
    MEMBER(wts_update_options, reserved);
    MEMBER(wts_update_options, cancellable);
    TYPE(wts_complete_options);
    MEMBER(wts_complete_options, struct_size);
    MEMBER(wts_complete_options, stop_bot_in_execution);
    MEMBER(wts_complete_options, reactivate_on_new_message);
    MEMBER(wts_complete_options, reserved);
    MEMBER(wts_complete_options, cancellable);
    TYPE(wts_error_details);
    MEMBER(wts_error_details, struct_size);
    MEMBER(wts_error_details, code);
    MEMBER(wts_error_details, attempts);
    MEMBER(wts_error_details, retry_after_ms);
    MEMBER(wts_error_details, message);
    MEMBER(wts_error_details, description);
    MEMBER(wts_error_details, key);
    MEMBER(wts_error_details, id);
    MEMBER(wts_error_details, body);
    MEMBER(wts_error_details, http_status);
    MEMBER(wts_error_details, retryable);
    MEMBER(wts_error_details, may_have_been_applied);
    MEMBER(wts_error_details, reserved);
    TYPE(wts_status_update);
    MEMBER(wts_status_update, session_id);
    MEMBER(wts_status_update, status);
    TYPE(wts_outcome);
    MEMBER(wts_outcome, index);
    MEMBER(wts_outcome, session_id);
    MEMBER(wts_outcome, code);
    MEMBER(wts_outcome, json);
    MEMBER(wts_outcome, error);
    MEMBER(wts_outcome, done);
    MEMBER(wts_outcome, total);
    return 0;
}
