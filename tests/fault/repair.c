#include "fault/repair.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#define AWAY "_away"

void table_away(const char *table)
{
    query(say("RENAME TABLE %s TO %s" AWAY, table, table));
}

/* The store's tables of which that is true. */
static json_object *tables_where(const char *condition)
{
    return query(say("SELECT table_name AS t FROM information_schema.tables"
                     " WHERE table_schema = DATABASE() AND table_name %s",
                     condition));
}

void tables_away_but(const char *kept)
{
    json_object *tables = tables_where(say("NOT IN (%s)", kept));

    for (size_t i = 0; i < json_object_array_length(tables); i++)
        table_away(at(json_object_array_get_idx(tables, i), "t"));
}

void tables_back(void)
{
    json_object *tables = tables_where("LIKE '%\\" AWAY "'");

    for (size_t i = 0; i < json_object_array_length(tables); i++) {
        const char *name = at(json_object_array_get_idx(tables, i), "t");

        query(say("RENAME TABLE %s TO %.*s", name, (int)(strlen(name) - strlen(AWAY)), name));
    }
}

static bool is_ready(void)
{
    return http("GET", "/health/ready", NULL, NULL).status == 200;
}

void api_restart(void)
{
    part_stop("fcgi", "TERM");
    part_start("fcgi");
    AWAIT(is_ready());
}

void api_restart_with(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
    api_restart();
}

void stack_repair(void)
{
    part_start("database");
    tables_back();
    part_start("fcgi");
    AWAIT(is_ready());
}
