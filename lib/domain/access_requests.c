#include "domain/access_requests.h"

#include <string.h>

#include "core/text.h"
#include "domain/remote_address.h"

enum { MAX_AGENT = 255 };

const char *const access_states[] = {"open", "approved", "rejected", "spam", NULL};

static const struct column columns_of_request[] = {
    COLUMN(access_request, id, NOT_NULL),
    COLUMN(access_request, company_name, NOT_NULL, .max = 190),
    COLUMN(access_request, contact_name, NOT_NULL, .max = 190),
    COLUMN(access_request, work_email, NOT_NULL, .max = 254),
    COLUMN(access_request, use_case, NOT_NULL, .max = 8000),
    COLUMN(access_request, role, NULLABLE, .max = 120),
    COLUMN(access_request, phone, NULLABLE, .max = 40),
    COLUMN(access_request, website, NULLABLE, .max = 300),
    COLUMN(access_request, expected_monthly_minutes, NULLABLE, .max = 60),
    COLUMN(access_request, timeline, NULLABLE, .max = 60),
    COLUMN(access_request, status, NOT_NULL, .one_of = access_states),
    COLUMN(access_request, source, NOT_NULL),
    COLUMN(access_request, remote_addr, NULLABLE),
    COLUMN(access_request, user_agent, NULLABLE),
    COLUMN(access_request, metadata, NOT_NULL),
    COLUMN(access_request, reviewed_at, NULLABLE),
    COLUMN(access_request, created_at, NOT_NULL),
};

const struct entity access_request_entity =
    ENTITY(access_request, "access request", NULL, columns_of_request);

#define REQUEST_COLUMNS                                                                            \
    "id, company_name, contact_name, work_email, use_case, role, phone, website,"                  \
    " expected_monthly_minutes, timeline, status, source, remote_addr, user_agent, metadata,"      \
    " reviewed_at, created_at"

/* "somebody@somewhere.example": one @, a dot behind it that is not at an end, and no blanks. */
static bool is_email(const char *text)
{
    const char *sign = strchr(text, '@'), *dot = sign ? strrchr(sign, '.') : NULL;

    return sign && sign > text && !strchr(sign + 1, '@') && dot && dot > sign + 1 && dot[1] &&
           !strpbrk(text, " \t\r\n<>,;");
}

static bool check(struct work *work, const struct access_request *request)
{
    const struct {
        const char *name, *value;
    } needed[] = {{"company_name", request->company_name},
                  {"contact_name", request->contact_name},
                  {"use_case", request->use_case}};

    for (size_t i = 0; i < COUNT(needed); i++)
        if (text_is_blank(needed[i].value))
            return fail_field(work, needed[i].name, "%s must not be blank", needed[i].name);
    return is_email(request->work_email) ||
           fail_field(work, "work_email", "work_email must be an e-mail address");
}

bool access_request_put(struct work *work, struct access_request *request, bool is_spam)
{
    static const char sql[] = "INSERT INTO access_requests (" REQUEST_COLUMNS ", updated_at, rev)"
                              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)";
    struct access_request *r = request;

    if (!is_spam && !check(work, request)) /* a robot is told nothing of what it did wrong */
        return false;
    r->id = uid_new();
    r->status = is_spam ? "spam" : "open";
    r->source = "voice_landing_page";
    r->remote_addr = remote_address_text(&work->arena, r->remote_addr);
    r->user_agent = cut_text(&work->arena, r->user_agent, MAX_AGENT);
    r->metadata.json = "{}";
    r->reviewed_at = NO_INSTANT;
    r->created_at = clock_now();
    const struct param params[] = {
        PARAM(r->id),          PARAM(r->company_name), PARAM(r->contact_name),
        PARAM(r->work_email),  PARAM(r->use_case),     PARAM(r->role),
        PARAM(r->phone),       PARAM(r->website),      PARAM(r->expected_monthly_minutes),
        PARAM(r->timeline),    PARAM(r->status),       PARAM(r->source),
        PARAM(r->remote_addr), PARAM(r->user_agent),   PARAM(r->metadata),
        PARAM(r->reviewed_at), PARAM(r->created_at),   PARAM(r->created_at),
    };
    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool access_requests_list(struct work *work, const char *status, const struct page *page,
                          struct rows *requests)
{
    static const char all[] =
        "SELECT " REQUEST_COLUMNS " FROM access_requests ORDER BY id DESC LIMIT ? OFFSET ?";
    static const char some[] = "SELECT " REQUEST_COLUMNS " FROM access_requests WHERE status = ?"
                               " ORDER BY id DESC LIMIT ? OFFSET ?";
    int64_t size = (int64_t)page->size, skip = (int64_t)page->skip;
    const struct param params[] = {PARAM(status), PARAM(size), PARAM(skip)};
    struct access_request *row;

    if (!(status ? db_select(work, some, params, 3, &access_request_entity, requests)
                 : db_select(work, all, params + 1, 2, &access_request_entity, requests)))
        return false;
    row = requests->at;
    for (size_t i = 0; i < requests->count; i++)
        row[i].remote_addr = remote_address_plain(row[i].remote_addr);
    return true;
}
