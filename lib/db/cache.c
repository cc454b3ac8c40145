#include <stdlib.h>
#include <string.h>

#include "db/connection.h"

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *sql)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (; *sql; sql++)
        hash = (hash ^ (unsigned char)*sql) * 0x100000001b3;
    return hash;
}

struct statement *cache_find(struct cache *cache, const char *sql)
{
    uint64_t hash = hash_of(sql);
    struct statement *set = cache->places[hash % CACHE_SETS], *oldest = set;

    for (struct statement *place = set; place < set + CACHE_WAYS; place++) {
        if (place->sql && place->hash == hash && strcmp(place->sql, sql) == 0) {
            place->used = ++cache->uses;
            return place;
        }
        if (place->used < oldest->used)
            oldest = place;
    }
    statement_drop(oldest);
    *oldest = (struct statement){.sql = strdup(sql), .hash = hash, .used = ++cache->uses};
    if (!oldest->sql)
        abort();
    return oldest;
}

void statement_drop(struct statement *statement)
{
    if (statement->stmt)
        mysql_stmt_close(statement->stmt);
    free(statement->slots);
    free(statement->binds);
    free(statement->sql);
    *statement = (struct statement){0};
}

void cache_clear(struct cache *cache)
{
    for (size_t i = 0; i < CACHE_SETS; i++)
        for (size_t j = 0; j < CACHE_WAYS; j++)
            statement_drop(&cache->places[i][j]);
    cache->uses = 0;
}
