/* Errors and outcomes made by hand, as a program's own tests make them. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "wts_session.h"

static void defaults(void)
{
    wts_error_details details = WTS_ERROR_DETAILS_INIT;
    wts_error *error = wts_error_new(&details);

    CHECK_EQUAL(wts_error_code(error), WTS_INTERNAL);
    CHECK_TEXT(wts_error_message(error), "");
    CHECK_TEXT(wts_error_description(error), "");
    CHECK_TEXT(wts_error_text(error), "");
    CHECK_TEXT(wts_error_key(error), NULL);
    CHECK_TEXT(wts_error_id(error), NULL);
    CHECK_TEXT(wts_error_body(error), NULL);
    CHECK_EQUAL(wts_error_http_status(error), 0);
    CHECK_EQUAL(wts_error_retry_after_ms(error), -1);
    CHECK_EQUAL(wts_error_attempts(error), 0);
    CHECK(!wts_error_retryable(error));
    CHECK(!wts_error_may_have_been_applied(error));
    wts_error_free(error);
}

static void all_set(void)
{
    wts_error_details details = WTS_ERROR_DETAILS_INIT;
    wts_error *error;

    details.code = WTS_RATE_LIMITED;
    details.message = "Limite atingido";
    details.description = "A wait is needed.";
    details.key = "TOO_MANY";
    details.id = "0d5f4a21";
    details.body = "{}";
    details.http_status = 429;
    details.retry_after_ms = 1500;
    details.attempts = 4;
    details.retryable = true;
    details.may_have_been_applied = true;
    error = wts_error_new(&details);
    CHECK_EQUAL(wts_error_code(error), WTS_RATE_LIMITED);
    CHECK_TEXT(wts_error_message(error), "Limite atingido");
    CHECK_TEXT(wts_error_description(error), "A wait is needed.");
    CHECK_TEXT(wts_error_text(error), "Limite atingido: A wait is needed.");
    CHECK_TEXT(wts_error_key(error), "TOO_MANY");
    CHECK_TEXT(wts_error_id(error), "0d5f4a21");
    CHECK_TEXT(wts_error_body(error), "{}");
    CHECK_EQUAL(wts_error_http_status(error), 429);
    CHECK_EQUAL(wts_error_retry_after_ms(error), 1500);
    CHECK_EQUAL(wts_error_attempts(error), 4);
    CHECK(wts_error_retryable(error));
    CHECK(wts_error_may_have_been_applied(error));
    wts_error_free(error);
}

static void every_code(void)
{
    wts_error_details details = WTS_ERROR_DETAILS_INIT;

    for (wts_code code = WTS_MISSING_FIELDS; code <= WTS_LIMITS_UNAVAILABLE; code++) {
        wts_error *error;

        details.code = code;
        error = wts_error_new(&details);
        CHECK_EQUAL(wts_error_code(error), code);
        wts_error_free(error);
    }
}

static void no_error(void)
{
    static const wts_code codes[] = {WTS_OK, -1, WTS_LIMITS_UNAVAILABLE + 1, INT32_MAX};
    wts_error_details details = WTS_ERROR_DETAILS_INIT;

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        details.code = codes[i];
        CHECK(wts_error_new(&details) == NULL);
    }
    details.code = WTS_INTERNAL;
    details.struct_size = 0;
    CHECK(wts_error_new(&details) == NULL);
    details.struct_size = SIZE_MAX;
    CHECK(wts_error_new(&details) == NULL);
}

/* Members behind the end of the struct are never read: memory checkers see it, for the block is just as long. */
static void of_an_older_program(void)
{
    wts_error_details details = WTS_ERROR_DETAILS_INIT;

    details.message = "known";
    details.attempts = 3;
    for (size_t size = offsetof(wts_error_details, attempts); size <= sizeof details; size++) {
        char *block = allocate(NULL, size);
        wts_error *error;

        details.struct_size = size;
        memcpy(block, &details, size);
        error = wts_error_new((const wts_error_details *)(const void *)block);
        CHECK_EQUAL(wts_error_code(error), WTS_INTERNAL);
        CHECK_EQUAL(wts_error_attempts(error), size < offsetof(wts_error_details, retry_after_ms) ? 0 : 3);
        CHECK_TEXT(wts_error_message(error), size < offsetof(wts_error_details, description) ? "" : "known");
        CHECK_EQUAL(wts_error_retry_after_ms(error), -1);
        wts_error_free(error);
        free(block);
    }
}

static void texts(void)
{
    wts_error_details details = WTS_ERROR_DETAILS_INIT;
    char *message = repeated("x", 10000);
    wts_error *error;

    details.message = message;
    details.description = "bad \xFF";
    error = wts_error_new(&details);
    CHECK_EQUAL(strlen(wts_error_message(error)), 4096);
    CHECK_TEXT(wts_error_description(error), "bad \xEF\xBF\xBD");
    wts_error_free(error);
    free(message);
}

/* A function of a program that is tested without the API. */
static bool counts_failures(void *user_data, const wts_outcome *outcome)
{
    *(unsigned *)user_data += wts_error_may_have_been_applied(outcome->error);
    return true;
}

static void an_outcome(void)
{
    wts_error_details details = WTS_ERROR_DETAILS_INIT;
    wts_error *error;
    unsigned failures = 0;

    details.code = WTS_TIMEOUT;
    details.may_have_been_applied = true;
    error = wts_error_new(&details);
    {
        wts_outcome outcome = {0, "session", WTS_TIMEOUT, NULL, error, 1, 1};
        wts_outcome_fn function = counts_failures;

        CHECK(function(&failures, &outcome));
    }
    CHECK_EQUAL(failures, 1);
    wts_error_free(error);
}

int main(void)
{
    test("the initialiser gives the defaults", defaults);
    test("all details set", all_set);
    test("every code", every_code);
    test("what is no error", no_error);
    test("details of an older program", of_an_older_program);
    test("texts that are long, and that are not UTF-8", texts);
    test("an outcome", an_outcome);
    return tests_done();
}
