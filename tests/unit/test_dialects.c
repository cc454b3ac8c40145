#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/json.h"
#include "domain/keys.h"
#include "fcgi/dialect.h"
#include "fcgi/routes.h"
#include "tenancy.h"

/* The tables are data, so that a few tests can vouch for every row of every dialect. */

static struct work work;
static struct tenant tenant;
static const char *kwickphone_key, *stateset_key;

static const char *new_key(const char *kind)
{
    struct api_key key;
    const char *secret;

    cr_assert(key_create(&work, &(struct key_order){.kind = kind, .expires_at = NO_INSTANT}, &key,
                         &secret),
              "%s", work.error.message);
    return secret;
}

static void setup(void)
{
    cr_assert(routes_prepare());
    work = tenancy_begin(&tenant, NULL);
    tenancy_config.admin_api_key = "the operator's key";
    tenancy_config.rate_limit_ip_per_minute = 100000;
    tenancy_config.rate_limit_tenant_per_minute = 100000;
    tenancy_config.openai_realtime_url = "wss://api.openai.com/v1/realtime";
    kwickphone_key = new_key("kwickphone");
    stateset_key = new_key("stateset");
}

static void end(void)
{
    tenancy_end(&work);
}

TestSuite(dialects, .init = setup, .fini = end);

/* Calls "look" for every route of every dialect. */
static void walk(void (*look)(const struct dialect *dialect, const struct route *route))
{
    for (size_t d = 0; d < dialects_count; d++)
        for (size_t i = 0; i < dialects[d]->nroutes; i++)
            look(dialects[d], &dialects[d]->routes[i]);
}

/* The route's own line, each {name} replaced by a value that it could have. */
static char *example_line(struct arena *arena, const struct route *route)
{
    struct text line = {.arena = arena};

    for (const char *c = route->line; *c; c++) {
        size_t length = strcspn(c, "}");

        if (*c != '{') {
            text_char(&line, *c);
            continue;
        }
        if (strncmp(c, "{tenant_id}", 11) == 0)
            text_put(&line, tenant.tenant_key);
        else
            text_put(&line, "01939f3a-7c21-7a4e-8b1d-5f6a7b8c9d0e");
        c += length;
    }
    return line.at;
}

static struct request request_for(const struct route *route, const char *body)
{
    struct request req = {
        .work = {.id = "test", .db = work.db, .config = &tenancy_config},
        .client_ip = "203.0.113.7",
        .query_string = "",
        .content_type = "application/json",
    };
    char *line = example_line(&req.work.arena, route), *path = strchr(line, ' ');

    *path++ = '\0';
    req.method = line;
    req.path = path;
    req.body = body;
    req.body_length = strlen(body);
    return req;
}

static void add_credentials(struct request *req, const struct dialect *dialect)
{
    const char *key = strcmp(dialect->name, "kwickphone") == 0 ? kwickphone_key : stateset_key;

    parameters_add(&req->work.arena, &req->headers, "Authorization",
                   arena_format(&req->work.arena, "Bearer %s", key));
    parameters_add(&req->work.arena, &req->headers, "X-Admin-Key", tenancy_config.admin_api_key);
}

static bool has_header(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->reply_headers.count; i++)
        if (strcmp(req->reply_headers.at[i].name, name) == 0)
            return true;
    return false;
}

static void expect_an_answer(const struct request *req, const struct route *route)
{
    bool json = !req->reply_type || strstr(req->reply_type, "json");
    size_t at;

    cr_expect(req->status >= 200 && req->status < 600 && req->status != 500, "%s: %d", route->line,
              req->status);
    cr_expect(has_header(req, "X-Request-Id"), "%s", route->line);
    if (json && req->reply.length)
        cr_expect_null(json_check(req->reply.at, req->reply.length, NULL, &at), "%s: %s",
                       route->line, req->reply.at);
}

Test(dialects, have_no_faults_in_their_tables)
{
    for (size_t d = 0; d < dialects_count; d++)
        for (size_t i = 0; i < dialects[d]->nroutes; i++) {
            const char *fault = route_fault(dialects[d], &dialects[d]->routes[i]);

            cr_expect_null(fault, "%s \"%s\" %s", dialects[d]->name, dialects[d]->routes[i].line,
                           fault);
        }
}

static void expect_it_is_reached(const struct dialect *dialect, const struct route *route)
{
    struct request req;

    if (!route->handle)
        return;
    req = request_for(route, "");
    cr_expect_eq(dialect_of(req.path), dialect, "%s", route->line);
    dispatch(&req);
    cr_expect_eq(req.route, route, "%s reaches %s", route->line,
                 req.route ? req.route->line : "nothing");
    request_end(&req);
}

Test(dialects, are_reached_by_their_own_lines)
{
    walk(expect_it_is_reached);
}

static void expect_it_wants_a_key(const struct dialect *dialect, const struct route *route)
{
    struct request req;

    (void)dialect;
    if (!route->scope || !route->handle)
        return;
    req = request_for(route, "{}");
    dispatch(&req);
    cr_expect_eq(req.status, 401, "%s: %d", route->line, req.status);
    expect_an_answer(&req, route);
    request_end(&req);
    req = request_for(route, "{}");
    parameters_add(&req.work.arena, &req.headers, "Authorization", "Bearer nonsense");
    parameters_add(&req.work.arena, &req.headers, "X-Admin-Key", "nonsense");
    dispatch(&req);
    cr_expect_eq(req.status, 401, "%s: %d", route->line, req.status);
    request_end(&req);
}

Test(dialects, want_a_key_wherever_they_say_so)
{
    walk(expect_it_wants_a_key);
}

/* Ids that nobody has, and bodies that are no bodies: an answer of the dialect's own, never 500. */
static void expect_it_survives(const struct dialect *dialect, const struct route *route)
{
    static const char *const bodies[] = {"", "{}", "[]", "7", "{\"a\":[{}]}", "{", "\xff", "a=%zz"};

    for (size_t i = 0; i < COUNT(bodies) && route->handle; i++) {
        struct request req = request_for(route, bodies[i]);

        add_credentials(&req, dialect);
        dispatch(&req);
        expect_an_answer(&req, route);
        request_end(&req);
    }
}

Test(dialects, survive_every_body)
{
    walk(expect_it_survives);
}

/* Views: what a body may not say. */

static struct request reading(const struct dialect *dialect, const char *body)
{
    struct request req = {
        .work = {.id = "test", .tenant = tenant.id, .db = work.db, .config = &tenancy_config},
        .dialect = dialect,
        .tenant = &tenant,
    };

    req.json = json_parse(body);
    cr_assert_not_null(req.json, "%s", body);
    return req;
}

static bool takes(const struct dialect *dialect, const struct view *view, unsigned use,
                  const char *body, struct error *error)
{
    struct request req = reading(dialect, body);
    void *row = arena_take(&req.work.arena, view->of->size, 1);
    columns given;
    bool ok;

    row_clear(view->of, row);
    ok = read_body(&req, view, use, row, &given);
    *error = req.work.error;
    request_end(&req);
    return ok;
}

/* Whether a body of this one field is refused for its sake, and by its name. */
static bool refuses(const struct dialect *dialect, const struct view *view,
                    const struct field *field, const char *value)
{
    char body[6000];
    unsigned use = field->use & UPDATE ? UPDATE : CREATE;
    const char *name = input_name(&work.arena, dialect, field->name);
    struct error error;

    snprintf(body, sizeof body, "{\"%s\":%s}", name, value);
    return !takes(dialect, view, use, body, &error) && strcmp(error.field, name) == 0 &&
           !strstr(error.message, "is required");
}

static void expect_rules_of(const struct dialect *dialect, const struct view *view,
                            const struct field *field)
{
    static const char *const values[] = {"true", "7", "\"\\u0001\"", "[]", "{}"};
    const struct column *column = field->inner ? NULL : column_at(view->of, field->offset);
    size_t refused = 0;
    char text[5000];

    for (size_t i = 0; i < COUNT(values); i++)
        refused += refuses(dialect, view, field, values[i]);
    cr_expect(refused >= 2 || (!field->inner && wire_of(view, field) == &wire_json),
              "%s.%s takes every type", view->name, field->name);
    if (column && !column->nullable)
        cr_expect(refuses(dialect, view, field, "null"), "%s.%s takes null", view->name,
                  field->name);
    if (column && column->type == TEXT && column->max && column->max < sizeof text - 10) {
        memset(text, 'x', sizeof text);
        text[0] = '"';
        snprintf(text + column->max + 2, 8, "\"");
        cr_expect(refuses(dialect, view, field, text), "%s.%s is longer than it may be", view->name,
                  field->name);
    }
}

static void expect_rules(const struct dialect *dialect, const struct route *route)
{
    struct error error;

    if (!route->in)
        return;
    for (size_t i = 0; i < route->in->nfields; i++)
        if (route->in->fields[i].use & (CREATE | UPDATE))
            expect_rules_of(dialect, route->in, &route->in->fields[i]);
    takes(dialect, route->in, UPDATE, "{\"no_such_field\":1}", &error);
    cr_expect_eq(*error.field != '\0', dialect->strict, "%s", route->line);
}

Test(dialects, refuse_what_their_fields_may_not_hold)
{
    walk(expect_rules);
}

/* Two views of one name would be one schema in the document. */

static struct {
    const struct dialect *dialect;
    const struct view *view;
} seen[500];
static size_t nseen;

static void expect_own_name(const struct dialect *dialect, const struct view *view)
{
    for (size_t i = 0; view && i < nseen; i++)
        cr_expect(seen[i].view == view || strcmp(seen[i].view->name, view->name) != 0 ||
                      strcmp(seen[i].dialect->name, dialect->name) != 0,
                  "two views are called %s", view->name);
    if (view && nseen < COUNT(seen)) {
        seen[nseen].dialect = dialect;
        seen[nseen++].view = view;
    }
}

static void expect_own_names(const struct dialect *dialect, const struct route *route)
{
    expect_own_name(dialect, route->in);
    expect_own_name(dialect, route->out);
}

Test(dialects, call_each_view_by_a_name_of_its_own)
{
    walk(expect_own_names);
}
