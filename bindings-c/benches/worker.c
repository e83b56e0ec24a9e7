#include "worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { LINE_LENGTH = 32 };

void expect(bool holds)
{
    if (!holds) {
        give_up("a call failed");
    }
}

void check_session(const char *json)
{
    expect(json != NULL && strstr(json, "\"status\":\"COMPLETED\"") != NULL);
}

struct thread {
    pthread_t id;
    thread_work work;
    unsigned number, calls;
};

static void *run_thread(void *user_data)
{
    struct thread *thread = user_data;

    thread->work(thread->number, thread->calls);
    return NULL;
}

void in_threads(thread_work work, unsigned calls)
{
    struct thread threads[AT_ONCE];

    for (unsigned i = 0; i < AT_ONCE; i++) {
        threads[i].work = work;
        threads[i].number = i;
        threads[i].calls = calls / AT_ONCE;
        expect(pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) == 0);
    }
    for (unsigned i = 0; i < AT_ONCE; i++) {
        expect(pthread_join(threads[i].id, NULL) == 0);
    }
}

static const struct client *client_of(const char *name)
{
    for (const struct client *client = clients; client->name != NULL; client++) {
        if (strcmp(client->name, name) == 0) {
            return client;
        }
    }
    give_up("no client is called %s", name);
}

int main(int argc, char **argv)
{
    const struct client *client = client_of(argc > 1 ? argv[1] : "");
    char line[LINE_LENGTH];

    client->begin();
    while (fgets(line, sizeof line, stdin) != NULL) {
        client->work((unsigned)strtoul(line, NULL, 10));
        puts("done");
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
