/* The example ctrl_c: Ctrl-C while a request is in flight. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "json.h"
#include "stand_in.h"

static pid_t run_example(const char *path, int output)
{
    pid_t child = fork();

    if (child == 0) {
        setenv("WTS_BASE_URL", stand_in_text("api"), 1);
        setenv("WTS_API_KEY", stand_in_text("token"), 1);
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        execl(path, path, "ctrl-c-stalls", (char *)NULL);
        _exit(127);
    }
    return child;
}

static void ends_at(const char *path, int signal)
{
    char output[1024] = "";
    int pipes[2], status = -1;
    size_t length = 0;
    ssize_t got;
    pid_t child;

    stand_in_script("ctrl-c-stalls", "[{\"raw\": [{\"stall\": true}]}]");
    if (pipe(pipes) != 0) {
        give_up("no pipe");
    }
    child = run_example(path, pipes[1]);
    close(pipes[1]);
    json_object_put(stand_in_requests("ctrl-c-stalls", signal == SIGINT ? 1 : 2));
    kill(child, signal);
    while ((got = read(pipes[0], output + length, sizeof output - 1 - length)) > 0) {
        length += (size_t)got;
    }
    close(pipes[0]);
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
    CHECK(strstr(output, "ctrl-c-stalls: The call was cancelled. It may be completed all the same.") != NULL);
    CHECK(strstr(output, "cancelled: ") != NULL);
}

static const char *example;

static void interrupt(void)
{
    ends_at(example, SIGINT);
}

static void terminate(void)
{
    ends_at(example, SIGTERM);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        give_up("usage: ctrl_c EXAMPLE");
    }
    example = argv[1];
    stand_in_start(NULL);
    test("Ctrl-C while a request is in flight", interrupt);
    test("SIGTERM while a request is in flight", terminate);
    return tests_done();
}
