/*
 * fault/repair.h - a stack that is broken and configured otherwise, and put right again.  Each test
 * of these suites has the stack to itself.
 */
#ifndef FAULT_REPAIR_H
#define FAULT_REPAIR_H

#include "harness/harness.h"

/* Takes a table of the store away, or all but some: "'tenants', 'api_keys'". */
void table_away(const char *table);
void tables_away_but(const char *kept);

/* Puts back all that were taken away, by whichever test. */
void tables_back(void);

/* Starts trunkline.fcgi again, so that it reads this process's environment; waits until it is
 * ready. */
void api_restart(void);

/* The same with a variable of the environment set first; NULL: not set. */
void api_restart_with(const char *name, const char *value);

/* The database and trunkline.fcgi run, and no table is away. */
void stack_repair(void);

#endif
