#include "fcgi/twilio/twilio.h"

#include <ctype.h>
#include <string.h>

#include "core/config.h"
#include "fcgi/auth.h"
#include "fcgi/rates.h"

enum { WINDOW_MINUTES = 15, SID_LENGTH = 34 };

/* ---- who asks ---- */

static bool is_account_sid(const char *text)
{
    return strlen(text) == SID_LENGTH && strncmp(text, "AC", 2) == 0 &&
           strspn(text + 2, "0123456789abcdefABCDEF") == SID_LENGTH - 2;
}

/* A good token under another account's name proves nobody. */
static bool refuse_account(struct request *req)
{
    req->caller = (struct caller){.kind = NULL};
    req->tenant = NULL;
    req->work.tenant = 0;
    return fail(&req->work, UNAUTHENTICATED, "Authenticate");
}

bool twilio_authenticate(struct request *req)
{
    const char *path = request_path(req, "AccountSid");
    const char *account, *token;

    if (!credential_basic(req, &account, &token))
        return fail(&req->work, UNAUTHENTICATED, "Authenticate");
    if (!auth_key(req, "twilio", token))
        return false;
    if (!req->tenant || strcmp(account, req->tenant->account_sid) != 0)
        return refuse_account(req);
    if (!path || strcmp(path, account) == 0)
        return true;
    return is_account_sid(path) ? refuse_account(req)
                                : fail(&req->work, NOT_FOUND, "There is no such account");
}

/* Who is not recognized counts for his address, so that tokens cannot be tried out. */
bool twilio_limit_rate(struct request *req)
{
    const struct config *config = req->work.config;
    const char *key = req->client_ip ? req->client_ip : "", *bucket = "twilio.ip";
    int64_t limit = config->rate_limit_ip_per_minute * WINDOW_MINUTES;
    struct rate rate;
    bool ok;

    if (req->caller.kind) {
        bucket = "twilio.account";
        key = req->tenant->account_sid;
        limit = config->rate_limit_account_per_15_minutes;
    }
    ok = rate_take(req, bucket, key, limit, (int64_t)WINDOW_MINUTES * 60, &rate);
    rate_headers(req, "X-Rate-Limit", &rate);
    return ok;
}

/* ---- answers ---- */

void twilio_item(struct request *req, const struct view *view, const void *row)
{
    view_render(req, &req->reply, view, row);
}

/* A request's name is a UUID unless the caller gave one; the carrier's client logs it as RQ…. */
void twilio_finish(struct request *req)
{
    char digits[33];
    uid id;

    if (!uid_read_uuid(req->work.id, &id))
        id = uid_new();
    uid_write_hex(id, digits);
    reply_header(req, "Twilio-Request-Id", arena_format(&req->work.arena, "RQ%s", digits));
}

static const struct {
    int status, code;
    const char *message;
} answers[FAILURES] = {
    /* clang-format off */
    [INVALID]         = {400, 20001, NULL},
    [UNAUTHENTICATED] = {401, 20003, "Authenticate"},
    [UNPAID]          = {403, 20005, NULL},
    [FORBIDDEN]       = {403, 20006, NULL},
    [NOT_FOUND]       = {404, 20404, NULL},
    [NOT_ALLOWED]     = {405, 20004, "Method not allowed"},
    [CONFLICT]        = {400, 20001, NULL},
    [LIMIT_REACHED]   = {429, 20429, NULL},
    [WRONG_STATE]     = {400, 21220, NULL},
    [PRECONDITION]    = {412, 20412, NULL},
    [TOO_LARGE]       = {413, 20001, NULL},
    [RATE_LIMITED]    = {429, 20429, NULL},
    [INTERNAL]        = {500, 20500, "An internal server error has occurred"},
    [UPSTREAM]        = {503, 20503, NULL},
    [BUSY]            = {503, 20503, NULL},
    /* clang-format on */
};

enum { FIRST_CODE = 10000, NOT_ACTIVE = 20005 };

/* Small details are those of a key's verdict; a suspended account is told apart. */
static int code_of(const struct error *error)
{
    if (error->detail >= FIRST_CODE)
        return error->detail;
    if (error->what == FORBIDDEN && error->detail == KEY_SUSPENDED)
        return NOT_ACTIVE;
    return answers[error->what].code;
}

static const char *message_of(struct request *req)
{
    const struct error *error = &req->work.error;

    if (error->what == NOT_FOUND)
        return arena_format(&req->work.arena, "The requested resource %s was not found", req->path);
    return answers[error->what].message ? answers[error->what].message : error->message;
}

void twilio_refuse(struct request *req)
{
    const struct error *error = &req->work.error;
    int code = code_of(error), status = answers[error->what].status;

    req->status = status;
    if (status == 401)
        reply_header(req, "WWW-Authenticate", "Basic realm=\"Twilio API\"");
    text_add(&req->reply, "{\"code\":%d,\"message\":", code);
    text_json(&req->reply, message_of(req));
    text_add(&req->reply, ",\"more_info\":\"https://www.twilio.com/docs/errors/%d\",\"status\":%d}",
             code, status);
}

bool twilio_invalid(struct request *req, int code, const char *field, const char *message)
{
    fail_field(&req->work, field, "%s", message);
    req->work.error.detail = code;
    return false;
}

/* ---- documents ---- */

const char twilio_security[] =
    "{\"accountSid_authToken\":{\"type\":\"http\",\"scheme\":\"basic\","
    "\"description\":\"The account's SID as user name, its auth token as password.\"}}";

const char twilio_error_schema[] =
    "{\"type\":\"object\",\"required\":[\"code\",\"message\",\"more_info\",\"status\"],"
    "\"properties\":{\"code\":{\"type\":\"integer\"},\"message\":{\"type\":\"string\"},"
    "\"more_info\":{\"type\":\"string\",\"format\":\"uri\"},\"status\":{\"type\":\"integer\"}}}";

static const struct route routes[] = {
    /* clang-format off */
    {"GET /2010-04-01/Accounts/{AccountSid}.json", "account", twilio_get_account, NULL, &twilio_account_view,
     "Fetch an account", .answers = "401 404 429", .operation = "FetchAccount"},
    {"POST /2010-04-01/Accounts/{AccountSid}.json", "account", twilio_update_account, &twilio_account_update_view, &twilio_account_view,
     "Rename an account", .answers = "400 401 403 404 429", .operation = "UpdateAccount",
     .about = "Only the operator suspends and closes accounts."},
    {"POST /2010-04-01/Accounts/{AccountSid}/Calls.json", "account", twilio_create_call, &twilio_call_order_view, &twilio_call_view,
     "Create an outgoing call", .flags = IDEMPOTENT | LONG, .success = 201, .answers = "400 401 403 404 429 500 503", .operation = "CreateCall",
     .about = "With Url or Twiml the call does what that TwiML says; with ApplicationSid (AP and the agent's 32 hex digits) the agent talks. "
              "503 with code 20503: the carrier did not say whether it took the order; it is never ordered again, and the list of calls tells what became of it."},
    {"GET /2010-04-01/Accounts/{AccountSid}/Calls.json", "account", twilio_list_calls, NULL, &twilio_call_view,
     "List calls", .flags = LIST | PAGED, .answers = "400 401 404 429", .query = twilio_call_filters, .operation = "ListCall",
     .about = "Calls of every API, newest first."},
    {"GET /2010-04-01/Accounts/{AccountSid}/Calls/{Sid}.json", "account", twilio_get_call, NULL, &twilio_call_view,
     "Fetch a call", .answers = "401 404 429", .operation = "FetchCall"},
    {"POST /2010-04-01/Accounts/{AccountSid}/Calls/{Sid}.json", "account", twilio_update_call, &twilio_call_update_view, &twilio_call_view,
     "Change a live call", .flags = LONG, .answers = "400 401 404 429 503", .operation = "UpdateCall"},
    {"DELETE /2010-04-01/Accounts/{AccountSid}/Calls/{Sid}.json", "account", twilio_delete_call, NULL, NULL,
     "Hang up a live call, or forget one that is over", .flags = LONG, .success = 204, .answers = "401 404 429 503", .operation = "DeleteCall",
     .about = "A call that is over is seen in this API no more; it stays in the others."},
    {"GET /2010-04-01/Accounts/{AccountSid}/Calls/{CallSid}/Recordings.json", "account", twilio_list_call_recordings, NULL, &twilio_call_recording_view,
     "List a call's recordings", .flags = LIST | PAGED, .answers = "400 401 404 429", .query = twilio_recording_filters, .operation = "ListCallRecording"},
    {"POST /2010-04-01/Accounts/{AccountSid}/Calls/{CallSid}/Recordings.json", "account", twilio_create_call_recording, &twilio_recording_order_view, &twilio_call_recording_view,
     "Begin to record a live call", .flags = LONG, .success = 201, .also = "200", .answers = "400 401 404 429 503", .operation = "CreateCallRecording",
     .about = "200 with the recording that runs already, if there is one."},
    {"DELETE /2010-04-01/Accounts/{AccountSid}/Recordings/{Sid}.json", "account", twilio_delete_recording, NULL, NULL,
     "Delete a recording", .success = 204, .answers = "401 404 429", .operation = "DeleteRecording"},
    {"GET /2010-04-01/Accounts/{AccountSid}/Recordings/{Sid}.json", "account", twilio_get_recording, NULL, &twilio_recording_view,
     "Fetch a recording", .answers = "401 404 429", .query = twilio_recording_query, .operation = "FetchRecording"},
    {"GET /2010-04-01/Accounts/{AccountSid}/Recordings/{Sid}.mp3", "account", twilio_get_recording_media, NULL, NULL,
     "Fetch a recording's sound", .also = "206", .answers = "401 404 416 429", .query = twilio_media_query, .reply_type = "audio/mpeg",
     .reply_schema = "{\"type\":\"string\",\"format\":\"binary\"}", .operation = "FetchRecordingMedia",
     .about = "The whole recording, or with a Range header a part of it (206)."},
    /* Callbacks name recordings without an ending. */
    {"GET /2010-04-01/Accounts/{AccountSid}/Recordings/{Sid}", "account", twilio_get_recording_media, NULL, NULL,
     "Fetch a recording's sound", .flags = HIDDEN, .also = "206"},
    /* clang-format on */
};

static const char *const prefixes[] = {"/2010-04-01", NULL};

const struct dialect twilio_2010 = {
    TWILIO_2010,
    .about = "Calls, recordings and TaskRouter as programs written for Twilio know them.",
    .prefixes = prefixes,
    .routes = routes,
    .nroutes = COUNT(routes),
};
