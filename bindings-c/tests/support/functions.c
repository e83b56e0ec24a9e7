#include "functions.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static const struct function *all;
static size_t all_count;

static bool is_in_table(const char *name)
{
    for (size_t i = 0; i < all_count; i++) {
        if (strcmp(all[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void table_is_complete(void)
{
    char *symbols = file_text(WTS_REPOSITORY "/bindings-c/tests/abi/symbols.txt");
    size_t count = 0;

    for (char *name = strtok(symbols, "\n"); name != NULL; name = strtok(NULL, "\n")) {
        if (!is_in_table(name)) {
            CHECK_TEXT(NULL, name);
        }
        count++;
    }
    CHECK_EQUAL(count, all_count);
    free(symbols);
}

void test_functions(const struct function *functions, size_t count)
{
    all = functions;
    all_count = count;
    for (size_t i = 0; i < count; i++) {
        test(functions[i].name, functions[i].check);
    }
    test("every exported function is in the table", table_is_complete);
}
