/*
 * fcgi/dialect.h - routes, and what the routes of one API have in common.
 */
#ifndef FCGI_DIALECT_H
#define FCGI_DIALECT_H

#include "db/store.h"
#include "fcgi/request.h"
#include "fcgi/view.h"

typedef bool handler(struct request *req);

/* What a route may ask for beyond the usual. */
enum {
    IDEMPOTENT = 1, /* Idempotency-Key is honoured */
    PAGED = 2,      /* takes the dialect's paging parameters */
    LONG = 4,       /* waits for a carrier or a model: a deadline, and a cap per tenant */
    DAEMON = 8,     /* documented here, served by the daemon */
    HIDDEN = 16,    /* not in the API document */
    LIST = 32       /* answers a list of view out */
};

/* A parameter that is documented beside paging and filters. */
struct query_parameter {
    const char *name;
    const char *schema; /* JSON members: "\"type\":\"string\"" */
    const char *about;
    const char *in; /* NULL: the query; or "header" */
};

struct route {
    const char *line;  /* "GET /v1/calls/{callSid}/transcript", as it is sent */
    const char *scope; /* what the caller must be allowed: "key", "admin", "carrier", a permission;
                          NULL for anyone: authenticate() is then not asked */
    handler *handle;
    const struct view *in, *out;
    const char *summary;      /* for the API document */
    unsigned flags;           /* given only where needed: .flags = IDEMPOTENT */
    int success;              /* documented status; 0: 200 */
    const char *answers;      /* documented failures: "400 401 404 429" */
    const char *also;         /* further statuses answered like the success: "206" */
    const char *reply_type;   /* documented type of the success; NULL: application/json */
    const char *reply_schema; /* JSON schema of the success where no view out describes it */
    const struct query_parameter *query; /* documented beside paging and filters; name NULL ends */
    const char *operation;               /* operationId; NULL: made from the line */
    const char *about;                   /* a longer word for the document, or NULL */
};

/*
 * Several dialects may share a name: they are one API whose parts answer in different shapes, and
 * have one document.
 */
struct dialect {
    const char *name;
    const char *const *prefixes; /* paths that begin so are this dialect's; NULL at the end */
    bool strict;                 /* unknown fields are refused, not passed over */
    bool forms;                  /* bodies may be forms as well as JSON */
    bool pascal_case;            /* fields of bodies and queries are spelled InPascalCase */
    bool absent_left_out;        /* an absent value is left out of an answer, otherwise null */
    bool refuse_repeated;        /* repeated keys in a body are refused */
    bool refuses_malformed_ids;  /* INVALID for an id in the path that cannot be one; else NOT_FOUND
                                  */
    size_t body_limit;           /* bytes */
    const char *limit, *skip;    /* what the paging parameters are called */
    size_t page_size, page_most;
    /* Reads paging parameters of another kind into a cleared page; NULL: by limit and skip. */
    bool (*read_page)(struct request *req, struct page *page);

    /* Proves who asks and sets work.tenant and caller, or fails. */
    bool (*authenticate)(struct request *req);
    /*
     * Counts the request and sets the dialect's rate headers; fails with RATE_LIMITED.  Asked after
     * authentication (caller.kind is NULL when that failed or was not needed), so that refused
     * credentials count as well.  NULL: not limited.
     */
    bool (*limit_rate)(struct request *req);
    /* Envelopes: put what surrounds an item or a list into req->reply. */
    void (*item)(struct request *req, const struct view *view, const void *row);
    void (*list)(struct request *req, const struct view *view, const struct page *page,
                 const struct rows *rows);
    /* Sets status and reply from work.error. */
    void (*refuse)(struct request *req);
    /* Adds what every answer of the dialect carries (headers); NULL: nothing. */
    void (*finish)(struct request *req);

    /* For the API document. */
    const char *title, *version, *about;
    /*
     * Smaller documents of the API, for those who need no more ("admin"), NULL-ended, and in which
     * of them a route stands.  One of the dialects of a name says it for all of them; NULL: none.
     */
    const char *const *excerpts;
    const char *(*excerpt_of)(const struct route *route);
    const char *security; /* JSON object: components.securitySchemes */
    /* JSON array for an operation's "security"; NULL: any one of the schemes. */
    const char *(*security_of)(const struct route *route);
    const char *error_schema; /* JSON schema of a refusal; NULL: as its API's first part has it */
    const char *error_type;   /* and its media type; NULL: application/json */
    /* JSON schemas of the envelopes around a schema reference; NULL: bare. */
    void (*item_schema)(struct text *out, const char *reference);
    void (*list_schema)(struct text *out, const struct route *route, const char *reference);

    const struct route *routes;
    size_t nroutes;
};

/* All mounted dialects, and the routes that belong to none (hooks, health, documents). */
extern const struct dialect *const dialects[];
extern const size_t dialects_count;

/* Sorts routes; false, with lines on standard error, when a table is wrong or two rows collide. */
bool routes_prepare(void);

/* The same for a table of dialects of one's own, which then stands for dialects[]; for tests. */
bool routes_prepare_these(const struct dialect *const *these, size_t count);

/* What is wrong with a route's row, or NULL. */
const char *route_fault(const struct dialect *dialect, const struct route *route);

/* Whose path that is: the longest prefix decides. Never NULL. */
const struct dialect *dialect_of(const char *path);

/*
 * Finds the route, proves the caller, limits, handles, and always leaves an answer in the request.
 * With req->dialect set, only that dialect is looked at.
 */
void dispatch(struct request *req);

/* Generic handlers, for every entity in every dialect. */
bool list_rows(struct request *req);
bool get_row(struct request *req);
bool create_row(struct request *req);
bool update_row(struct request *req);
bool delete_row(struct request *req);

/*
 * The row that the path names, of the caller's tenant; NOT_FOUND otherwise.  Names in the path that
 * are fields of the view choose the row; other names (of a tenant, say) are the dialect's business.
 */
bool find_row(struct request *req, const struct view *view, void *row);

/* Answers with one row through a view and the dialect's envelope. */
bool reply_row(struct request *req, int status, const struct view *view, const void *row);

/* Answers with a list. */
bool reply_rows(struct request *req, const struct view *view, const struct page *page,
                const struct rows *rows);

/* Reads the dialect's paging parameters into "page". */
bool read_page(struct request *req, struct page *page);

#endif
