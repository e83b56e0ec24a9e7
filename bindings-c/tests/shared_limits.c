/* One budget for a parent and its children, and a ledger that is not there. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"
#include "wts_session.h"

enum { CHILDREN = 2, SESSIONS = 15 };

static const wts_rate_limit limits[] = {{20, 1500}};
static char folder[] = "/tmp/wts-shared-XXXXXX";
static const char *const ids[SESSIONS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"};

static wts_client *sharing_client(const char *ledger)
{
    wts_config *config = stand_in_config();
    wts_client *client = NULL;
    wts_error *error = NULL;

    wts_config_set_rate_limits(config, limits, 1);
    wts_config_set_shared_limits(config, ledger);
    CHECK_OK(wts_client_new(config, &client, &error), &error);
    wts_error_free(error);
    wts_config_free(config);
    return client;
}

static bool complete_all(const wts_client *client)
{
    wts_error *error = NULL;
    bool holds = CHECK_OK(wts_complete_sessions(client, ids, SESSIONS, NULL, NULL, NULL, &error), &error) &&
                 CHECK_OK(wts_complete_session(client, ids[0], NULL, NULL, &error), &error);

    wts_error_free(error);
    return holds;
}

static void parent_and_children(void)
{
    char ledger[64];
    wts_client *client;
    pid_t children[CHILDREN];

    snprintf(ledger, sizeof ledger, "file://%s", folder);
    client = sharing_client(ledger);
    complete_all(client);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            bool holds = complete_all(client);

            wts_client_free(client);
            _exit(holds ? 0 : 1);
        }
    }
    complete_all(client);
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;

        waitpid(children[i], &status, 0);
        CHECK_EQUAL(status, 0);
    }
    wts_client_free(client);
    stand_in_check_windows();
}

static bool forks_under_lock;
static pid_t child_under_lock;

/* In place of the system's. A child that is forked while a file is locked has it open too. */
int flock(int descriptor, int operation)
{
    int (*of_the_system)(int, int), result;

    *(void **)&of_the_system = dlsym(RTLD_NEXT, "flock");
    result = of_the_system(descriptor, operation);
    if (forks_under_lock && result == 0 && (operation & LOCK_EX) != 0) {
        forks_under_lock = false;
        child_under_lock = fork();
        if (child_under_lock == 0) {
            pause();
            _exit(0);
        }
    }
    return result;
}

static void a_child_does_not_keep_the_lock(void)
{
    char ledger[64];
    wts_client *client;
    wts_error *error = NULL;

    snprintf(ledger, sizeof ledger, "file://%s", folder);
    forks_under_lock = true;
    client = sharing_client(ledger);
    CHECK(!forks_under_lock && child_under_lock > 0);
    CHECK_OK(wts_complete_session(client, ids[0], NULL, NULL, &error), &error);
    wts_error_free(error);
    wts_client_free(client);
    kill(child_under_lock, SIGKILL);
    waitpid(child_under_lock, NULL, 0);
}

static void no_ledger(void)
{
    wts_client *client = sharing_client("redis://:pn_CANARY@127.0.0.1:1");
    wts_error *error = NULL;

    CHECK_EQUAL(wts_complete_session(client, ids[0], NULL, NULL, &error), WTS_LIMITS_UNAVAILABLE);
    CHECK(strstr(wts_error_text(error), "no connection to 127.0.0.1:1") != NULL);
    CHECK(strstr(wts_error_text(error), "CANARY") == NULL);
    CHECK_EQUAL(wts_error_attempts(error), 0);
    CHECK(wts_error_retryable(error));
    wts_error_free(error);
    wts_client_free(client);
}

static void remove_folder(void)
{
    DIR *files = opendir(folder);
    struct dirent *file;

    while ((file = readdir(files)) != NULL)
        if (file->d_name[0] != '.')
            CHECK_EQUAL(unlinkat(dirfd(files), file->d_name, 0), 0);
    closedir(files);
    CHECK_EQUAL(rmdir(folder), 0);
}

int main(void)
{
    stand_in_start((const char *const[]){"--create-unknown", "--limit", "20/1.5", NULL});
    CHECK(mkdtemp(folder) != NULL);
    /* The first: later clients find the ledger open. */
    test("a child does not keep the lock", a_child_does_not_keep_the_lock);
    test("a parent and its children", parent_and_children);
    test("no ledger", no_ledger);
    test("the ledger's folder has files only", remove_folder);
    return tests_done();
}
