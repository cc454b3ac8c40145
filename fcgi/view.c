#include "fcgi/view.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/dialect.h"

/* A view with its columns found, so that a list looks for them once and not for every row. */
struct shown {
    const struct field *field;
    const struct wire *wire;
    const struct plan *inner;
    enum type type;
};

struct plan {
    struct shown *at;
    size_t count;
};

static const struct plan *plan_of(struct arena *arena, const struct view *view)
{
    struct plan *plan = arena_new(arena, struct plan, 1);

    plan->at = arena_new(arena, struct shown, view->nfields);
    for (size_t i = 0; i < view->nfields; i++) {
        const struct field *field = &view->fields[i];
        const struct column *column = column_at(view->of, field->offset);

        if (!(field->use & READ))
            continue;
        plan->at[plan->count++] = (struct shown){
            .field = field,
            .type = column ? column->type : TEXT,
            .wire = field->inner || field->rows ? NULL : wire_of(view, field),
            .inner = field->inner  ? plan_of(arena, field->inner)
                     : field->rows ? plan_of(arena, field->rows)
                                   : NULL,
        };
    }
    return plan;
}

static bool is_absent(const struct shown *shown, const void *row)
{
    if (shown->field->rows)
        return false;
    if (shown->field->inner) {
        for (size_t i = 0; i < shown->inner->count; i++)
            if (!is_absent(&shown->inner->at[i], row))
                return false;
        return true;
    }
    return !shown->wire->whole &&
           cell_is_none(shown->type, (const char *)row + shown->field->offset);
}

static void render_plan(struct request *req, struct text *out, const struct plan *plan,
                        const void *row);

static void render_list(struct request *req, struct text *out, const struct plan *plan, size_t size,
                        const struct rows *rows)
{
    text_char(out, '[');
    for (size_t i = 0; i < rows->count; i++) {
        if (i)
            text_char(out, ',');
        render_plan(req, out, plan, (const char *)rows->at + i * size);
    }
    text_char(out, ']');
}

static void render_value(struct request *req, struct text *out, const struct shown *shown,
                         const void *row)
{
    const struct field *field = shown->field;
    const void *cell = (const char *)row + field->offset;

    if (field->rows)
        render_list(req, out, shown->inner, field->rows->of->size, cell);
    else if (field->inner)
        render_plan(req, out, shown->inner, row);
    else
        shown->wire->render(req, out, field, cell, row);
}

/* An object that is there only for its members is not absent in a dialect that shows nulls. */
static bool is_left_out(const struct request *req, const struct field *field)
{
    return field->use & OPTIONAL ||
           (req->dialect->absent_left_out && !field->inner && !(field->use & PRESENT));
}

static void render_plan(struct request *req, struct text *out, const struct plan *plan,
                        const void *row)
{
    char between = '{';

    for (size_t i = 0; i < plan->count; i++) {
        const struct shown *shown = &plan->at[i];
        bool absent = is_absent(shown, row);

        if (absent && is_left_out(req, shown->field))
            continue;
        text_char(out, between);
        text_char(out, '"');
        text_put(out, shown->field->name);
        text_bytes(out, "\":", 2);
        if (absent && !shown->field->inner)
            text_bytes(out, "null", 4);
        else
            render_value(req, out, shown, row);
        between = ',';
    }
    if (between == '{')
        text_char(out, '{');
    text_char(out, '}');
}

void view_render(struct request *req, struct text *out, const struct view *view, const void *row)
{
    render_plan(req, out, plan_of(&req->work.arena, view), row);
}

void view_render_rows(struct request *req, struct text *out, const struct view *view,
                      const struct rows *rows)
{
    render_list(req, out, plan_of(&req->work.arena, view), view->of->size, rows);
}

const struct wire *wire_of(const struct view *view, const struct field *field)
{
    return field->wire ? field->wire : wire_plain(column_at(view->of, field->offset)->type);
}

const struct field *view_field(const struct view *view, const char *name, unsigned use)
{
    for (size_t i = 0; i < view->nfields; i++)
        if ((view->fields[i].use & use) == use && strcmp(view->fields[i].name, name) == 0)
            return &view->fields[i];
    return NULL;
}

static bool is_plain_name(const char *name)
{
    return name && *name && !name[strcspn(name, "\"\\{}/.")];
}

/* What is wrong with a field that shows one member. */
static const char *member_fault(const struct view *view, const struct field *field)
{
    const struct column *column = column_at(view->of, field->offset);
    const struct wire *wire;

    if (!column)
        return "shows a member that is no column";
    wire = field->wire ? field->wire : wire_plain(column->type);
    if (!wire)
        return "shows bytes without a wire";
    if (field->use & READ && !wire->render)
        return "is read but its wire cannot render";
    if (field->use & (CREATE | UPDATE | FILTER) && !wire->parse)
        return "is written but its wire cannot parse";
    if (!wire->schema)
        return "has a wire without a schema";
    return NULL;
}

static const char *field_fault(const struct view *view, const struct field *field)
{
    if (!is_plain_name(field->name))
        return "has a name that cannot be written down";
    if (!field->use)
        return "is of no use";
    if (field->use & REQUIRED && !(field->use & CREATE))
        return "is required but not to be created with";
    if (field->inner && field->inner->of != view->of)
        return "nests a view of another entity";
    if (field->rows && field->use != READ)
        return "is a list of rows and not only read";
    if (field->inner)
        return view_fault(field->inner);
    if (field->rows)
        return view_fault(field->rows);
    return member_fault(view, field);
}

const char *view_fault(const struct view *view)
{
    static char text[200];
    const char *fault = entity_fault(view->of);

    if (fault) {
        snprintf(text, sizeof text, "view %s: %s", view->name, fault);
        return text;
    }
    for (size_t i = 0; i < view->nfields; i++) {
        const struct field *field = &view->fields[i];

        fault = field_fault(view, field);
        if (!fault && view_field(view, field->name, 0) != field)
            fault = "stands twice";
        if (fault) {
            char before[120];

            snprintf(before, sizeof before, "%s", fault);
            snprintf(text, sizeof text, "view %s, field %s %s", view->name,
                     field->name ? field->name : "?", before);
            return text;
        }
    }
    return NULL;
}
