/* A client that is measured: it makes as many calls as its standard input says, one number a line, and prints a line
 * each time they are done. What they cost is measured from outside, by scripts/bench: make bench-c.
 *
 * usage: WTS_BASE_URL=... WTS_API_KEY=... PROGRAM CLIENT */
#ifndef WTS_BENCHES_WORKER_H
#define WTS_BENCHES_WORKER_H

#include <stdbool.h>

enum { AT_ONCE = 64 };

#define SESSION_ID "session_12345"

/* A client of the program, by the name that it is asked for. */
struct client {
    const char *name;
    void (*begin)(void);
    void (*work)(unsigned calls);
};

/* What each program has; the last one has no name. */
extern const struct client clients[];

/* Ends the program unless it is so. */
void expect(bool holds);

/* Looks at the session's status, without parsing. */
void check_session(const char *json);

/* Work for one thread of AT_ONCE, which has this number. */
typedef void (*thread_work)(unsigned thread, unsigned calls);

/* Does the work in AT_ONCE threads, each with its part of the calls. */
void in_threads(thread_work work, unsigned calls);

#endif
