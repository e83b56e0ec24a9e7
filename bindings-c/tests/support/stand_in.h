/* Starts the stand-in of the API, and asks it what it has seen. */
#ifndef WTS_TESTS_STAND_IN_H
#define WTS_TESTS_STAND_IN_H

#include <json-c/json.h>
#include <stdbool.h>

#include "wts_session.h"

/* Starts the stand-in with these further arguments, up to null, and frees the environment of all that would influence a
 * client. There is one at a time; it ends with the program. */
void stand_in_start(const char *const *arguments);

/* The address, or other text, that the stand-in printed under this name. It lives as long as the stand-in. */
const char *stand_in_text(const char *name);

/* Text in which every {name} is replaced by the address of that name. To be freed. */
char *stand_in_fill(const char *text);

/* A folder or file of tests/ in the repository. To be freed. */
char *suite_path(const char *name);

/* The requests for a session, or all for null, once there are at_least so many or some seconds have passed. To be put
 * back. */
struct json_object *stand_in_requests(const char *session_id, size_t at_least);

/* Counts of connections: "open", "opened", "peak". */
int64_t stand_in_connections(const char *name);

/* Checks that all connections get closed, and have been when this returns. */
void stand_in_check_closed(void);

/* Checks that no window of the account ever held more than its limit, and that nothing was answered 429. */
void stand_in_check_windows(void);

/* What the stand-in does with the next requests for a session: a JSON array of steps. */
void stand_in_script(const char *session_id, const char *steps);

/* A config for the stand-in, without retries and limits, those of time included: on a busy machine, or under valgrind,
 * a call may take long. */
wts_config *stand_in_config(void);

/* A client of that config. */
wts_client *stand_in_client(void);

/* Checks that a call succeeded; where it did not, the text of its error is told. */
bool check_ok(const char *file, int line, const char *what, wts_code code, wts_error *const *error);

#define CHECK_OK(call, error) check_ok(__FILE__, __LINE__, #call, (call), (error))

#endif
