/* A bulk call of 100,000 items in bounded memory; valgrind and AddressSanitizer, which use more, do not run it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { MANY = 100000, SENT = 3000 };

static wts_client *client;

static long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size, resident;

    if (file == NULL || fscanf(file, "%ld %ld", &size, &resident) != 2) {
        give_up("no /proc/self/statm");
    }
    fclose(file);
    return resident;
}

static bool count_only(void *user_data, const wts_outcome *outcome)
{
    size_t *failed = user_data;

    *failed += outcome->code != WTS_OK;
    return true;
}

/* Of 100,000 items all but every 33rd are refused here; the others are sent. */
static void memory_is_bounded(void)
{
    const char **ids = allocate(NULL, MANY * sizeof *ids);
    size_t failed = 0;
    long before;

    for (size_t i = 0; i < MANY; i++) {
        ids[i] = i % (MANY / SENT) == 0 ? "bulk-many" : "..";
    }
    CHECK_EQUAL(wts_complete_sessions(client, ids, MANY / 10, NULL, count_only, &failed, NULL), WTS_OK);
    before = resident_pages();
    failed = 0;
    CHECK_EQUAL(wts_complete_sessions(client, ids, MANY, NULL, count_only, &failed, NULL), WTS_OK);
    CHECK_EQUAL(failed, MANY - (MANY + MANY / SENT - 1) / (MANY / SENT));
    CHECK((resident_pages() - before) * sysconf(_SC_PAGESIZE) < 4 * 1024 * 1024);
    free(ids);
}

int main(void)
{
    static const char *const arguments[] = {"--create-unknown", NULL};

    stand_in_start(arguments);
    client = stand_in_client();
    test("100,000 items in bounded memory", memory_is_bounded);
    wts_client_free(client);
    return tests_done();
}
