/* A minimal test harness: named tests, checks that go on after a failure, output in TAP. */
#ifndef WTS_TESTS_CHECK_H
#define WTS_TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs a test and prints "ok" or "not ok" with its name. */
void test(const char *name, void (*body)(void));

/* The same in two halves, for tests that come out of a file. */
void test_begin(const char *name);
void test_end(void);

/* Prints the plan. The exit status of the program: 0 if nothing failed. */
int tests_done(void);

/* How many tests were run so far. */
unsigned tests_run(void);

/* Each notes a failure with its place, and gives whether the check held. */
bool check_true(const char *file, int line, const char *what, bool holds);
bool check_integers(const char *file, int line, const char *what, int64_t actual, int64_t expected);
bool check_texts(const char *file, int line, const char *what, const char *actual, const char *expected);

#define CHECK(condition) check_true(__FILE__, __LINE__, #condition, (condition))
#define CHECK_EQUAL(actual, expected)                                                                                  \
    check_integers(__FILE__, __LINE__, #actual, (int64_t)(actual), (int64_t)(expected))
/* Null equals null only. */
#define CHECK_TEXT(actual, expected) check_texts(__FILE__, __LINE__, #actual, (actual), (expected))

/* Ends the program with a message: the test itself can't go on. */
#if defined(__GNUC__)
__attribute__((noreturn, format(printf, 1, 2)))
#endif
void give_up(const char *format, ...);

/* As malloc, realloc, strdup and an asprintf, but they end the program when there is no memory. */
void *allocate(void *old, size_t size);
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
char *
text_of(const char *format, ...);
char *repeated(const char *text, size_t times);
char *file_text(const char *path);

/* How many files a folder has. */
size_t entries(const char *folder);

/* How many descriptors this process has open. */
size_t open_descriptors(void);

/* Milliseconds since some moment in the past. */
int64_t now_ms(void);

#endif
