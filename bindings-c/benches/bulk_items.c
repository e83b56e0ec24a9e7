/* What an item of a bulk call costs in CPU and memory, beside single calls: for make bench-memory, which runs one way
 * at a time and reads the figures.
 *
 * usage: bulk_items WAY COUNT
 *
 * It prints the microseconds of CPU per item, and the largest size of the process in KB. */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "wts_session.h"

enum { AT_ONCE = 64, ID_SIZE = 48 };

static wts_client *client;
static size_t count, done;

static void expect(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

static void write_id(char *id, size_t number)
{
    snprintf(id, ID_SIZE, "044abf6f-1851-40b6-84ac-%012zu", number);
}

/* ---- the ways --------------------------------------------------------------------------------------------------- */

static void start(const wts_queue *queue, size_t number)
{
    char id[ID_SIZE];

    write_id(id, number);
    expect(wts_start_complete_session(client, id, NULL, queue, NULL, NULL, NULL) == WTS_OK, "a start");
}

static void single_calls(void)
{
    wts_queue *queue = NULL;
    size_t started = 0;

    expect(wts_queue_new(&queue, NULL) == WTS_OK, "the queue");
    for (; started < AT_ONCE && started < count; started++) {
        start(queue, started);
    }
    while (done < count) {
        wts_call *call = wts_queue_next(queue, WTS_NO_TIMEOUT);
        char *json = NULL;

        expect(wts_call_take(call, &json, NULL) == WTS_OK, "a call");
        wts_string_free(json);
        wts_call_free(call);
        done++;
        if (started < count) {
            start(queue, started);
            started++;
        }
    }
    wts_queue_free(queue);
}

static bool hear(void *user_data, const wts_outcome *outcome)
{
    (void)user_data;
    done += outcome->code == WTS_OK;
    return true;
}

static void bulk(bool is_sent)
{
    char(*texts)[ID_SIZE] = malloc(count * sizeof *texts);
    const char **ids = malloc(count * sizeof *ids);

    expect(texts != NULL && ids != NULL, "malloc");
    for (size_t i = 0; i < count; i++) {
        write_id(texts[i], i);
        ids[i] = texts[i];
    }
    if (is_sent) {
        expect(wts_complete_sessions(client, ids, count, NULL, hear, NULL, NULL) == WTS_OK, "the bulk call");
    } else {
        done = count;
    }
    free(ids);
    free(texts);
}

static void run(const char *way)
{
    if (strcmp(way, "single calls") == 0) {
        single_calls();
    } else {
        bulk(strcmp(way, "list in, one by one out") == 0);
    }
    expect(done == count, way);
}

/* ---- the figures ------------------------------------------------------------------------------------------------ */

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double cpu_time(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static long peak_kb(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long peak = 0;

    expect(status != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            peak = strtol(line + 6, NULL, 10);
        }
    }
    fclose(status);
    return peak;
}

int main(int argc, char **argv)
{
    expect(argc == 3, "reading WAY and COUNT");
    count = (size_t)strtoull(argv[2], NULL, 10);
    if (strcmp(argv[1], "bare") != 0) {
        double before = cpu_time();
        wts_config *config = wts_config_new();

        wts_config_set_rate_limits(config, NULL, 0);
        expect(wts_client_new(config, &client, NULL) == WTS_OK, "the client");
        wts_config_free(config);
        run(argv[1]);
        wts_client_free(client);
        printf("%.2f ", (cpu_time() - before) * 1e6 / (double)count);
    }
    printf("%ld\n", peak_kb());
    return 0;
}
