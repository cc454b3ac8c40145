#include "fcgi/list_answer.h"

#include "domain/tenants.h"

static const struct column list_columns[] = {
    COLUMN(list_answer, total, NOT_NULL),  COLUMN(list_answer, next_cursor, NULLABLE),
    COLUMN(list_answer, ok, NOT_NULL),     COLUMN(list_answer, count, NOT_NULL),
    COLUMN(list_answer, tenant, NOT_NULL),
};

const struct entity list_answer_entity = ENTITY(list_answer, "list", NULL, list_columns);

bool reply_list(struct request *req, const struct view *view, struct list_answer *list)
{
    list->ok = true;
    list->count = (int64_t)list->rows.count;
    list->tenant = req->tenant ? req->tenant->tenant_key : "";
    return reply_row(req, 200, view, list);
}
