/* Tests code of a program without the API: with an error and an outcome that are made by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <wts_session.h>

/* The code to test: a wts_outcome_fn that counts the sessions to look at again. */
static bool note(void *user_data, const wts_outcome *outcome)
{
    size_t *to_look_at = user_data;

    *to_look_at += wts_error_may_have_been_applied(outcome->error);
    return true;
}

static bool counts_what_may_have_been_applied(void)
{
    size_t to_look_at = 0;
    /* [readme] */
    wts_error_details details = WTS_ERROR_DETAILS_INIT;

    details.code = WTS_TIMEOUT;
    details.message = "The time limit passed.";
    details.may_have_been_applied = true;
    wts_error *error = wts_error_new(&details);
    wts_outcome outcome = {.session_id = "session_12345", .code = WTS_TIMEOUT, .error = error, .done = 1, .total = 1};

    note(&to_look_at, &outcome); /* your wts_outcome_fn */
    wts_error_free(error);
    /* [/readme] */
    return to_look_at == 1;
}

int main(void)
{
    bool holds = counts_what_may_have_been_applied();

    puts(holds ? "ok" : "not ok");
    return holds ? EXIT_SUCCESS : EXIT_FAILURE;
}
