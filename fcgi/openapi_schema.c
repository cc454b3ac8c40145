#include "fcgi/openapi_schema.h"

#include <string.h>

/* What a schema is called: views that are only written keep their name. */
static void put_name(struct text *out, const struct schema *schema)
{
    bool shown = false;

    for (size_t i = 0; i < schema->view->nfields; i++)
        shown = shown || schema->view->fields[i].use & READ;
    text_put(out, schema->view->name);
    if (schema->use != READ && shown)
        text_put(out, schema->use == CREATE ? "Create" : "Update");
}

void schema_refer(struct schemas *schemas, struct text *out, struct schema schema)
{
    size_t i;

    for (i = 0; i < schemas->count; i++)
        if (schemas->at[i].view == schema.view && schemas->at[i].use == schema.use)
            break;
    if (i == schemas->count && i < MAX_SCHEMAS)
        schemas->at[schemas->count++] = schema;
    text_put(out, "{\"$ref\":\"#/components/schemas/");
    put_name(out, &schema);
    text_put(out, "\"}");
}

/* Whether an answer may hold null for the field. */
static bool may_be_null(const struct schema *schema, const struct field *field)
{
    const struct column *column = column_at(schema->view->of, field->offset);

    if (field->inner || field->rows || !column->nullable || wire_of(schema->view, field)->whole)
        return false;
    if (schema->use != READ)
        return true;
    return !(field->use & OPTIONAL) && (!schema->dialect->absent_left_out || field->use & PRESENT);
}

static bool is_always_there(const struct schema *schema, const struct field *field)
{
    const struct column *column = column_at(schema->view->of, field->offset);

    if (schema->use != READ)
        return schema->use == CREATE && field->use & REQUIRED;
    if (field->use & OPTIONAL)
        return false;
    return field->inner || field->rows || !column->nullable ||
           wire_of(schema->view, field)->whole || !schema->dialect->absent_left_out ||
           field->use & PRESENT;
}

/* "type":"string" becomes "type":["string","null"]. */
static void put_type(struct text *out, const char *schema, bool null)
{
    static const char head[] = "\"type\":\"";
    const char *type = strstr(schema, head);
    size_t length;

    if (!null || !type) {
        text_put(out, schema);
        return;
    }
    type += sizeof head - 1;
    length = strcspn(type, "\"");
    text_bytes(out, schema, (size_t)(type - schema) - 1);
    text_add(out, "[\"%.*s\",\"null\"]%s", (int)length, type, type + length + 1);
}

static const char *spelled(const struct field *field, const char *word)
{
    for (const struct spelling *s = field->spellings; s && s->ours; s++)
        if (strcmp(s->ours, word) == 0)
            return s->theirs;
    return word;
}

/* Two of our words may be one of theirs. */
static bool is_repeated(const struct field *field, const char *const *words, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(spelled(field, words[i]), spelled(field, words[index])) == 0)
            return true;
    return false;
}

static void put_words(struct text *out, const struct field *field, const char *const *words,
                      bool null)
{
    text_put(out, ",\"enum\":[");
    for (size_t i = 0; words[i]; i++) {
        if (is_repeated(field, words, i))
            continue;
        text_put(out, i ? "," : "");
        text_json(out, spelled(field, words[i]));
    }
    text_put(out, null ? ",null]" : "]");
}

static void put_bounds(struct text *out, const struct column *column, const char *schema)
{
    if (strstr(schema, "\"type\":\"string\"") && column->type == TEXT && column->max &&
        !column->one_of)
        text_add(out, ",\"maxLength\":%zu", column->max);
    if (strstr(schema, "\"type\":\"integer\"") && (column->least || column->most))
        text_add(out, ",\"minimum\":%lld,\"maximum\":%lld", (long long)column->least,
                 (long long)column->most);
}

/* Without the braces. */
static void put_value(struct text *out, const struct view *view, const struct field *field,
                      bool null)
{
    const struct column *column = column_at(view->of, field->offset);
    const char *schema = wire_of(view, field)->schema;
    const char *about = field->about ? field->about : column->about;

    put_type(out, schema, null);
    if (column->one_of && strstr(schema, "\"type\":\"string\""))
        put_words(out, field, column->one_of, null);
    put_bounds(out, column, schema);
    if (about) {
        text_put(out, *schema ? ",\"description\":" : "\"description\":");
        text_json(out, about);
    }
    if (field->example)
        text_add(out, "%s\"example\":%s", *schema || about ? "," : "", field->example);
}

void schema_of_field(struct text *out, const struct view *view, const struct field *field)
{
    text_char(out, '{');
    put_value(out, view, field, false);
    text_char(out, '}');
}

static void put_object(struct schemas *schemas, struct text *out, const struct schema *schema);

/* Answers are spelled as they stand in the view, what is sent as the dialect has it. */
static void put_field_name(struct text *out, const struct schema *schema, const struct field *field)
{
    text_json(out, schema->use == READ ? field->name
                                       : input_name(out->arena, schema->dialect, field->name));
}

static void put_field(struct schemas *schemas, struct text *out, const struct schema *schema,
                      const struct field *field)
{
    if (field->inner) {
        put_object(schemas, out, &(struct schema){schema->dialect, field->inner, schema->use});
    } else if (field->rows) {
        text_put(out, "{\"type\":\"array\",\"items\":");
        schema_refer(schemas, out, (struct schema){schema->dialect, field->rows, READ});
        text_char(out, '}');
    } else {
        text_char(out, '{');
        put_value(out, schema->view, field, may_be_null(schema, field));
        text_char(out, '}');
    }
}

static void put_required(struct text *out, const struct schema *schema)
{
    const char *between = ",\"required\":[";
    bool any = false;

    for (size_t i = 0; i < schema->view->nfields; i++) {
        const struct field *field = &schema->view->fields[i];

        if (!(field->use & schema->use) || !is_always_there(schema, field))
            continue;
        text_put(out, between);
        put_field_name(out, schema, field);
        between = ",";
        any = true;
    }
    text_put(out, any ? "]" : "");
}

static void put_object(struct schemas *schemas, struct text *out, const struct schema *schema)
{
    const char *between = "";

    text_put(out, "{\"type\":\"object\",\"properties\":{");
    for (size_t i = 0; i < schema->view->nfields; i++) {
        const struct field *field = &schema->view->fields[i];

        if (!(field->use & schema->use))
            continue;
        text_put(out, between);
        put_field_name(out, schema, field);
        text_char(out, ':');
        put_field(schemas, out, schema, field);
        between = ",";
    }
    text_char(out, '}');
    put_required(out, schema);
    if (schema->use != READ && schema->dialect->strict)
        text_put(out, ",\"additionalProperties\":false");
    text_char(out, '}');
}

void schemas_write(struct schemas *schemas, struct text *out)
{
    for (size_t i = 0; i < schemas->count; i++) { /* grows while it is written */
        const struct schema schema = schemas->at[i];

        text_put(out, i ? ",\"" : "\"");
        put_name(out, &schema);
        text_put(out, "\":");
        put_object(schemas, out, &schema);
    }
}
