#include "check.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Checks may come from many threads; the tests themselves come one after the other. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned run, failed, failures_of_this;
static const char *name_of_this;

void test_begin(const char *name)
{
    name_of_this = name;
    failures_of_this = 0;
}

void test_end(void)
{
    run++;
    if (failures_of_this > 0) {
        failed++;
    }
    printf("%s %u - %s\n", failures_of_this > 0 ? "not ok" : "ok", run, name_of_this);
    fflush(stdout);
}

void test(const char *name, void (*body)(void))
{
    test_begin(name);
    body();
    test_end();
}

unsigned tests_run(void)
{
    return run;
}

/* A checker takes what a thread of the library still has at the end for lost, such as one that looks a name up. */
static void wait_for_other_threads(void)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    const int64_t deadline = now_ms() + 60 * 1000;

    while (entries("/proc/self/task") > 1 && now_ms() < deadline) {
        nanosleep(&pause, NULL);
    }
}

int tests_done(void)
{
    if (getenv("TESTS_WAIT_FOR_THREADS") != NULL) {
        wait_for_other_threads();
    }
    printf("1..%u\n", run);
    if (failed > 0) {
        printf("# %u of %u failed\n", failed, run);
    }
    return failed > 0 || run == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool verdict(const char *file, int line, bool holds, const char *format, ...)
{
    va_list arguments;

    if (holds) {
        return true;
    }
    pthread_mutex_lock(&lock);
    failures_of_this++;
    printf("# %s: %s:%d: ", name_of_this, file, line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    pthread_mutex_unlock(&lock);
    return false;
}

bool check_true(const char *file, int line, const char *what, bool holds)
{
    return verdict(file, line, holds, "not so: %s", what);
}

bool check_integers(const char *file, int line, const char *what, int64_t actual, int64_t expected)
{
    return verdict(file, line, actual == expected, "%s is %" PRId64 ", not %" PRId64, what, actual, expected);
}

static const char *shown(const char *text)
{
    return text == NULL ? "null" : text;
}

bool check_texts(const char *file, int line, const char *what, const char *actual, const char *expected)
{
    bool same = actual == NULL || expected == NULL ? actual == expected : strcmp(actual, expected) == 0;

    return verdict(file, line, same, "%s is <%.300s>, not <%.300s>", what, shown(actual), shown(expected));
}

void give_up(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    va_start(arguments, format);
    fputs("given up: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size > 0 ? size : 1);

    if (memory == NULL) {
        give_up("no memory for %zu bytes", size);
    }
    return memory;
}

char *text_of(const char *format, ...)
{
    va_list arguments;
    int length;
    char *text;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        give_up("bad format: %s", format);
    }
    text = allocate(NULL, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

char *repeated(const char *text, size_t times)
{
    size_t length = strlen(text);
    char *result = allocate(NULL, length * times + 1);

    for (size_t i = 0; i < times; i++) {
        memcpy(result + i * length, text, length);
    }
    result[length * times] = '\0';
    return result;
}

char *file_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text;
    size_t size;
    long length;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0) {
        give_up("can't read %s", path);
    }
    rewind(file);
    text = allocate(NULL, (size_t)length + 1);
    size = fread(text, 1, (size_t)length, file);
    if (size != (size_t)length) {
        give_up("can't read all of %s", path);
    }
    text[size] = '\0';
    fclose(file);
    return text;
}

size_t entries(const char *folder)
{
    DIR *opened = opendir(folder);
    struct dirent *entry;
    size_t count = 0;

    if (opened == NULL) {
        give_up("no %s", folder);
    }
    while ((entry = readdir(opened)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(opened);
    return count;
}

size_t open_descriptors(void)
{
    return entries("/proc/self/fd");
}

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
