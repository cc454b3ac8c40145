/*
 * fcgi/twilio/twilio.h - the Twilio dialect, in two flavours that share a document: the 2010 API
 * (accounts, calls, recordings) and the v1 API of TaskRouter.
 *
 * Both take an account's SID and auth token as Basic credentials, forms with FieldsInPascalCase
 * (JSON as well), and refuse with {"code", "message", "more_info", "status"}.  What differs is how
 * lists are paged and how times and links are spelled (reference, sections 4.5 and 4.11):
 *
 *            2010                                     v1
 *   lists    page, page_size, start, end, uri,        "meta": {page, page_size, url, key,
 *            first_, next_, previous_page_uri         first_, next_, previous_page_url}
 *   links    relative: "/2010-04-01/Accounts/AC…"     absolute, with our own public host
 *   times    RFC 2822 (wire_rfc2822)                  ISO 8601 (wire_iso_seconds)
 *   numbers  durations and prices as strings          integers
 */
#ifndef FCGI_TWILIO_TWILIO_H
#define FCGI_TWILIO_TWILIO_H

#include "fcgi/dialect.h"

enum { TWILIO_BODY_LIMIT = 64 * 1024, TWILIO_PAGE = 50, TWILIO_PAGE_MOST = 1000 };

/*
 * What every part has in common:
 *
 *     const struct dialect twilio_taskrouter = {
 *         TWILIO_V1, .prefixes = prefixes, .routes = routes, .nroutes = COUNT(routes),
 *     };
 *
 * A v1 part also has a .refuse of its own, which finds its finer codes and ends in twilio_refuse().
 * The scope of routes is "account".
 */
#define TWILIO_COMMON                                                                              \
    .name = "twilio", .title = "Twilio-compatible API", .version = "1.0.0", .forms = true,         \
    .pascal_case = true, .body_limit = TWILIO_BODY_LIMIT, .limit = "PageSize",                     \
    .page_size = TWILIO_PAGE, .page_most = TWILIO_PAGE_MOST, .read_page = twilio_read_page,        \
    .authenticate = twilio_authenticate, .limit_rate = twilio_limit_rate, .item = twilio_item,     \
    .finish = twilio_finish, .security = twilio_security, .error_schema = twilio_error_schema
#define TWILIO_2010                                                                                \
    TWILIO_COMMON, .refuse = twilio_refuse, .list = twilio_list_2010,                              \
                   .list_schema = twilio_list_schema_2010
#define TWILIO_V1 TWILIO_COMMON, .list = twilio_list_v1, .list_schema = twilio_list_schema_v1

/* Rows for a list's .query, beside PageSize, which the flag PAGED documents. */
#define TWILIO_PAGING                                                                              \
    {"Page", "\"type\":\"integer\",\"minimum\":0", "The page's number, from 0.", NULL},            \
    {                                                                                              \
        "PageToken", "\"type\":\"string\"", "Where the page begins; from an answer's links.", NULL \
    }

/* The 2010 API. */
extern const struct dialect twilio_2010;

/* Proves the account; a SID in the path (AccountSid) must be the same account's. */
bool twilio_authenticate(struct request *req);
bool twilio_limit_rate(struct request *req);
void twilio_item(struct request *req, const struct view *view, const void *row);
void twilio_finish(struct request *req);
extern const char twilio_security[], twilio_error_schema[];

/*
 * Says what failed by its kind; work.error.detail, where it is a code of Twilio's (20001, 21211),
 * stands above the kind's own: INVALID 20001, UNAUTHENTICATED 20003, FORBIDDEN 20006, NOT_FOUND
 * 20404, WRONG_STATE 21220 (all 400 but those of 40x), PRECONDITION 20412, RATE_LIMITED 20429.
 */
void twilio_refuse(struct request *req);

/* Fails with INVALID (400), one of Twilio's codes, and the field at fault as the client spells it.
 */
bool twilio_invalid(struct request *req, int code, const char *field, const char *message);

/* ---- lists ---- */

/*
 * Reads PageSize, Page and PageToken.  Lists are newest first by their rows' keys, and their links
 * carry the key of the last row, so that what is added meanwhile moves nothing.  A list in an order
 * of its own (page.order set, or rows of an entity without a column "id") is paged by Page alone.
 *
 * A page before another is read oldest first, and turned round by the envelope: store_list() and
 * list_rows() do what is needed with a page that was read here.
 */
bool twilio_read_page(struct request *req, struct page *page);

/*
 * Envelopes of lists.  The array is called as the route's last segment is, in snake case: "calls"
 * of ".../Calls.json", "task_queues" of ".../TaskQueues".  page->more must be set.
 */
void twilio_list_2010(struct request *req, const struct view *view, const struct page *page,
                      const struct rows *rows);
void twilio_list_v1(struct request *req, const struct view *view, const struct page *page,
                    const struct rows *rows);
void twilio_list_schema_2010(struct text *out, const struct route *route, const char *reference);
void twilio_list_schema_v1(struct text *out, const struct route *route, const char *reference);

/* ---- how values are spelled (wires.c) ---- */

/*
 * SIDs of our own keys: FIELD(tr_worker, id, "sid", READ, .wire = &twilio_sid, .prefix = "WK").
 * Read with the prefix or in any other spelling of the key.
 */
extern const struct wire twilio_sid;

/* The caller's account SID, whatever member it is given. */
extern const struct wire twilio_account_sid;

/*
 * Links made of a template in .prefix: "*" is the member (a UID's 32 hex digits, or a text),
 * "{AccountSid}" the caller's, "{WorkspaceSid}" what the path has under that name.
 *
 *     FIELD(tr_worker, id, "url", READ, .wire = &twilio_url,
 *           .prefix = "/v1/Workspaces/{WorkspaceSid}/Workers/WK*")
 *
 * The maps take several, "name=template name=template".  An absent member's link is null.
 */
extern const struct wire twilio_url;   /* of a UID, absolute */
extern const struct wire twilio_links; /* of a UID, a map of absolute ones */
extern const struct wire twilio_uri;   /* of a TEXT, relative */
extern const struct wire twilio_uris;  /* of a TEXT, a map of relative ones */

/* What the contract has and we never know: null.  The member must be one that may be null. */
extern const struct wire twilio_nothing;

/* "2010-04-01", whatever member it is given. */
extern const struct wire twilio_version;

/* A DOCUMENT of an object, written and read as a string that holds its JSON ("Attributes"). */
extern const struct wire twilio_json_text;

/* A DOCUMENT of the values of a field that may be repeated, as a JSON array of strings. */
extern const struct wire twilio_list;

/* What twilio_list read, with blanks between: "initiated answered"; NULL for nothing. */
const char *twilio_words(struct request *req, document list);

/* A link to a path of ours with our public host, in the arena. */
const char *twilio_absolute(struct request *req, const char *path);

/* ---- accounts (account.c) ---- */
extern const struct view twilio_account_view;
extern const struct view twilio_account_update_view;
bool twilio_get_account(struct request *req);
bool twilio_update_account(struct request *req);

/* ---- calls (calls.c, call_orders.c, call_updates.c) ---- */
extern const struct view twilio_call_view, twilio_call_order_view, twilio_call_update_view;
extern const struct query_parameter twilio_call_filters[];
bool twilio_list_calls(struct request *req);
/*
 * Reads "<name>>" (then or later), "<name><" (before) and "<name>" (on that day) from the query;
 * days are those of UTC, as the carrier's are.  What is not asked for is NO_INSTANT.
 */
bool twilio_read_span(struct request *req, const char *name, instant *since, instant *before);
bool twilio_get_call(struct request *req);
bool twilio_create_call(struct request *req);
bool twilio_update_call(struct request *req);
bool twilio_delete_call(struct request *req);

/* ---- recordings (recordings.c) ---- */
extern const struct view twilio_call_recording_view, twilio_recording_view;
extern const struct query_parameter twilio_recording_filters[], twilio_recording_query[],
    twilio_media_query[];
extern const struct view twilio_recording_order_view;
bool twilio_list_call_recordings(struct request *req);
bool twilio_create_call_recording(struct request *req);
bool twilio_get_recording(struct request *req);
bool twilio_delete_recording(struct request *req);
bool twilio_get_recording_media(struct request *req);

#endif
