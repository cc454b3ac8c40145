#include "fcgi/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIALECTS = 48 };

static struct table tables[MAX_DIALECTS];
static size_t ntables;
static const struct dialect *const *mounted;
static size_t nmounted;

const struct dialect *const *routes_dialects(size_t *count)
{
    if (!mounted) {
        mounted = dialects;
        nmounted = dialects_count;
    }
    *count = nmounted;
    return mounted;
}

/* Cutting rows. */

static char *copy(const char *text, size_t length)
{
    char *text_copy = strndup(text, length);

    if (!text_copy)
        abort();
    return text_copy;
}

static void cut_segment(struct segment *segment, const char *text, size_t length)
{
    const char *end = memchr(text, '}', length);

    if (*text == '{' && end) {
        segment->name = copy(text + 1, (size_t)(end - text) - 1);
        segment->rest = copy(end + 1, length - (size_t)(end - text) - 1);
    } else {
        segment->rest = copy(text, length);
    }
}

static void cut_row(struct row *row, const struct route *route)
{
    const char *path = strchr(route->line, ' ');

    *row = (struct row){.route = route};
    row->method = copy(route->line, (size_t)(path - route->line));
    for (path += 2; *path && row->nsegments < MAX_SEGMENTS;) {
        size_t length = strcspn(path, "/");

        cut_segment(&row->segments[row->nsegments++], path, length);
        path += length + (path[length] == '/');
    }
}

/* Literals first, then names with more behind them. */
static int compare_segments(const struct segment *a, const struct segment *b)
{
    if (!a->name != !b->name)
        return a->name ? 1 : -1;
    if (a->name && strlen(a->rest) != strlen(b->rest))
        return strlen(a->rest) > strlen(b->rest) ? -1 : 1;
    return strcmp(a->rest, b->rest);
}

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left, *b = right;

    for (size_t i = 0; i < a->nsegments && i < b->nsegments; i++) {
        int order = compare_segments(&a->segments[i], &b->segments[i]);

        if (order)
            return order;
    }
    if (a->nsegments != b->nsegments)
        return a->nsegments < b->nsegments ? -1 : 1;
    return strcmp(a->method, b->method);
}

static struct table *build(const struct dialect *dialect)
{
    struct table *table = &tables[ntables++];

    if (ntables > MAX_DIALECTS)
        abort();
    *table = (struct table){.dialect = dialect, .count = dialect->nroutes};
    table->rows = calloc(dialect->nroutes ? dialect->nroutes : 1, sizeof *table->rows);
    if (!table->rows)
        abort();
    for (size_t i = 0; i < dialect->nroutes; i++)
        cut_row(&table->rows[i], &dialect->routes[i]);
    qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
    return table;
}

const struct table *routes_of(const struct dialect *dialect)
{
    for (size_t i = 0; i < ntables; i++)
        if (tables[i].dialect == dialect)
            return &tables[i];
    return build(dialect);
}

/* Checking rows. */

static bool is_method(const char *line)
{
    static const char *const methods[] = {"GET ", "POST ", "PUT ", "PATCH ", "DELETE "};

    for (size_t i = 0; i < COUNT(methods); i++)
        if (strncmp(line, methods[i], strlen(methods[i])) == 0)
            return true;
    return false;
}

/* Braces stand in pairs, at the beginning of a segment, around a name. */
static bool has_good_names(const char *path)
{
    size_t names = 0;

    for (; *path; path++) {
        size_t length;

        if (*path == '}')
            return false;
        if (*path != '{')
            continue;
        length = strcspn(path + 1, "{}/");
        if (path[-1] != '/' || !length || path[1 + length] != '}' || ++names > MAX_PATH_VALUES)
            return false;
        path += 1 + length;
    }
    return true;
}

/* Whether the last {name} of the line is a field of the view, so that it chooses the row. */
static bool names_its_row(const struct route *route, const struct view *view)
{
    const char *name = strrchr(route->line, '{');
    char text[64];

    if (!name || !view)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(name + 1, "}"), name + 1);
    return view_field(view, text, 0) != NULL;
}

static const char *handler_fault(const struct route *route)
{
    if (!route->handle && !(route->flags & DAEMON))
        return "has no handler";
    if ((route->handle == list_rows || route->handle == get_row) && !route->out)
        return "shows rows without a view out";
    if ((route->handle == create_row || route->handle == update_row) && !route->in)
        return "writes rows without a view in";
    if ((route->handle == create_row || route->handle == update_row) &&
        (!route->out || route->out->of != route->in->of))
        return "does not show what it wrote";
    if ((route->handle == get_row || route->handle == update_row || route->handle == delete_row) &&
        !names_its_row(route, route->out))
        return "has no {name} that is a field of its view out";
    return NULL;
}

const char *route_fault(const struct dialect *dialect, const struct route *route)
{
    const char *path = strchr(route->line, ' '), *fault = handler_fault(route);

    if (!is_method(route->line) || !path || path[1] != '/')
        return "is not \"METHOD /path\"";
    if (!has_good_names(path + 1))
        return "has a {name} that is none";
    if (!route->summary)
        return "has no summary";
    if (fault)
        return fault;
    if (route->handle == list_rows && !dialect->page_size)
        return "is a list of no size";
    if (route->scope && !dialect->authenticate)
        return "asks for a credential that the dialect cannot prove";
    if (dialect_of(path + 1) != dialect)
        return "stands under another dialect's prefix";
    if (route->in && (fault = view_fault(route->in)))
        return fault;
    return route->out ? view_fault(route->out) : NULL;
}

static bool check_table(const struct table *table)
{
    bool good = true;

    for (size_t i = 0; i < table->count; i++) {
        const struct route *route = table->rows[i].route;
        const char *fault = route_fault(table->dialect, route);

        if (fault)
            fprintf(stderr, "%s: \"%s\" %s\n", table->dialect->name, route->line, fault);
        if (i && compare_rows(&table->rows[i - 1], &table->rows[i]) == 0) {
            fprintf(stderr, "%s: \"%s\" and \"%s\" collide\n", table->dialect->name,
                    table->rows[i - 1].route->line, route->line);
            good = false;
        }
        good = good && !fault;
    }
    return good;
}

static const char *dialect_fault(const struct dialect *dialect)
{
    if (!dialect->name || !dialect->prefixes || !*dialect->prefixes)
        return "has no name or no prefix";
    if (!dialect->refuse || !dialect->item || !dialect->list)
        return "cannot write an answer";
    if (!dialect->body_limit || dialect->page_size > dialect->page_most)
        return "has no limits";
    return NULL;
}

bool routes_prepare_these(const struct dialect *const *these, size_t count)
{
    bool good = true;

    mounted = these;
    nmounted = count;
    for (size_t i = 0; i < count; i++) {
        const char *fault = dialect_fault(these[i]);

        if (fault)
            fprintf(stderr, "%s %s\n", these[i]->name ? these[i]->name : "?", fault);
        good = !fault && check_table(routes_of(these[i])) && good;
    }
    return good;
}

bool routes_prepare(void)
{
    return routes_prepare_these(dialects, dialects_count);
}

/* Matching. */

static bool match_segment(const struct segment *segment, const char *text, struct request *req)
{
    size_t length = strlen(text), rest = strlen(segment->rest);
    const char *value;

    if (!segment->name)
        return strcmp(segment->rest, text) == 0;
    if (length <= rest || strcmp(text + length - rest, segment->rest) != 0)
        return false;
    value = rest ? arena_copy(&req->work.arena, text, length - rest) : text;
    req->path_values[req->npath_values++] = (struct parameter){segment->name, value};
    return true;
}

static bool match_row(const struct row *row, struct request *req)
{
    req->npath_values = 0;
    if (row->nsegments != req->nsegments)
        return false;
    for (size_t i = 0; i < row->nsegments; i++)
        if (!match_segment(&row->segments[i], req->segments[i], req))
            return false;
    return true;
}

static void add_method(struct text *methods, const char *method)
{
    if (methods->length && strstr(methods->at, method))
        return;
    text_add(methods, "%s%s", methods->length ? ", " : "", method);
    if (strcmp(method, "GET") == 0)
        text_put(methods, ", HEAD");
}

const char *route_methods(struct request *req)
{
    const struct table *table = routes_of(req->dialect);
    struct text methods = {.arena = &req->work.arena};

    for (size_t i = 0; i < table->count; i++)
        if (match_row(&table->rows[i], req))
            add_method(&methods, table->rows[i].method);
    req->npath_values = 0;
    return methods.length ? methods.at : "";
}

bool route_find(struct request *req)
{
    const struct table *table = routes_of(req->dialect);
    const char *methods;

    for (size_t i = 0; i < table->count; i++) {
        const struct row *row = &table->rows[i];

        if (strcmp(row->method, req->method) == 0 && row->route->handle && match_row(row, req)) {
            req->route = row->route;
            return true;
        }
    }
    methods = route_methods(req);
    if (!*methods)
        return fail(&req->work, NOT_FOUND, "There is nothing at this path");
    reply_header(req, "Allow", methods);
    return fail(&req->work, NOT_ALLOWED, "This path does not answer that method");
}
