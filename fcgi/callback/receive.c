#include <string.h>

#include "core/config.h"
#include "core/log.h"
#include "domain/callback_journal.h"
#include "fcgi/callback/callback.h"
#include "fcgi/callback/twiml.h"

/* Adds a text to a NULL-ended list, once and while there is room. */
static void add(const char *list[MAX_URLS + 1], const char *text)
{
    size_t count = 0;

    for (; list[count]; count++)
        if (text && strcmp(list[count], text) == 0)
            return;
    if (text && *text && count < MAX_URLS)
        list[count] = text;
}

/* "voice.example.com:8443" of a URL of ours. */
static const char *host_of(struct work *work, const char *url)
{
    const char *at = url ? strstr(url, "://") : NULL;

    return at ? arena_copy(&work->arena, at + 3, strcspn(at + 3, "/")) : NULL;
}

/* PUBLIC_BASE_URL without a slash at its end. */
static const char *base_url(struct work *work)
{
    const char *base = work->config->public_base_url;
    size_t length = strlen(base);

    while (length && base[length - 1] == '/')
        length--;
    return arena_copy(&work->arena, base, length);
}

/* What it has behind its host, which was taken off the path: "/voice", or "". */
static const char *base_path(const char *base)
{
    const char *at = strstr(base, "://"), *path = at ? strchr(at + 3, '/') : NULL;

    return path ? path : "";
}

/*
 * The carrier signed the URL that it was given.  That is ours as configured, unless somebody wrote
 * another name of this host into its console; what a trusted proxy says is tried as well.
 */
static void list_urls(struct request *req, struct posted *posted)
{
    struct work *work = &req->work;
    const char *base = base_url(work), *query = req->query_string ? req->query_string : "";
    const char *rest = arena_format(&work->arena, "%s%s%s", req->path, *query ? "?" : "", query);

    add(posted->urls, arena_format(&work->arena, "%s%s", base, rest));
    if (req->host)
        add(posted->urls,
            arena_format(&work->arena, "%s://%s%s%s", req->scheme ? req->scheme : "https",
                         req->host, base_path(base), rest));
    add(posted->hosts, host_of(work, base));
    add(posted->hosts, request_header(req, "Host"));
    add(posted->hosts, request_header(req, "X-Forwarded-Host"));
    add(posted->hosts, request_header(req, "X-Original-Host"));
    add(posted->hosts, host_of(work, work->config->stream_public_url));
}

static void read_form(struct request *req, struct form *form)
{
    struct twilio_field *fields = arena_new(&req->work.arena, struct twilio_field, req->form.count);

    for (size_t i = 0; i < req->form.count; i++)
        fields[i] = (struct twilio_field){req->form.at[i].name, req->form.at[i].value};
    *form = (struct form){fields, req->form.count};
}

/* Strangers may fill neither the table nor the disk: a process keeps so many diagnostics a minute.
 */
static bool may_keep_diagnostic(void)
{
    enum { EVERY_US = 60 * 1000 * 1000, MOST = 60 };
    static int64_t since_us;
    static int kept;
    int64_t now_us = clock_monotonic_us();

    if (now_us - since_us > EVERY_US || since_us == 0) {
        since_us = now_us;
        kept = 0;
    }
    return kept++ < MOST;
}

static bool store(struct request *req, const struct proof *proof, struct received *received)
{
    const struct posted *posted = &received->posted;
    const struct arrival arrival = {
        .kind = posted->kind,
        .url = proof->matched ? proof->matched : posted->urls[0],
        .idempotency_token = posted->idempotency_token,
        .form = posted->form,
        .signature = proof->end == PROOF_VALID ? "valid"
                     : posted->signature       ? "invalid"
                                               : "absent",
        .matching_url = proof->matching_url,
        .received_at = posted->received_at,
    };

    return callback_store(&req->work, &arrival, &received->callback, &received->fresh);
}

/* A URL for the log, where tokens have no place. */
static const char *without_token(struct request *req, const char *url)
{
    const char *token = request_path(req, "token");
    const char *at = url && token ? strstr(url, token) : NULL;

    if (!at)
        return url ? url : "-";
    return arena_format(&req->work.arena, "%.*s{token}%s", (int)(at - url), url,
                        at + strlen(token));
}

/* The operator learns which URL would have fitted; the stranger learns nothing. */
static bool refuse(struct request *req, const struct proof *proof, struct received *received)
{
    const struct posted *posted = &received->posted;

    log_warning(&req->work, "callback.refused",
                "kind=%s signature=%s url=%s matching_url=%s account=%s client=%s", posted->kind,
                posted->signature ? "invalid" : "absent", without_token(req, posted->urls[0]),
                without_token(req, proof->matching_url),
                form_text(&posted->form, "AccountSid") ? form_text(&posted->form, "AccountSid")
                                                       : "-",
                req->client_ip ? req->client_ip : "-");
    if (may_keep_diagnostic())
        store(req, proof, received);
    return fail(&req->work, UNAUTHENTICATED, "The signature does not fit");
}

/* What came is kept on disk, and the caller must not notice. */
bool callback_keep(struct request *req, struct received *received)
{
    received->journaled = true;
    received->connects =
        outage_connect(&req->work, &received->posted, &received->outage, &received->plan);
    received->posted.outage = received->connects ? &received->outage : NULL;
    if (callback_journal(&req->work, &received->posted))
        return true;
    log_error(&req->work, "callback.lost", "kind=%s", received->posted.kind);
    return fail(&req->work, BUSY, "Please try again");
}

/* What was posted, as far as the request says it. */
static bool read_posted(struct request *req, const char *kind, int64_t token_tenant,
                        struct posted *posted)
{
    *posted = (struct posted){.kind = kind, .tenant = token_tenant, .received_at = clock_now()};
    posted->signature = request_header(req, "X-Twilio-Signature");
    posted->idempotency_token = request_header(req, "I-Twilio-Idempotency-Token");
    read_form(req, &posted->form);
    list_urls(req, posted);
    return posted->form.count || fail(&req->work, INVALID, "The body is no form");
}

bool callback_proved(struct request *req, const char *kind, struct posted *posted)
{
    struct proof proof;

    if (!read_posted(req, kind, 0, posted))
        return false;
    carrier_prove(&req->work, posted, &proof);
    if (proof.end == PROOF_INVALID)
        return fail(&req->work, UNAUTHENTICATED, "The signature does not fit");
    req->caller.kind = "carrier";
    return proof.end == PROOF_VALID;
}

bool callback_receive(struct request *req, const char *kind, int64_t token_tenant,
                      struct received *received)
{
    struct posted *posted = &received->posted;
    struct proof proof;

    *received = (struct received){.begun_us = clock_monotonic_us()};
    if (!read_posted(req, kind, token_tenant, posted))
        return false;
    carrier_prove(&req->work, posted, &proof);
    if (proof.end == PROOF_INVALID)
        return refuse(req, &proof, received);
    req->caller.kind = "carrier";
    if (proof.end == PROOF_VALID && store(req, &proof, received))
        return true;
    return (proof.end == PROOF_LATER || req->work.error.what == BUSY) &&
           callback_keep(req, received);
}

/* That it cannot be written down how long it took changes no answer. */
bool callback_answer_plan(struct request *req, const struct received *received,
                          const struct call_plan *plan)
{
    int64_t took_ms = (clock_monotonic_us() - received->begun_us) / 1000;

    if (!received->journaled)
        callback_settle(&req->work, &received->callback, "applied", took_ms);
    req->status = 200;
    req->reply_type = "text/xml";
    twiml_write_plan(&req->reply, plan);
    return true;
}
