#include "folder.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

void folder_make(char path[FOLDER_SIZE])
{
    snprintf(path, FOLDER_SIZE, "/tmp/trunkline-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
}

void folder_remove(const char *path)
{
    char command[FOLDER_SIZE + 20];

    snprintf(command, sizeof command, "rm -rf %s", path);
    cr_expect_eq(system(command), 0);
}
