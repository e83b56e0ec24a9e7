/* The API key is wiped: when all is freed, no copy of the library's own is in memory. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { KEY_BYTES = 40, CHUNK = 1 << 20, BEFORE = 64, MASK = 0x55 };

/* What the requests have before the key: buffers of the HTTP library hold that together. */
static const char header[] = "authorization: Bearer ";
static const size_t header_bytes = sizeof header - 1;

/* Here the memory is read to. It is shared, as no other memory is, so that it is known and left out. */
static char *window;

/* Where the key is found. */
static size_t of_ours, of_http;

/* A byte of the key, which as a whole is in the memory of this program only while it is handed over. */
static char key_byte(size_t index)
{
    return (char)('a' + index * 7 % 26);
}

static bool is_key(const char *bytes)
{
    for (size_t i = 0; i < KEY_BYTES; i++) {
        if (bytes[i] != key_byte(i)) {
            return false;
        }
    }
    return true;
}

static void count(size_t first, size_t last, size_t size)
{
    for (size_t i = first; i < last && i + KEY_BYTES <= size; i++) {
        if (is_key(window + i)) {
            bool in_request = i >= header_bytes && memcmp(window + i - header_bytes, header, header_bytes) == 0;

            ++*(in_request ? &of_http : &of_ours);
        }
    }
}

/* Looks at a range of memory in pieces, each with what is before and behind it. */
static void scan_range(int memory, uintptr_t start, uintptr_t end)
{
    for (uintptr_t at = start; at < end; at += CHUNK) {
        size_t before = at - start < BEFORE ? at - start : BEFORE;
        ssize_t size = pread(memory, window, before + CHUNK + KEY_BYTES, (off_t)(at - before));

        if (size > 0) {
            count(before, before + CHUNK, (size_t)size);
        }
    }
}

static void scan_memory(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    uintptr_t start, end;
    char access[5], line[4096];

    if (maps == NULL || memory < 0) {
        give_up("no /proc/self/maps or mem");
    }
    of_ours = of_http = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, access) == 3 && strcmp(access, "rw-p") == 0) {
            scan_range(memory, start, end);
        }
    }
    close(memory);
    fclose(maps);
}

static void set_key(wts_config *config)
{
    volatile char key[KEY_BYTES + 1] = {0};

    for (size_t i = 0; i < KEY_BYTES; i++) {
        key[i] = key_byte(i);
    }
    wts_config_set_api_key(config, (const char *)key);
    for (size_t i = 0; i < KEY_BYTES; i++) {
        key[i] = 0;
    }
}

static wts_client *client_with_key(void)
{
    wts_config *config = stand_in_config();
    wts_client *client = NULL;

    set_key(config);
    CHECK_EQUAL(wts_client_new(config, &client, NULL), WTS_OK);
    wts_config_free(config);
    return client;
}

/* The stand-in knows no such key, and says so. */
static void call_in_every_way(const wts_client *client)
{
    const char *ids[] = {"session_12345", "session_23456"};
    wts_queue *queue = NULL;
    wts_error *error = NULL;

    CHECK_EQUAL(wts_complete_session(client, ids[0], NULL, NULL, &error), WTS_UNAUTHORIZED);
    wts_error_free(error);
    CHECK_EQUAL(wts_complete_sessions(client, ids, 2, NULL, NULL, NULL, NULL), WTS_OK);
    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    CHECK_EQUAL(wts_start_complete_session(client, ids[0], NULL, queue, NULL, NULL, NULL), WTS_OK);
    wts_call_free(wts_queue_next(queue, WTS_NO_TIMEOUT));
    wts_queue_free(queue);
}

/* Nothing would be shown by a scan that does not find what is there. */
static void a_key_in_use_is_found(void)
{
    wts_client *client = client_with_key();

    scan_memory();
    CHECK(of_ours > 0);
    wts_client_free(client);
}

static void without_a_call(void)
{
    wts_client_free(client_with_key());
    scan_memory();
    CHECK_EQUAL(of_ours, 0);
    CHECK_EQUAL(of_http, 0);
}

static void after_calls(void)
{
    wts_client *client = client_with_key();

    call_in_every_way(client);
    wts_client_free(client);
    scan_memory();
    CHECK_EQUAL(of_ours, 0);
    printf("# %zu in buffers of the HTTP library\n", of_http);
}

int main(void)
{
    window = mmap(NULL, BEFORE + CHUNK + KEY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (window == MAP_FAILED) {
        give_up("no memory");
    }
    stand_in_start(NULL);
    test("the key of a client that is in use is found", a_key_in_use_is_found);
    test("no copy of the key is left of a client without calls", without_a_call);
    test("no copy of ours is left after calls of every kind", after_calls);
    return tests_done();
}
