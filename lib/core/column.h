/*
 * core/column.h - what the members of a struct are called elsewhere, and what they may hold.
 *
 * One table per struct serves the SQL row mapper, the checks on input, the configuration reader
 * and the API documents.
 */
#ifndef CORE_COLUMN_H
#define CORE_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/uid.h"

enum type { TEXT, INTEGER, REAL, BOOLEAN, INSTANT, UID, DOCUMENT, BYTES };

#define NO_INTEGER INT64_MIN /* an INTEGER that is not there; the other types have a nothing */

/* A JSON text, checked before it got here; json is NULL when there is none. */
typedef struct {
    const char *json;
} document;

/* Raw bytes: hashes, sealed secrets, audio; at is NULL when there are none. */
typedef struct {
    const unsigned char *at;
    size_t length;
} bytes;

/* A REAL that is not there is NaN. */

/* The type of a member or a variable, told by the compiler. */
#define TYPE_OF(value)                                                                             \
    _Generic((value),                                                                              \
        const char *: TEXT,                                                                        \
        char *: TEXT,                                                                              \
        int64_t: INTEGER,                                                                          \
        double: REAL,                                                                              \
        bool: BOOLEAN,                                                                             \
        instant: INSTANT,                                                                          \
        uid: UID,                                                                                  \
        document: DOCUMENT,                                                                        \
        bytes: BYTES)

struct column {
    const char *name;
    enum type type;
    size_t offset;
    bool nullable;
    bool computed;       /* read with a row when the statement has it, never written by the store */
    bool secret;         /* never shown in a log, a document or the printed configuration */
    size_t max;          /* the longest text in bytes, 0 for any */
    int64_t least, most; /* bounds of an INTEGER; both 0: none */
    const char *const *one_of; /* the only texts allowed, NULL at the end, or NULL for any */
    const char *about;         /* one sentence for documents and the configuration example */
};

#define NOT_NULL .nullable = false
#define NULLABLE .nullable = true

/* COLUMN(task, assigned_to, NULLABLE, .max = 190) */
#define COLUMN(record, member, ...)                                                                \
    {                                                                                              \
        .name = #member, .type = TYPE_OF(((struct record *)0)->member),                            \
        .offset = offsetof(struct record, member), __VA_ARGS__                                     \
    }

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * A struct and its columns.  Where a table stores it, the columns tenant_id and id come first, in
 * this order; the few tables that are not a tenant's have statements of their own.
 */
struct entity {
    const char *name;  /* singular, for messages and documents */
    const char *table; /* NULL for what is only sent, never stored */
    size_t size;
    const struct column *columns;
    size_t ncolumns;
};

/* ENTITY(task, "callback task", "callback_tasks", columns_of_task) */
#define ENTITY(record, called, stored_in, its_columns)                                             \
    {                                                                                              \
        .name = called, .table = stored_in, .size = sizeof(struct record), .columns = its_columns, \
        .ncolumns = COUNT(its_columns)                                                             \
    }

/* The column that a member of the struct is stored in; NULL when there is none. */
const struct column *column_at(const struct entity *entity, size_t offset);

/* The column of that name; NULL when there is none. */
const struct column *column_named(const struct entity *entity, const char *name, size_t length);

/* The cell of a row, where a value of the column's type lies. */
static inline void *cell_of(const struct column *column, const void *row)
{
    return (char *)(uintptr_t)row + column->offset;
}

/* Sets a cell to its type's nothing, and every cell of a row. */
void cell_clear(enum type type, void *cell);
void row_clear(const struct entity *entity, void *row);

/* Whether a cell holds its type's nothing (a BOOLEAN always holds something). */
bool cell_is_none(enum type type, const void *cell);

/* A set of columns, one bit each, in the order of the entity's table. */
enum { MAX_COLUMNS = 128 };

typedef struct {
    uint64_t word[MAX_COLUMNS / 64];
} columns;

#define NO_COLUMNS ((columns){{0, 0}})

/* Whether the column at an index of the table is in it; the set with it, and without it. */
bool columns_has(columns set, size_t index);
columns columns_with(columns set, size_t index);
columns columns_without(columns set, size_t index);

/* What is in one of two sets; and whether nothing is in one. */
columns columns_union(columns a, columns b);
bool columns_empty(columns set);

/* Every column that the store may write. */
columns columns_all(const struct entity *entity);

/* Adds the column of a member: columns_add(set, &task_entity, offsetof(struct task, status)). */
columns columns_add(columns set, const struct entity *entity, size_t offset);

/* Whether the column of a member is in the set. */
bool columns_have(columns set, const struct entity *entity, size_t offset);

/* What is wrong with an entity's table (too many columns, no key first, one name twice), or NULL.
 */
const char *entity_fault(const struct entity *entity);

#endif
