/* Uses an error after it was freed: the sanitizer that does not notice this notices nothing. */
#include <stdio.h>

#include "wts_session.h"

int main(void)
{
    wts_error *error = NULL;

    wts_client_new(NULL, NULL, &error);
    wts_error_free(error);
    printf("%d\n", (int)wts_error_code(error));
    return 0;
}
