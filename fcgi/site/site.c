#include "fcgi/site/site.h"

#include <string.h>

#include "core/version.h"
#include "fcgi/openapi.h"
#include "fcgi/routes.h"
#include "fcgi/site/health.h"

/* GET /api-docs/{dialect}.json */
bool site_document(struct request *req)
{
    if (!openapi_write(request_path(req, "dialect"), req->work.config, &req->reply))
        return fail(&req->work, NOT_FOUND, "There is no such document");
    req->status = 200;
    return true;
}

/* Whether an earlier dialect of the list has that name: they share one document. */
static bool is_named_before(const struct dialect *const *all, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(all[i]->name, all[index]->name) == 0)
            return true;
    return false;
}

/* A document of a dialect, or an excerpt of it. */
static void put_document(struct text *out, const struct dialect *dialect, const char *excerpt)
{
    text_add(out, "%s{\"title\":", out->at[out->length - 1] == '[' ? "" : ",");
    text_json(out, openapi_title(out->arena, dialect, excerpt));
    text_add(out, ",\"path\":\"/api-docs/%s.json\"}", excerpt ? excerpt : dialect->name);
}

/* GET /api-docs: where the documents are. */
bool site_documents(struct request *req)
{
    size_t count;
    const struct dialect *const *all = routes_dialects(&count);

    req->status = 200;
    text_put(&req->reply, "{\"documents\":[");
    for (size_t i = 0; i < count; i++) {
        if (all[i]->title && !is_named_before(all, i))
            put_document(&req->reply, all[i], NULL);
        for (const char *const *excerpt = all[i]->excerpts; excerpt && *excerpt; excerpt++)
            put_document(&req->reply, all[i], *excerpt);
    }
    text_put(&req->reply, "]}");
    return true;
}

static void bare_item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

static void bare_list(struct request *req, const struct view *view, const struct page *page,
                      const struct rows *rows)
{
    (void)page;
    view_render_rows(req, &req->reply, view, rows);
}

static void refuse(struct request *req)
{
    const struct error *error = &req->work.error;

    req->status = failure_status(error->what);
    text_add(&req->reply, "{\"error\":\"%s\",\"message\":", failure_code(error->what));
    text_json(&req->reply, error->message);
    text_add(&req->reply, ",\"status\":%d,\"request_id\":", req->status);
    text_json(&req->reply, req->work.id);
    text_char(&req->reply, '}');
}

static const char error_schema[] =
    "{\"type\":\"object\",\"required\":[\"error\",\"message\",\"status\",\"request_id\"],"
    "\"properties\":{\"error\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},"
    "\"status\":{\"type\":\"integer\"},\"request_id\":{\"type\":\"string\"}}}";

static const char documents_schema[] =
    "{\"type\":\"object\",\"required\":[\"documents\"],\"properties\":{\"documents\":{"
    "\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"title\",\"path\"],"
    "\"properties\":{\"title\":{\"type\":\"string\"},\"path\":{\"type\":\"string\"}}}}}}";

static const struct route routes[] = {
    /* clang-format off */
    {"GET /site/status.json",        NULL, site_status,    NULL, &state_view,     "State of the parts"},
    {"GET /metrics",                 NULL, site_metrics,   NULL, NULL,            "Counters of this host", .reply_type = "text/plain", .reply_schema = "{\"type\":\"string\"}"},
    {"GET /api-docs",                NULL, site_documents, NULL, NULL,            "The API documents", .reply_schema = documents_schema},
    {"GET /api-docs/{dialect}.json", NULL, site_document,  NULL, NULL,            "One API document", .reply_schema = "{\"type\":\"object\"}", .answers = "404"},
    /* clang-format on */
};

/* What all that is answered here has in common, whosever document it stands in. */
#define AS_THE_SITE                                                                                \
    .body_limit = 16384, .page_size = 50, .page_most = 100, .item = bare_item, .list = bare_list,  \
    .refuse = refuse

static const char *const prefixes[] = {"/", NULL};

const struct dialect site = {
    .name = "site",
    .prefixes = prefixes,
    AS_THE_SITE,
    .title = "Trunkline",
    .version = TRUNKLINE_VERSION,
    .about = "Health, counters and documents of the server itself.",
    .error_schema = error_schema,
    .routes = routes,
    .nroutes = COUNT(routes),
};

/*
 * The probes of a load balancer, which ask without a key.  StateSet's document promises them, so
 * they stand in it.
 */
static const struct route probe_routes[] = {
    /* clang-format off */
    {"GET /health/live",             NULL, site_live,      NULL, &liveness_view,  "Whether the program runs", .also = "503"},
    {"GET /health/ready",            NULL, site_ready,     NULL, &readiness_view, "Whether this host should get requests", .also = "503"},
    /* clang-format on */
};

static const char *const probe_prefixes[] = {"/health/live", "/health/ready", NULL};

const struct dialect probes = {
    .name = "stateset",
    .prefixes = probe_prefixes,
    AS_THE_SITE,
    .title = "StateSet Voice API",
    .version = "1.0.0",
    .error_schema = error_schema,
    .routes = probe_routes,
    .nroutes = COUNT(probe_routes),
};

/* The same in three members: Phony's document promises it, so it stands there. */
static const struct route healthz_routes[] = {
    {"GET /healthz", NULL, site_healthz, NULL, &health_view, "Liveness", .answers = "500 503",
     .operation = "healthz",
     .about = "Open to load balancers, and then about this host; with a key activeCalls are the "
              "tenant's on all hosts. 503 while this host drains or has no database."},
};

static const char *const healthz_prefixes[] = {"/healthz", NULL};

const struct dialect healthz = {
    .name = "phony",
    .prefixes = healthz_prefixes,
    AS_THE_SITE,
    .title = "Phony-compatible API",
    .version = "1.0.0",
    .routes = healthz_routes,
    .nroutes = COUNT(healthz_routes),
};
