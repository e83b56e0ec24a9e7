/* Forgets to free errors: the sanitizer that does not notice this sees no leaks. There are many of them, since what is
 * left on the stack may still point to one. */
#include "wts_session.h"

int main(void)
{
    for (int i = 0; i < 100; i++) {
        wts_error *error = NULL;

        wts_client_new(NULL, NULL, &error);
    }
    return 0;
}
