/* Runs a program with WTS_BASE_URL and WTS_API_KEY of a stand-in that lives as long as the program. With --tls the
 * program speaks TLS to it.
 *
 * usage: with_stand_in [--tls] PROGRAM [ARGUMENT...] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "stand_in.h"

int main(int argc, char **argv)
{
    bool tls = argc > 1 && strcmp(argv[1], "--tls") == 0;
    char **program = argv + (tls ? 2 : 1);
    int status = 0;
    pid_t child;

    if (*program == NULL) {
        give_up("usage: with_stand_in [--tls] PROGRAM [ARGUMENT...]");
    }
    stand_in_start(NULL);
    setenv("WTS_BASE_URL", stand_in_text(tls ? "tls" : "api"), 1);
    setenv("WTS_API_KEY", stand_in_text("token"), 1);
    child = fork();
    if (child == 0) {
        execvp(*program, program);
        perror(*program);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        give_up("no process");
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
