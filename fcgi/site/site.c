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

/* GET /api-docs: where the documents are. */
bool site_documents(struct request *req)
{
    size_t count;
    const struct dialect *const *all = routes_dialects(&count);
    const char *between = "";

    req->status = 200;
    text_put(&req->reply, "{\"documents\":[");
    for (size_t i = 0; i < count; i++) {
        if (!all[i]->title || is_named_before(all, i))
            continue;
        text_add(&req->reply, "%s{\"title\":", between);
        text_json(&req->reply, all[i]->title);
        text_add(&req->reply, ",\"path\":\"/api-docs/%s.json\"}", all[i]->name);
        between = ",";
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
    {"GET /healthz",                 NULL, site_healthz,   NULL, &health_view,    "Health in three members", .answers = "503"},
    {"GET /site/status.json",        NULL, site_status,    NULL, &state_view,     "State of the parts"},
    {"GET /metrics",                 NULL, site_metrics,   NULL, NULL,            "Counters of this host", .reply_type = "text/plain", .reply_schema = "{\"type\":\"string\"}"},
    {"GET /api-docs",                NULL, site_documents, NULL, NULL,            "The API documents", .reply_schema = documents_schema},
    {"GET /api-docs/{dialect}.json", NULL, site_document,  NULL, NULL,            "One API document", .reply_schema = "{\"type\":\"object\"}", .answers = "404"},
    /* clang-format on */
};

static const char *const prefixes[] = {"/healthz", "/", NULL};

const struct dialect site = {
    .name = "site",
    .prefixes = prefixes,
    .body_limit = 16384,
    .page_size = 50,
    .page_most = 100,
    .item = bare_item,
    .list = bare_list,
    .refuse = refuse,
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
    .body_limit = 16384,
    .page_size = 50,
    .page_most = 100,
    .item = bare_item,
    .list = bare_list,
    .refuse = refuse,
    .title = "StateSet Voice API",
    .version = "1.0.0",
    .error_schema = error_schema,
    .routes = probe_routes,
    .nroutes = COUNT(probe_routes),
};
