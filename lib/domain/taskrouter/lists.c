#include "domain/taskrouter/lists.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CHUNK = 500 };

void tr_list_begin(struct work *work, struct tr_list *list, const struct entity *entity,
                   const struct tr_lookup *lookups, size_t nlookups)
{
    *list = (struct tr_list){.entity = entity, .sql.arena = &work->arena};
    text_add(&list->sql, "SELECT %s", store_names(work, entity, "t"));
    for (size_t i = 0; i < nlookups; i++)
        text_add(&list->sql, ", (%s) AS %s", lookups[i].sql, lookups[i].column);
    text_add(&list->sql, " FROM %s AS t WHERE t.tenant_id = ?", entity->table);
    list->params[list->nparams++] = (struct param)PARAM(work->tenant);
}

void tr_list_only(struct tr_list *list, const char *condition)
{
    text_add(&list->sql, " AND %s", condition);
}

/* The program's own statements never have so many. */
void tr_list_where(struct tr_list *list, const char *condition, struct param value)
{
    if (list->nparams == COUNT(list->params))
        abort();
    tr_list_only(list, condition);
    list->params[list->nparams++] = value;
}

/* ---- orders ---- */

static const struct tr_ordering *find_ordering(const char *name, size_t length,
                                               const struct tr_ordering *names, size_t nnames)
{
    for (size_t i = 0; i < nnames; i++)
        if (strlen(names[i].name) == length && strncmp(names[i].name, name, length) == 0)
            return &names[i];
    return NULL;
}

bool tr_ordering_read(struct work *work, const char *text, const struct tr_ordering *names,
                      size_t nnames, const char **sql)
{
    struct text out = {.arena = &work->arena};

    *sql = NULL;
    while (text && *text) {
        size_t length = strcspn(text, ","), name = strcspn(text, ",:");
        const struct tr_ordering *ordering = find_ordering(text, name, names, nnames);
        const char *way = name < length ? text + name + 1 : "asc";
        size_t way_length = name < length ? length - name - 1 : 3;
        bool descending = way_length == 4 && strncasecmp(way, "desc", 4) == 0;

        if (!ordering || (!descending && (way_length != 3 || strncasecmp(way, "asc", 3) != 0)))
            return fail_field(work, "ordering", "ordering cannot be read: %.*s",
                              length > 60 ? 60 : (int)length, text);
        text_add(&out, "t.%s%s, ", ordering->column, descending ? " DESC" : "");
        text += length + (text[length] == ',');
    }
    *sql = out.at;
    return true;
}

/* ---- reading ---- */

static void add_tail(struct tr_list *list, const struct page *page)
{
    if (!uid_is_none(page->before_id)) {
        tr_list_only(list, page->oldest_first ? "t.id > ?" : "t.id < ?");
        list->params[list->nparams++] = (struct param)PARAM(page->before_id);
    }
    text_add(&list->sql, " ORDER BY %st.id%s LIMIT ? OFFSET ?", list->order ? list->order : "",
             page->oldest_first ? "" : " DESC");
}

static bool read_some(struct work *work, const struct tr_list *list, int64_t limit, int64_t skip,
                      struct rows *rows)
{
    struct param params[COUNT(list->params) + 2];

    memcpy(params, list->params, list->nparams * sizeof *params);
    params[list->nparams] = (struct param)PARAM(limit);
    params[list->nparams + 1] = (struct param)PARAM(skip);
    return db_select(work, list->sql.at, params, list->nparams + 2, list->entity, rows);
}

/* Passes over rows that do not belong, until the page and one row more are found. */
static bool read_matching(struct work *work, const struct tr_list *list, const struct page *page,
                          struct rows *rows)
{
    size_t size = list->entity->size, passed = 0;
    char *found = arena_take(&work->arena, size, page->size + 1);
    struct rows some;

    *rows = (struct rows){.at = found};
    for (int64_t at = 0; rows->count <= page->size; at += CHUNK) {
        if (!read_some(work, list, CHUNK, at, &some))
            return false;
        for (size_t i = 0; i < some.count && rows->count <= page->size; i++) {
            const char *row = (const char *)some.at + i * size;

            if (list->matches(work, row, list->with) && passed++ >= page->skip)
                memcpy(found + rows->count++ * size, row, size);
        }
        if (some.count < CHUNK)
            break;
    }
    return true;
}

bool tr_list_read(struct work *work, struct tr_list *list, struct page *page, struct rows *rows)
{
    bool ok;

    add_tail(list, page);
    ok = list->matches ? read_matching(work, list, page, rows)
                       : read_some(work, list, (int64_t)page->size + 1, (int64_t)page->skip, rows);
    page->more = ok && rows->count > page->size;
    if (page->more)
        rows->count = page->size;
    return ok;
}

bool tr_list_get(struct work *work, struct tr_list *list, uid id, void *row)
{
    tr_list_where(list, "t.id = ?", (struct param)PARAM(id));
    if (db_find(work, list->sql.at, list->params, list->nparams, list->entity, row))
        return true;
    return work->error.what == NOT_FOUND &&
           fail(work, NOT_FOUND, "The %s does not exist", list->entity->name);
}
