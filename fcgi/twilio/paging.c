/*
 * Pages of lists: where one begins, and the links to those around it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "fcgi/twilio/twilio.h"

enum { PAGE_NUMBER_MOST = 1000000, ROWS_SKIPPED_MOST = 100000, TOO_LARGE_A_PAGE = 20007 };

/* Which way a page lies from the row that its token names. */
enum way { FROM_START, AFTER = 'A', BEFORE = 'B' };

struct place {
    int64_t number, size;
    enum way way;
    uid at;
};

static bool read_number(struct request *req, const char *name, int64_t least, int64_t most,
                        int64_t *number)
{
    const char *text = request_query(req, name);

    if (!text)
        return true;
    if (!*text || strlen(text) > 9 || text[strspn(text, "0123456789")])
        return fail_field(&req->work, name, "%s must be a whole number", name);
    *number = strtoll(text, NULL, 10);
    return (*number >= least && *number <= most) ||
           fail_field(&req->work, name, "%s is out of range", name);
}

/* "PA" or "PB" and the 32 hex digits of a key. */
static bool read_token(struct request *req, struct place *place)
{
    const char *token = request_query(req, "PageToken");

    if (!token || !*token)
        return true;
    if (token[0] != 'P' || (token[1] != AFTER && token[1] != BEFORE) ||
        !uid_read_hex(token + 2, &place->at) || uid_is_none(place->at))
        return fail_field(&req->work, "PageToken", "PageToken must be that of a link");
    place->way = (enum way)token[1];
    return true;
}

static bool read_place(struct request *req, struct place *place)
{
    *place = (struct place){.size = (int64_t)req->dialect->page_size};
    if (!read_number(req, "PageSize", 1, (int64_t)req->dialect->page_most, &place->size)) {
        req->work.error.detail = TOO_LARGE_A_PAGE;
        return false;
    }
    return read_number(req, "Page", 0, PAGE_NUMBER_MOST, &place->number) && read_token(req, place);
}

bool twilio_read_page(struct request *req, struct page *page)
{
    struct place place;

    if (!read_place(req, &place))
        return false;
    if (place.way == FROM_START && place.number * place.size > ROWS_SKIPPED_MOST)
        return fail_field(&req->work, "Page", "Pages so far down are reached by their links");
    *page = (struct page){.size = (size_t)place.size, .before_time = NO_INSTANT};
    if (place.way == FROM_START)
        page->skip = (size_t)(place.number * place.size);
    page->before_id = place.at;
    page->oldest_first = place.way == BEFORE;
    return true;
}

/* ---- links ---- */

/* The filters are repeated in every link. */
static void put_link(struct request *req, struct text *out, const struct place *place)
{
    static const char *const ours[] = {"PageSize", "Page", "PageToken"};
    char digits[33];

    text_add(out, "%s?", req->path);
    for (size_t i = 0; i < req->query.count; i++) {
        const struct parameter *one = &req->query.at[i];
        bool is_ours = false;

        for (size_t j = 0; j < COUNT(ours); j++)
            is_ours = is_ours || strcmp(one->name, ours[j]) == 0;
        if (is_ours)
            continue;
        text_url(out, one->name);
        text_char(out, '=');
        text_url(out, one->value);
        text_char(out, '&');
    }
    text_add(out, "PageSize=%lld&Page=%lld", (long long)place->size, (long long)place->number);
    if (place->way == FROM_START)
        return;
    uid_write_hex(place->at, digits);
    text_add(out, "&PageToken=P%c%s", (char)place->way, digits);
}

/* A list that is being written. */
struct listing {
    struct request *req;
    const struct page *page;
    struct rows rows; /* newest first, however they were read */
    struct place place;
    const struct column *id; /* what links name rows by; NULL: the page's number says it all */
    bool absolute;
};

static void put_member(const struct listing *l, const char *name, const struct place *place)
{
    struct text link = {.arena = &l->req->work.arena};
    struct text *out = &l->req->reply;

    text_add(out, "\"%s\":", name);
    if (!place) {
        text_put(out, "null,");
        return;
    }
    put_link(l->req, &link, place);
    text_json(out, l->absolute ? twilio_absolute(l->req, link.at) : link.at);
    text_char(out, ',');
}

/* The place beside the page, named by its last row or its first. */
static struct place beside(const struct listing *l, int64_t by, enum way way, size_t row)
{
    struct place place = {.number = l->place.number + by, .size = l->place.size};
    size_t size = l->rows.count ? row : 0;

    if (place.number < 0)
        place.number = 0;
    if (!l->id || !l->rows.count)
        return place;
    place.way = way;
    place.at = *(const uid *)cell_of(l->id, (const char *)l->rows.at + size);
    return place;
}

static void put_links(const struct listing *l, const char *suffix, size_t size)
{
    bool before = l->place.way == BEFORE;
    bool more = before ? l->rows.count > 0 : l->page->more;
    bool less = before ? l->page->more : l->place.number > 0;
    const struct place first = {.size = l->place.size};
    struct place next = beside(l, 1, AFTER, (l->rows.count - 1) * size);
    struct place previous = beside(l, -1, BEFORE, 0);
    struct arena *arena = &l->req->work.arena;

    put_member(l, arena_format(arena, "first_page_%s", suffix), &first);
    put_member(l, arena_format(arena, "next_page_%s", suffix), more ? &next : NULL);
    put_member(l, arena_format(arena, "previous_page_%s", suffix), less ? &previous : NULL);
    put_member(l, suffix, &l->place);
}

/* ---- envelopes ---- */

/* Rows of a page before another were read oldest first. */
static void turn_round(struct request *req, struct rows *rows, size_t size)
{
    char *turned = arena_take(&req->work.arena, size, rows->count ? rows->count : 1);

    for (size_t i = 0; i < rows->count; i++)
        memcpy(turned + i * size, (const char *)rows->at + (rows->count - 1 - i) * size, size);
    rows->at = turned;
}

static void begin(struct listing *l, struct request *req, const struct view *view,
                  const struct page *page, const struct rows *rows)
{
    const struct column *id = column_named(view->of, "id", 2);

    *l = (struct listing){.req = req, .page = page, .rows = *rows};
    read_place(req, &l->place); /* was read before */
    if (!page->order && id && id->type == UID)
        l->id = id;
    if (l->place.way == BEFORE)
        turn_round(req, &l->rows, view->of->size);
}

/* "Calls.json" is "calls", "TaskQueues" "task_queues". */
static const char *key_of(struct arena *arena, const struct route *route)
{
    const char *last = strrchr(route->line, '/') + 1;
    struct text key = {.arena = arena};

    for (const char *c = last; *c && *c != '.'; c++) {
        if (isupper((unsigned char)*c) && c > last)
            text_char(&key, '_');
        text_char(&key, (char)tolower((unsigned char)*c));
    }
    return key.at;
}

static void put_rows(const struct listing *l, const struct view *view)
{
    text_add(&l->req->reply, "\"%s\":", key_of(&l->req->work.arena, l->req->route));
    view_render_rows(l->req, &l->req->reply, view, &l->rows);
}

void twilio_list_2010(struct request *req, const struct view *view, const struct page *page,
                      const struct rows *rows)
{
    struct listing l;
    int64_t start;

    begin(&l, req, view, page, rows);
    start = l.place.number * l.place.size;
    text_char(&req->reply, '{');
    put_links(&l, "uri", view->of->size);
    text_add(&req->reply, "\"page\":%lld,\"page_size\":%lld,\"start\":%lld,\"end\":%lld,",
             (long long)l.place.number, (long long)l.place.size, (long long)start,
             (long long)start + (l.rows.count ? (long long)l.rows.count - 1 : 0));
    put_rows(&l, view);
    text_char(&req->reply, '}');
}

void twilio_list_v1(struct request *req, const struct view *view, const struct page *page,
                    const struct rows *rows)
{
    struct listing l;

    begin(&l, req, view, page, rows);
    l.absolute = true;
    text_put(&req->reply, "{\"meta\":{");
    put_links(&l, "url", view->of->size);
    text_add(&req->reply, "\"page\":%lld,\"page_size\":%lld,\"key\":\"%s\"},",
             (long long)l.place.number, (long long)l.place.size,
             key_of(&req->work.arena, req->route));
    put_rows(&l, view);
    text_char(&req->reply, '}');
}

/* ---- their schemas ---- */

#define LINK(name) "\"" name "\":{\"type\":\"string\",\"format\":\"uri\"}"
#define LINK_OR_NULL(name) "\"" name "\":{\"type\":[\"string\",\"null\"],\"format\":\"uri\"}"
#define COUNTED(name) "\"" name "\":{\"type\":\"integer\"}"

void twilio_list_schema_2010(struct text *out, const struct route *route, const char *reference)
{
    const char *key = key_of(out->arena, route);

    /* clang-format off */
    text_add(
        out,
        "{\"type\":\"object\",\"required\":[\"first_page_uri\",\"next_page_uri\","
        "\"previous_page_uri\",\"uri\",\"page\",\"page_size\",\"start\",\"end\",\"%s\"],"
        "\"properties\":{"
        LINK("first_page_uri") "," LINK_OR_NULL("next_page_uri") ","
        LINK_OR_NULL("previous_page_uri") "," LINK("uri") ","
        COUNTED("page") "," COUNTED("page_size") "," COUNTED("start") "," COUNTED("end") ","
        "\"%s\":{\"type\":\"array\",\"items\":%s}}}",
        key, key, reference);
    /* clang-format on */
}

void twilio_list_schema_v1(struct text *out, const struct route *route, const char *reference)
{
    const char *key = key_of(out->arena, route);

    /* clang-format off */
    text_add(
        out,
        "{\"type\":\"object\",\"required\":[\"meta\",\"%s\"],\"properties\":{\"meta\":{"
        "\"type\":\"object\",\"required\":[\"first_page_url\",\"next_page_url\","
        "\"previous_page_url\",\"url\",\"page\",\"page_size\",\"key\"],\"properties\":{"
        LINK("first_page_url") "," LINK_OR_NULL("next_page_url") ","
        LINK_OR_NULL("previous_page_url") "," LINK("url") ","
        COUNTED("page") "," COUNTED("page_size") ",\"key\":{\"type\":\"string\"}}},"
        "\"%s\":{\"type\":\"array\",\"items\":%s}}}",
        key, key, reference);
    /* clang-format on */
}
