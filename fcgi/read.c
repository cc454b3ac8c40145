/*
 * Reads what clients send through views.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "fcgi/dialect.h"

/* Where in the body we are: the names of the objects around, each as the client spells it. */
struct place {
    struct request *req;
    const struct view *view;
    unsigned use;
    void *row;
    columns *given;
    const char *path; /* "limits." or "" */
};

const char *input_name(struct arena *arena, const struct dialect *dialect, const char *field)
{
    char *name, *end;
    bool start = true;

    if (!dialect->pascal_case)
        return field;
    name = end = arena_take(arena, 1, strlen(field) + 1);
    for (; *field; field++) {
        if (*field == '_') {
            start = true;
            continue;
        }
        *end++ = start ? (char)toupper((unsigned char)*field) : *field;
        start = false;
    }
    return name;
}

/* What the client of this request calls a field. */
static const char *called(struct request *req, const struct field *field)
{
    return input_name(&req->work.arena, req->dialect, field->name);
}

const struct field *view_input(struct request *req, const struct view *view, const char *name,
                               unsigned use)
{
    for (size_t i = 0; i < view->nfields; i++)
        if (view->fields[i].use & use && strcmp(called(req, &view->fields[i]), name) == 0)
            return &view->fields[i];
    return NULL;
}

/* Texts. */

static bool check_text(struct request *req, const struct column *column, const char *name,
                       const char *text)
{
    if (column->max && strlen(text) > column->max)
        return fail_field(&req->work, name, "%s is longer than %zu bytes", name, column->max);
    if (!column->one_of)
        return true;
    for (const char *const *word = column->one_of; *word; word++)
        if (strcmp(*word, text) == 0)
            return true;
    return fail_field(&req->work, name, "%s must be one of the documented values", name);
}

/* The rules of the member hold whatever the wire let pass. */
static bool check_cell(struct request *req, const struct column *column, const char *name,
                       const void *cell)
{
    if (column->type == TEXT)
        return check_text(req, column, name, *(const char *const *)cell);
    if (column->type == INTEGER) {
        int64_t value = *(const int64_t *)cell;

        if (value == NO_INTEGER || value == INT64_MAX ||
            ((column->least || column->most) && (value < column->least || value > column->most)))
            return fail_field(&req->work, name, "%s is out of range", name);
    }
    if (column->type == DOCUMENT && column->max &&
        strlen(((const document *)cell)->json) > column->max)
        return fail_field(&req->work, name, "%s is longer than %zu bytes", name, column->max);
    return true;
}

static bool parse_value(struct request *req, const struct view *view, const struct field *field,
                        const char *name, json_object *in, void *row)
{
    const struct column *column = column_at(view->of, field->offset);
    const struct wire *wire = wire_of(view, field);
    void *cell = cell_of(column, row);
    const char *expected;

    if (!wire->parse)
        return fail_field(&req->work, name, "%s cannot be given", name);
    if (!in && !column->nullable)
        return fail_field(&req->work, name, "%s must not be null", name);
    if (!in) {
        cell_clear(column->type, cell);
        return true;
    }
    expected = wire->parse(req, field, in, cell);
    if (expected)
        return fail_field(&req->work, name, "%s must be %s", name, expected);
    return check_cell(req, column, name, cell);
}

/* A value from a form or a query is a text; numbers and truths are read out of it first. */
static json_object *read_out(enum type type, const char *text)
{
    char *end;

    if (type == INTEGER && strlen(text) < 19 && (isdigit((unsigned char)*text) || *text == '-')) {
        long long number = strtoll(text, &end, 10);

        if (!*end)
            return json_object_new_int64(number);
    }
    if (type == REAL && *text) {
        double number = strtod(text, &end);

        if (!*end && isfinite(number) && !isspace((unsigned char)*text))
            return json_object_new_double(number);
    }
    if (type == BOOLEAN && strcmp(text, "true") == 0)
        return json_object_new_boolean(true);
    if (type == BOOLEAN && strcmp(text, "false") == 0)
        return json_object_new_boolean(false);
    return NULL;
}

bool read_text_value(struct request *req, const struct view *view, const struct field *field,
                     const char *name, const char *value, void *row)
{
    const struct column *column = column_at(view->of, field->offset);
    json_object *in = read_out(column->type, value);
    bool ok;

    if (!in)
        in = json_object_new_string(value);
    ok = parse_value(req, view, field, name, in, row);
    if (ok && column->type == TEXT) /* a wire may have left a text where the tree keeps it */
        *(char **)cell_of(column, row) =
            arena_text(&req->work.arena, *(char **)cell_of(column, row));
    json_object_put(in);
    return ok;
}

/* Bodies. */

/* How many letters must change to make one word of the other; long words are all alike far. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], length = strlen(b);

    if (length >= 63 || strlen(a) >= 63)
        return 63;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; *a; a++, i++) {
        size_t before = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t changed = before + (*a != b[j - 1]);

            before = row[j];
            row[j] = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            if (changed < row[j])
                row[j] = changed;
        }
    }
    return row[length];
}

static bool refuse_unknown(struct place *place, const char *path, const char *name)
{
    struct request *req = place->req;
    const char *nearest = NULL;
    size_t least = strlen(name) / 3 + 1;

    for (size_t i = 0; i < place->view->nfields; i++) {
        const char *known = called(req, &place->view->fields[i]);
        size_t far = place->view->fields[i].use & place->use ? distance(name, known) : 63;

        if (far < least) {
            least = far;
            nearest = known;
        }
    }
    if (nearest)
        return fail_field(&req->work, path, "%s is not a field of this request; did you mean %s?",
                          path, nearest);
    return fail_field(&req->work, path, "%s is not a field of this request", path);
}

static bool read_object(struct place *place, json_object *object);

static bool read_nested(struct place *place, const struct field *field, const char *path,
                        json_object *in)
{
    struct place inside = *place;

    if (!json_object_is_type(in, json_type_object))
        return fail_field(&place->req->work, path, "%s must be an object", path);
    inside.view = field->inner;
    inside.path = arena_format(&place->req->work.arena, "%s.", path);
    return read_object(&inside, in);
}

static bool read_member(struct place *place, const struct field *field, const char *path,
                        json_object *in)
{
    struct request *req = place->req;

    if (field->inner)
        return read_nested(place, field, path, in);
    *place->given = columns_add(*place->given, place->view->of, field->offset);
    if (req->form.count && json_object_is_type(in, json_type_string))
        return read_text_value(req, place->view, field, path, json_object_get_string(in),
                               place->row);
    return parse_value(req, place->view, field, path, in, place->row);
}

static bool check_required(struct place *place)
{
    struct request *req = place->req;

    for (size_t i = 0; i < place->view->nfields; i++) {
        const struct field *field = &place->view->fields[i];
        const char *path;

        if (!(field->use & REQUIRED) || field->inner ||
            columns_have(*place->given, place->view->of, field->offset))
            continue;
        path = arena_format(&req->work.arena, "%s%s", place->path, called(req, field));
        return fail_field(&req->work, path, "%s is required", path);
    }
    return true;
}

/* A required object that is not there lacks its own required fields. */
static bool check_missing_objects(struct place *place, json_object *object)
{
    struct request *req = place->req;

    for (size_t i = 0; i < place->view->nfields; i++) {
        const struct field *field = &place->view->fields[i];
        const char *name = called(req, field);

        if (field->inner && field->use & REQUIRED && !json_member(object, name))
            return fail_field(&req->work, name, "%s%s is required", place->path, name);
    }
    return true;
}

static bool read_object(struct place *place, json_object *object)
{
    struct request *req = place->req;

    json_object_object_foreach(object, name, value)
    {
        const struct field *field = view_input(req, place->view, name, place->use);
        const char *path = arena_format(&req->work.arena, "%s%s", place->path, name);

        if (!field && !req->dialect->strict)
            continue;
        if (!field)
            return refuse_unknown(place, path, name);
        if (!read_member(place, field, path, value))
            return false;
    }
    return place->use != CREATE || (check_missing_objects(place, object) && check_required(place));
}

/* A missing body is an empty one, so that what is required is named. */
bool read_body(struct request *req, const struct view *view, unsigned use, void *row,
               columns *given)
{
    struct place place = {req, view, use, row, given, ""};
    json_object *none;
    bool ok;

    *given = NO_COLUMNS;
    if (req->json && !json_object_is_type(req->json, json_type_object))
        return fail(&req->work, INVALID, "The body must be a JSON object");
    if (req->json)
        return read_object(&place, req->json);
    none = json_object_new_object();
    ok = read_object(&place, none);
    json_object_put(none);
    return ok;
}
