#include "core/column.h"

#include <math.h>
#include <string.h>

const struct column *column_at(const struct entity *entity, size_t offset)
{
    for (size_t i = 0; i < entity->ncolumns; i++)
        if (entity->columns[i].offset == offset)
            return &entity->columns[i];
    return NULL;
}

const struct column *column_named(const struct entity *entity, const char *name, size_t length)
{
    for (size_t i = 0; i < entity->ncolumns; i++)
        if (strlen(entity->columns[i].name) == length &&
            memcmp(entity->columns[i].name, name, length) == 0)
            return &entity->columns[i];
    return NULL;
}

void cell_clear(enum type type, void *cell)
{
    switch (type) {
    case TEXT:
        *(const char **)cell = NULL;
        break;
    case INTEGER:
        *(int64_t *)cell = NO_INTEGER;
        break;
    case REAL:
        *(double *)cell = (double)NAN;
        break;
    case BOOLEAN:
        *(bool *)cell = false;
        break;
    case INSTANT:
        *(instant *)cell = NO_INSTANT;
        break;
    case UID:
        *(uid *)cell = NO_UID;
        break;
    case DOCUMENT:
        *(document *)cell = (document){NULL};
        break;
    case BYTES:
        *(bytes *)cell = (bytes){NULL, 0};
        break;
    }
}

void row_clear(const struct entity *entity, void *row)
{
    for (size_t i = 0; i < entity->ncolumns; i++)
        cell_clear(entity->columns[i].type, cell_of(&entity->columns[i], row));
}

bool cell_is_none(enum type type, const void *cell)
{
    switch (type) {
    case TEXT:
        return !*(const char *const *)cell;
    case INTEGER:
        return *(const int64_t *)cell == NO_INTEGER;
    case REAL:
        return isnan(*(const double *)cell);
    case INSTANT:
        return instant_is_none(*(const instant *)cell);
    case UID:
        return uid_is_none(*(const uid *)cell);
    case DOCUMENT:
        return !((const document *)cell)->json;
    case BYTES:
        return !((const bytes *)cell)->at;
    default:
        return false;
    }
}

bool columns_has(columns set, size_t index)
{
    return set.word[index / 64] >> (index % 64) & 1;
}

columns columns_with(columns set, size_t index)
{
    set.word[index / 64] |= (uint64_t)1 << (index % 64);
    return set;
}

columns columns_without(columns set, size_t index)
{
    set.word[index / 64] &= ~((uint64_t)1 << (index % 64));
    return set;
}

columns columns_union(columns a, columns b)
{
    a.word[0] |= b.word[0];
    a.word[1] |= b.word[1];
    return a;
}

bool columns_empty(columns set)
{
    return !set.word[0] && !set.word[1];
}

columns columns_all(const struct entity *entity)
{
    columns all = NO_COLUMNS;

    for (size_t i = 0; i < entity->ncolumns; i++)
        if (!entity->columns[i].computed)
            all = columns_with(all, i);
    return all;
}

columns columns_add(columns set, const struct entity *entity, size_t offset)
{
    const struct column *column = column_at(entity, offset);

    return column ? columns_with(set, (size_t)(column - entity->columns)) : set;
}

bool columns_have(columns set, const struct entity *entity, size_t offset)
{
    const struct column *column = column_at(entity, offset);

    return column && columns_has(set, (size_t)(column - entity->columns));
}

static bool key_comes_first(const struct entity *entity)
{
    return entity->ncolumns > 1 && strcmp(entity->columns[0].name, "tenant_id") == 0 &&
           strcmp(entity->columns[1].name, "id") == 0 && entity->columns[0].type == INTEGER &&
           entity->columns[1].type == UID;
}

const char *entity_fault(const struct entity *entity)
{
    if (entity->ncolumns > MAX_COLUMNS)
        return "it has more columns than a set holds";
    if (entity->table && !key_comes_first(entity))
        return "its first columns are not tenant_id and id";
    for (size_t i = 0; i < entity->ncolumns; i++)
        for (size_t j = i + 1; j < entity->ncolumns; j++)
            if (strcmp(entity->columns[i].name, entity->columns[j].name) == 0)
                return "two of its columns have one name";
    return NULL;
}
