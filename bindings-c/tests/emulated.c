/* A fork where the system takes any advice about memory and follows none, as emulators such as qemu do. */
#define _GNU_SOURCE /* madvise */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { PATIENCE_S = 120 };

/* In place of the system's. */
int madvise(void *start, size_t size, int advice)
{
    (void)start;
    (void)size;
    (void)advice;
    return 0;
}

static wts_client *client;
static wts_queue *queue;

static bool call(void)
{
    wts_error *error = NULL;
    bool holds = CHECK_OK(wts_complete_session(client, "session_12345", NULL, NULL, &error), &error);

    wts_error_free(error);
    return holds;
}

static void a_child_knows_that_it_is_one(void)
{
    int status = -1, descriptor;
    int64_t opened;
    pid_t child;

    client = stand_in_client();
    CHECK_EQUAL(wts_queue_new(&queue, NULL), WTS_OK);
    descriptor = wts_queue_fd(queue);
    call();
    opened = stand_in_connections("opened");
    child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        _exit(CHECK(wts_queue_fd(queue) != descriptor) && call() ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(stand_in_connections("opened"), opened + 1);
    call();
    CHECK_EQUAL(stand_in_connections("opened"), opened + 1);
    wts_queue_free(queue);
    wts_client_free(client);
}

int main(void)
{
    stand_in_start(NULL);
    test("a child knows that it is one", a_child_knows_that_it_is_one);
    return tests_done();
}
