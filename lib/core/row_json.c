#include "core/row_json.h"

static void write_cell(struct text *text, enum type type, const void *cell)
{
    char hex[33];

    switch (type) {
    case TEXT:
        text_json(text, *(const char *const *)cell);
        break;
    case INTEGER:
        text_integer(text, *(const int64_t *)cell);
        break;
    case REAL:
        text_real(text, *(const double *)cell);
        break;
    case BOOLEAN:
        text_put(text, *(const bool *)cell ? "true" : "false");
        break;
    case INSTANT:
        text_integer(text, ((const instant *)cell)->ms);
        break;
    case UID:
        uid_write_hex(*(const uid *)cell, hex);
        text_json(text, hex);
        break;
    case DOCUMENT:
        text_json(text, ((const document *)cell)->json);
        break;
    case BYTES:
        text_put(text, "null");
        break;
    }
}

void row_write_json(struct text *text, const struct entity *entity, const void *row)
{
    const char *between = "{";

    for (size_t i = 0; i < entity->ncolumns; i++) {
        const struct column *column = &entity->columns[i];
        const void *cell = cell_of(column, row);

        if (column->type == BYTES || cell_is_none(column->type, cell))
            continue;
        text_add(text, "%s\"%s\":", between, column->name);
        write_cell(text, column->type, cell);
        between = ",";
    }
    text_put(text, *between == '{' ? "{}" : "}");
}

static void read_cell(struct arena *arena, enum type type, json_object *value, void *cell)
{
    bool is_text = json_object_is_type(value, json_type_string);
    const char *text = is_text ? arena_text(arena, json_object_get_string(value)) : NULL;

    switch (type) {
    case TEXT:
        *(const char **)cell = text;
        break;
    case INTEGER:
        *(int64_t *)cell = json_object_get_int64(value);
        break;
    case REAL:
        *(double *)cell = json_object_get_double(value);
        break;
    case BOOLEAN:
        *(bool *)cell = json_object_get_boolean(value);
        break;
    case INSTANT:
        ((instant *)cell)->ms = json_object_get_int64(value);
        break;
    case UID:
        if (!text || !uid_read_hex(text, cell))
            *(uid *)cell = NO_UID;
        break;
    case DOCUMENT:
        ((document *)cell)->json = text;
        break;
    case BYTES:
        break;
    }
}

void row_read_json(struct arena *arena, const struct entity *entity, json_object *object, void *row)
{
    row_clear(entity, row);
    for (size_t i = 0; i < entity->ncolumns; i++) {
        const struct column *column = &entity->columns[i];
        json_object *value = json_member(object, column->name);

        if (value)
            read_cell(arena, column->type, value, cell_of(column, row));
    }
}
