#include "fcgi/openapi.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/json.h"
#include "fcgi/openapi_schema.h"
#include "fcgi/routes.h"

enum { MAX_PARTS = 32 };

/* A document while it is written. */
struct page_of_api {
    struct text *out;
    struct schemas schemas;
    const struct dialect *dialect;
    const char *error; /* reference to the dialect's schema of a refusal */
    /* What an excerpt is cut out by, and its name; NULL: all is shown. */
    const struct dialect *cutter;
    const char *excerpt;
};

static const char *path_of(const struct route *route)
{
    return strchr(route->line, ' ') + 1;
}

static bool is_list(const struct route *route)
{
    return route->flags & LIST || route->handle == list_rows;
}

static int success_of(const struct route *route)
{
    if (route->success)
        return route->success;
    return route->handle == create_row ? 201 : route->handle == delete_row ? 204 : 200;
}

/* "GET /v1/calls/{callSid}/transcript" is getV1CallsByCallSidTranscript. */
static void put_operation_id(struct text *out, const struct route *route)
{
    bool start = false;

    text_put(out, "\"operationId\":\"");
    if (route->operation) {
        text_put(out, route->operation);
    } else {
        for (const char *c = route->line; *c; c++) {
            if (*c == '{')
                text_put(out, "By");
            start = start || !isalnum((unsigned char)*c);
            if (!isalnum((unsigned char)*c))
                continue;
            text_char(out, (char)(c < strchr(route->line, ' ') ? tolower((unsigned char)*c)
                                  : start                      ? toupper((unsigned char)*c)
                                                               : *c));
            start = false;
        }
    }
    text_char(out, '"');
}

/* Parameters. */

static void begin_parameter(struct text *out, const char *name, size_t length, const char *in)
{
    if (out->at[out->length - 1] == '}')
        text_char(out, ',');
    text_put(out, "{\"name\":");
    text_json_bytes(out, name, length);
    text_add(out, ",\"in\":\"%s\",\"required\":%s,\"schema\":", in,
             strcmp(in, "path") == 0 ? "true" : "false");
}

static void put_path_parameters(struct text *out, const struct route *route)
{
    const struct view *view = route->out ? route->out : route->in;

    for (const char *c = strchr(route->line, '{'); c; c = strchr(c + 1, '{')) {
        size_t length = strcspn(c + 1, "}");
        char name[64];
        const struct field *field;

        snprintf(name, sizeof name, "%.*s", (int)length, c + 1);
        field = view ? view_field(view, name, 0) : NULL;
        begin_parameter(out, c + 1, length, "path");
        if (field && !field->inner && !field->rows)
            schema_of_field(out, view, field);
        else
            text_put(out, "{\"type\":\"string\"}");
        text_char(out, '}');
    }
}

static void put_plain_parameter(struct text *out, const struct query_parameter *parameter,
                                const char *in)
{
    begin_parameter(out, parameter->name, strlen(parameter->name), in);
    text_add(out, "{%s}", parameter->schema);
    if (parameter->about) {
        text_put(out, ",\"description\":");
        text_json(out, parameter->about);
    }
    text_char(out, '}');
}

static void put_paging(struct text *out, const struct dialect *dialect)
{
    char schema[120];

    snprintf(schema, sizeof schema,
             "\"type\":\"integer\",\"minimum\":1,\"maximum\":%zu,\"default\":%zu",
             dialect->page_most, dialect->page_size);
    if (dialect->limit)
        put_plain_parameter(out, &(struct query_parameter){dialect->limit, schema, "Rows at most."},
                            "query");
    if (dialect->skip)
        put_plain_parameter(out,
                            &(struct query_parameter){dialect->skip,
                                                      "\"type\":\"integer\",\"minimum\":0",
                                                      "Rows to pass over."},
                            "query");
}

static void put_filters(struct text *out, const struct dialect *dialect, const struct view *view)
{
    for (size_t i = 0; view && i < view->nfields; i++) {
        const char *name = input_name(out->arena, dialect, view->fields[i].name);

        if (!(view->fields[i].use & FILTER))
            continue;
        begin_parameter(out, name, strlen(name), "query");
        schema_of_field(out, view, &view->fields[i]);
        text_char(out, '}');
    }
}

static void put_parameters(struct text *out, const struct dialect *dialect,
                           const struct route *route)
{
    static const struct query_parameter key = {
        "Idempotency-Key", "\"type\":\"string\",\"minLength\":1,\"maxLength\":255",
        "A repeated request under the same key gets the first answer again, for 24 hours."};

    text_put(out, ",\"parameters\":[");
    put_path_parameters(out, route);
    if (route->handle == list_rows || route->flags & PAGED)
        put_paging(out, dialect);
    if (route->handle == list_rows)
        put_filters(out, dialect, route->out);
    for (const struct query_parameter *one = route->query; one && one->name; one++)
        put_plain_parameter(out, one, one->in ? one->in : "query");
    if (route->flags & IDEMPOTENT)
        put_plain_parameter(out, &key, "header");
    text_char(out, ']');
}

/* Bodies. */

static unsigned use_of(const struct route *route)
{
    if (strncmp(route->line, "PATCH ", 6) == 0 || route->handle == update_row)
        return UPDATE;
    return strncmp(route->line, "PUT ", 4) == 0 ? CREATE | UPDATE : CREATE;
}

static bool has_required(const struct view *view)
{
    for (size_t i = 0; i < view->nfields; i++)
        if (view->fields[i].use & REQUIRED)
            return true;
    return false;
}

static void put_body(struct page_of_api *page, const struct route *route)
{
    const struct schema schema = {page->dialect, route->in, use_of(route)};

    if (!route->in)
        return;
    text_add(page->out, ",\"requestBody\":{\"required\":%s,\"content\":{",
             schema.use == CREATE && has_required(route->in) ? "true" : "false");
    if (page->dialect->forms) {
        text_put(page->out, "\"application/x-www-form-urlencoded\":{\"schema\":");
        schema_refer(&page->schemas, page->out, schema);
        text_put(page->out, "},");
    }
    text_put(page->out, "\"application/json\":{\"schema\":");
    schema_refer(&page->schemas, page->out, schema);
    text_put(page->out, "}}}");
}

/* Answers. */

static void put_success_schema(struct page_of_api *page, const struct route *route)
{
    const struct dialect *dialect = page->dialect;
    struct text reference = {.arena = page->out->arena};

    if (route->reply_schema || !route->out) {
        text_put(page->out, route->reply_schema ? route->reply_schema : "{}");
        return;
    }
    schema_refer(&page->schemas, &reference, (struct schema){dialect, route->out, READ});
    if (is_list(route) && dialect->list_schema)
        dialect->list_schema(page->out, route, reference.at);
    else if (!is_list(route) && dialect->item_schema)
        dialect->item_schema(page->out, reference.at);
    else if (is_list(route))
        text_add(page->out, "{\"type\":\"array\",\"items\":%s}", reference.at);
    else
        text_put(page->out, reference.at);
}

static void put_success(struct page_of_api *page, const struct route *route, int status)
{
    text_add(page->out, "\"%d\":{\"description\":\"%s\"", status, status_reason(status));
    if (status != 204 && status != 304) {
        text_add(page->out, ",\"content\":{\"%s\":{\"schema\":",
                 route->reply_type ? route->reply_type : "application/json");
        put_success_schema(page, route);
        text_put(page->out, "}}");
    }
    text_char(page->out, '}');
}

static void put_refusal(struct page_of_api *page, const char *status, const char *about)
{
    text_add(page->out, ",\"%s\":{\"description\":\"%s\",\"content\":{\"%s\":{\"schema\":%s}}}",
             status, about,
             page->dialect->error_type ? page->dialect->error_type : "application/json",
             page->error);
}

/* The next number of a text such as "400 401"; 0 at its end. */
static int next_status(const char **statuses)
{
    char *end;
    long status = *statuses ? strtol(*statuses, &end, 10) : 0;

    if (status)
        *statuses = end;
    return (int)status;
}

static void put_answers(struct page_of_api *page, const struct route *route)
{
    const char *failures = route->answers, *also = route->also;
    char text[12];
    int status;

    text_put(page->out, ",\"responses\":{");
    put_success(page, route, success_of(route));
    while ((status = next_status(&also))) {
        text_char(page->out, ',');
        put_success(page, route, status);
    }
    while ((status = next_status(&failures))) {
        snprintf(text, sizeof text, "%d", status);
        put_refusal(page, text, status_reason(status));
    }
    put_refusal(page, "default", "Any other refusal");
    text_char(page->out, '}');
}

/* Any one of the dialect's schemes, unless it knows better. */
static void put_security(struct text *out, const struct dialect *dialect, const struct route *route)
{
    json_object *schemes;
    const char *between = "";

    if (route->flags & DAEMON)
        text_put(out, ",\"x-served-by-daemon\":true");
    text_put(out, ",\"security\":");
    if (route->scope && dialect->security_of) {
        text_put(out, dialect->security_of(route));
        return;
    }
    schemes = route->scope && dialect->security ? json_parse(dialect->security) : NULL;
    text_char(out, '[');
    if (schemes) {
        json_object_object_foreach(schemes, name, scheme)
        {
            (void)scheme;
            text_add(out, "%s{\"%s\":[]}", between, name);
            between = ",";
        }
    }
    text_char(out, ']');
    json_object_put(schemes);
}

static void put_operation(struct page_of_api *page, const struct row *row)
{
    const struct route *route = row->route;
    struct text *out = page->out;

    text_char(out, '"');
    for (const char *c = row->method; *c; c++)
        text_char(out, (char)tolower((unsigned char)*c));
    text_put(out, "\":{");
    put_operation_id(out, route);
    text_put(out, ",\"summary\":");
    text_json(out, route->summary);
    if (route->about) {
        text_put(out, ",\"description\":");
        text_json(out, route->about);
    }
    put_parameters(out, page->dialect, route);
    put_body(page, route);
    put_answers(page, route);
    put_security(out, page->dialect, route);
    text_char(out, '}');
}

/* The document. */

static bool is_shown(const struct page_of_api *page, const struct route *route)
{
    return !(route->flags & HIDDEN) &&
           (!page->cutter || strcmp(page->cutter->excerpt_of(route), page->excerpt) == 0);
}

/* Whether a part, or what it proves callers by, has to do with the document; with the whole one all
 * have. */
static bool has_shown(const struct page_of_api *page, const struct dialect *part, bool proved)
{
    bool shown = !page->cutter;

    for (size_t i = 0; i < part->nroutes && !shown; i++)
        shown = is_shown(page, &part->routes[i]) && (!proved || part->routes[i].scope);
    return shown;
}

/* Rows of one path stand together. */
static void put_paths(struct page_of_api *page, const char **last)
{
    const struct table *table = routes_of(page->dialect);

    for (size_t i = 0; i < table->count; i++) {
        const char *path = path_of(table->rows[i].route);

        if (!is_shown(page, table->rows[i].route))
            continue;
        if (*last && strcmp(*last, path) == 0) {
            text_char(page->out, ',');
        } else {
            text_put(page->out, *last ? "}," : "");
            text_json(page->out, path);
            text_put(page->out, ":{");
        }
        put_operation(page, &table->rows[i]);
        *last = path;
    }
}

const char *openapi_title(struct arena *arena, const struct dialect *dialect, const char *excerpt)
{
    return excerpt ? arena_format(arena, "%s - %c%s", dialect->title,
                                  toupper((unsigned char)*excerpt), excerpt + 1)
                   : dialect->title;
}

static void put_info(const struct page_of_api *page, const struct dialect *dialect,
                     const struct config *config)
{
    struct text *out = page->out;

    text_put(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":");
    text_json(out, openapi_title(out->arena, dialect, page->excerpt));
    text_put(out, ",\"version\":");
    text_json(out, dialect->version);
    if (dialect->about) {
        text_put(out, ",\"description\":");
        text_json(out, dialect->about);
    }
    text_put(out, "},\"servers\":[{\"url\":");
    text_json(out, config ? config->public_base_url : "/");
    text_put(out, "}],\"paths\":{");
}

/* Each part of an API has its own shape of a refusal. */
static const char *error_name(struct arena *arena, size_t part)
{
    return part ? arena_format(arena, "Error%zu", part + 1) : "Error";
}

/* The dialects of that name; none when none of them has a title, and so no document. */
static size_t parts_of(const char *name, const struct dialect *parts[],
                       const struct dialect **titled)
{
    size_t count, nparts = 0;
    const struct dialect *const *all = routes_dialects(&count);

    *titled = NULL;
    for (size_t i = 0; i < count && nparts < MAX_PARTS; i++) {
        if (strcmp(all[i]->name, name) != 0)
            continue;
        parts[nparts++] = all[i];
        if (!*titled && all[i]->title)
            *titled = all[i];
    }
    return *titled ? nparts : 0;
}

/* The schemes of all parts, each once. */
static void put_schemes(const struct page_of_api *page, const struct dialect *const *parts,
                        size_t nparts)
{
    struct text *out = page->out;
    json_object *all = json_object_new_object();

    for (size_t i = 0; i < nparts; i++) {
        json_object *schemes =
            has_shown(page, parts[i], true) ? json_parse(parts[i]->security) : NULL;

        if (schemes) {
            json_object_object_foreach(schemes, name, scheme)
            {
                json_object_object_add(all, name, json_object_get(scheme));
            }
        }
        json_object_put(schemes);
    }
    text_add(out, "\"securitySchemes\":%s,", json_write(out->arena, all));
    json_object_put(all);
}

static const char *error_schema_of(const struct dialect *const *parts, size_t part)
{
    if (parts[part]->error_schema)
        return parts[part]->error_schema;
    return parts[0]->error_schema ? parts[0]->error_schema : "{}";
}

static void put_components(struct page_of_api *page, const struct dialect *const *parts,
                           size_t nparts)
{
    struct text *out = page->out;
    const char *between = "";

    text_put(out, "},\"components\":{");
    put_schemes(page, parts, nparts);
    text_put(out, "\"schemas\":{");
    for (size_t i = 0; i < nparts; i++) {
        if (!has_shown(page, parts[i], false))
            continue;
        text_add(out, "%s\"%s\":%s", between, error_name(out->arena, i), error_schema_of(parts, i));
        between = ",";
    }
    text_put(out, page->schemas.count ? "," : "");
    schemas_write(&page->schemas, out);
    text_put(out, "}}}");
}

/* The name of the whole document that an excerpt is cut out of; NULL when there is none so called.
 */
static const char *find_whole(struct page_of_api *page, const char *name)
{
    size_t count;
    const struct dialect *const *all = routes_dialects(&count);

    for (size_t i = 0; i < count; i++)
        for (const char *const *excerpt = all[i]->excerpts; excerpt && *excerpt; excerpt++)
            if (strcmp(*excerpt, name) == 0) {
                page->cutter = all[i];
                page->excerpt = *excerpt;
                return all[i]->name;
            }
    return NULL;
}

bool openapi_write(const char *name, const struct config *config, struct text *out)
{
    struct page_of_api *page = arena_new(out->arena, struct page_of_api, 1);
    const struct dialect *parts[MAX_PARTS], *titled;
    size_t nparts = parts_of(name, parts, &titled);
    const char *last = NULL, *whole;

    if (!nparts && (whole = find_whole(page, name)))
        nparts = parts_of(whole, parts, &titled);
    if (!nparts)
        return false;
    page->out = out;
    put_info(page, titled, config);
    for (size_t i = 0; i < nparts; i++) {
        page->dialect = parts[i];
        page->error = arena_format(out->arena, "{\"$ref\":\"#/components/schemas/%s\"}",
                                   error_name(out->arena, i));
        put_paths(page, &last);
    }
    text_put(out, last ? "}" : "");
    put_components(page, parts, nparts);
    return true;
}

static bool write_file(const char *directory, const char *name)
{
    struct arena arena = {0};
    struct text out = {.arena = &arena};
    const char *path = arena_format(&arena, "%s/%s.json", directory, name);
    FILE *file;
    bool ok;

    if (!openapi_write(name, NULL, &out)) {
        arena_free(&arena);
        return true; /* an API without a title has no document */
    }
    file = fopen(path, "we");
    ok = file && fwrite(out.at, 1, out.length, file) == out.length && fputc('\n', file) != EOF;
    ok = file && fclose(file) == 0 && ok;
    if (!ok)
        fprintf(stderr, "trunkline.fcgi: %s: %s\n", path, strerror(errno));
    arena_free(&arena);
    return ok;
}

bool openapi_write_files(const char *directory)
{
    size_t count;
    const struct dialect *const *all = routes_dialects(&count);
    bool ok = true;

    mkdir(directory, 0755);
    for (size_t i = 0; i < count; i++) {
        ok = write_file(directory, all[i]->name) && ok;
        for (const char *const *excerpt = all[i]->excerpts; excerpt && *excerpt; excerpt++)
            ok = write_file(directory, *excerpt) && ok;
    }
    return ok;
}
