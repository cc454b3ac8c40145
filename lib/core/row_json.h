/*
 * core/row_json.h - a row as JSON by its entity's columns, and back; for what is kept in files.
 *
 * Every kind of value but raw bytes, which are left out.  Texts that are read live in the arena.
 */
#ifndef CORE_ROW_JSON_H
#define CORE_ROW_JSON_H

#include "core/column.h"
#include "core/json.h"
#include "core/text.h"

/* Adds {"name": value, …} with every column that is there. */
void row_write_json(struct text *text, const struct entity *entity, const void *row);

/* Clears the row, then takes what the object has; members of another type are left alone. */
void row_read_json(struct arena *arena, const struct entity *entity, json_object *object,
                   void *row);

#endif
