/*
 * Handlers that exist once, for every entity in every dialect.
 */
#include <string.h>

#include "fcgi/dialect.h"

enum { TENANT_ID = 0, ID = 1 };

/* A row as the path and the query describe it, and which columns they describe. */
struct example {
    void *row;
    columns given;
};

static struct example example_of(struct request *req, const struct view *view)
{
    struct example like = {.row = arena_take(&req->work.arena, view->of->size, 1)};

    row_clear(view->of, like.row);
    return like;
}

/* An id that cannot be one names nothing, unless the dialect says that it is malformed. */
static bool refuse_path_value(struct request *req, const struct view *view)
{
    if (req->dialect->refuses_malformed_ids || req->work.error.what != INVALID)
        return false;
    return fail(&req->work, NOT_FOUND, "There is no such %s", view->of->name);
}

static bool read_path_values(struct request *req, const struct view *view, struct example *like)
{
    for (size_t i = 0; i < req->npath_values; i++) {
        const struct parameter *value = &req->path_values[i];
        const struct field *field = view_field(view, value->name, 0);

        if (!field)
            continue;
        if (!read_text_value(req, view, field, value->name, value->value, like->row))
            return refuse_path_value(req, view);
        like->given = columns_add(like->given, view->of, field->offset);
    }
    return true;
}

static bool is_documented(const struct request *req, const char *name)
{
    const struct query_parameter *known = req->route->query;

    for (; known && known->name; known++)
        if (strcmp(known->name, name) == 0)
            return true;
    return (req->dialect->limit && strcmp(req->dialect->limit, name) == 0) ||
           (req->dialect->skip && strcmp(req->dialect->skip, name) == 0);
}

static bool read_filters(struct request *req, const struct view *view, struct example *like)
{
    for (size_t i = 0; i < req->query.count; i++) {
        const struct parameter *given = &req->query.at[i];
        const struct field *field = view_input(req, view, given->name, FILTER);

        if (!field && req->dialect->strict && !is_documented(req, given->name))
            return fail_field(&req->work, given->name, "%s is not a parameter of this request",
                              given->name);
        if (!field)
            continue;
        if (!read_text_value(req, view, field, given->name, given->value, like->row))
            return false;
        like->given = columns_add(like->given, view->of, field->offset);
    }
    return true;
}

static bool read_number(struct request *req, const char *name, size_t least, size_t most,
                        size_t *number)
{
    const char *text = name ? request_query(req, name) : NULL;
    size_t value = 0;

    if (!text)
        return true;
    if (!*text || strlen(text) > 9 || text[strspn(text, "0123456789")])
        return fail_field(&req->work, name, "%s must be an integer", name);
    for (; *text; text++)
        value = 10 * value + (size_t)(*text - '0');
    if (value < least || value > most)
        return fail_field(&req->work, name, "%s is out of range", name);
    *number = value;
    return true;
}

bool read_page(struct request *req, struct page *page)
{
    const struct dialect *dialect = req->dialect;

    *page = (struct page){.size = dialect->page_size, .before_time = NO_INSTANT};
    if (dialect->read_page)
        return dialect->read_page(req, page);
    return read_number(req, dialect->limit, 1, dialect->page_most, &page->size) &&
           read_number(req, dialect->skip, 0, 1000000, &page->skip);
}

bool find_row(struct request *req, const struct view *view, void *row)
{
    struct example like = example_of(req, view);

    if (!read_path_values(req, view, &like))
        return false;
    if (columns_empty(like.given))
        return fail(&req->work, INTERNAL, "The path does not name a %s", view->of->name);
    return store_find(&req->work, view->of, like.row, like.given, row);
}

bool reply_row(struct request *req, int status, const struct view *view, const void *row)
{
    req->status = status;
    req->dialect->item(req, view, row);
    return true;
}

bool reply_rows(struct request *req, const struct view *view, const struct page *page,
                const struct rows *rows)
{
    req->status = 200;
    req->dialect->list(req, view, page, rows);
    return true;
}

static int status_of(const struct route *route, int usual)
{
    return route->success ? route->success : usual;
}

bool list_rows(struct request *req)
{
    const struct view *view = req->route->out;
    struct example like = example_of(req, view);
    struct page page;
    struct rows rows;

    return read_page(req, &page) && read_path_values(req, view, &like) &&
           read_filters(req, view, &like) &&
           store_list(&req->work, view->of, like.row, like.given, &page, &rows) &&
           reply_rows(req, view, &page, &rows);
}

bool get_row(struct request *req)
{
    void *row = arena_take(&req->work.arena, req->route->out->of->size, 1);

    return find_row(req, req->route->out, row) &&
           reply_row(req, status_of(req->route, 200), req->route->out, row);
}

static uid *id_of(const struct view *view, void *row)
{
    return cell_of(&view->of->columns[ID], row);
}

/* The new row begins as what the path says about it. */
bool create_row(struct request *req)
{
    const struct view *view = req->route->in;
    struct example like = example_of(req, view);
    columns given;

    if (!read_path_values(req, view, &like) || !read_body(req, view, CREATE, like.row, &given))
        return false;
    *id_of(view, like.row) = uid_new();
    return store_insert(&req->work, view->of, like.row, columns_union(like.given, given)) &&
           store_get(&req->work, view->of, *id_of(view, like.row), like.row) &&
           reply_row(req, status_of(req->route, 201), req->route->out, like.row);
}

bool update_row(struct request *req)
{
    const struct view *view = req->route->in;
    void *row = arena_take(&req->work.arena, view->of->size, 1);
    columns given;

    if (!find_row(req, req->route->out, row) || !read_body(req, view, UPDATE, row, &given))
        return false;
    return (columns_empty(given) || store_update(&req->work, view->of, row, given)) &&
           store_get(&req->work, view->of, *id_of(view, row), row) &&
           reply_row(req, status_of(req->route, 200), req->route->out, row);
}

bool delete_row(struct request *req)
{
    const struct view *view = req->route->out;
    void *row = arena_take(&req->work.arena, view->of->size, 1);

    return find_row(req, view, row) && store_delete(&req->work, view->of, *id_of(view, row)) &&
           reply_empty(req, status_of(req->route, 204));
}
