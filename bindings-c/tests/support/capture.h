/* What the process writes to its standard output and standard error, caught in a file. */
#ifndef WTS_TESTS_CAPTURE_H
#define WTS_TESTS_CAPTURE_H

void capture_begin(void);

/* Ends it. What was written, to be freed. */
char *capture_end(void);

#endif
