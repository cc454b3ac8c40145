/*
 * A shared account: no root, one given database with ten connections that cuts idle ones.
 */
#include <stdlib.h>
#include <sys/wait.h>

#include <criterion/criterion.h>

Test(no_root, install_and_run_as_an_ordinary_user_with_one_given_database, .timeout = 240)
{
    int status = system("tests/harness/no-root");

    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
