#include "capture.h"

#include <stdio.h>
#include <unistd.h>

#include "check.h"

static FILE *file;
static int saved_output, saved_error;

void capture_begin(void)
{
    fflush(stdout);
    fflush(stderr);
    file = tmpfile();
    saved_output = dup(STDOUT_FILENO);
    saved_error = dup(STDERR_FILENO);
    if (file == NULL || saved_output < 0 || saved_error < 0) {
        give_up("the output can't be caught");
    }
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
}

char *capture_end(void)
{
    char *text;
    size_t size;
    long length;

    fflush(stdout);
    fflush(stderr);
    dup2(saved_output, STDOUT_FILENO);
    dup2(saved_error, STDERR_FILENO);
    close(saved_output);
    close(saved_error);
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    text = allocate(NULL, (size_t)length + 1);
    rewind(file);
    size = fread(text, 1, (size_t)length, file);
    text[size] = '\0';
    fclose(file);
    return text;
}
