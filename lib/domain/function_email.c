/*
 * The mail that follows a call: its rows, and that the provider took it.
 */
#include <string.h>

#include "domain/functions.h"
#include "domain/suppressions.h"
#include "domain/tenants.h"
#include "domain/words.h"
#include "remote/resend.h"

enum { LONGEST_ADDRESS = 254, LONGEST_BODY = 20000 };

struct sending {
    struct mail mail;
    uid id, thread, agent;
    instant at;
};

/* One @ with something on both sides, a dot behind it, and nothing that would end a header. */
static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at && at > text && !strchr(at + 1, '@') && strchr(at + 1, '.') &&
           strlen(text) <= LONGEST_ADDRESS && !strpbrk(text, " \t\r\n<>,;\"");
}

static bool find_recipient(struct work *work, json_object *arguments, const char **to)
{
    static const char *const names[] = {"customer_email", "email", "to"};
    bool suppressed;

    *to = NULL;
    for (size_t i = 0; i < COUNT(names) && !*to; i++)
        *to = json_text(arguments, names[i]);
    if (!*to || !is_address(*to))
        return fail_field(work, "customer_email", "missing required field 'customer_email'");
    if (!is_suppressed(work, "email", *to, "", &suppressed))
        return false;
    return !suppressed || fail(work, FORBIDDEN, "That address wants no mail from us");
}

static bool find_sender(struct work *work, const char **from)
{
    struct tenant tenant;

    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    *from = tenant_setting(work, &tenant, "email_from");
    return (*from && strchr(*from, '@') && !strpbrk(*from, "\r\n")) ||
           fail_field(work, "email_from", "The tenant's settings have no email_from");
}

/* ---- rows ---- */

static bool put_thread(struct work *work, const struct sending *sending)
{
    static const char sql[] =
        "INSERT INTO email_threads (tenant_id, id, subject, status, agent_id, participants,"
        " message_count, last_message_at, created_at, updated_at, rev)"
        " VALUES (?, ?, ?, 'waiting', ?, JSON_ARRAY(?), 1, ?, ?, ?, 1)";
    const struct param params[] = {
        PARAM(work->tenant),   PARAM(sending->thread),  PARAM(sending->mail.subject),
        PARAM(sending->agent), PARAM(sending->mail.to), PARAM(sending->at),
        PARAM(sending->at),    PARAM(sending->at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool put_message(struct work *work, const struct sending *sending)
{
    static const char sql[] =
        "INSERT INTO email_messages (tenant_id, id, thread_id, direction, status, from_addr,"
        " to_addrs, cc_addrs, bcc_addrs, subject, text_body, agent_id, attachments, metadata,"
        " created_at, updated_at, rev) VALUES (?, ?, ?, 'outbound', 'queued', ?, JSON_ARRAY(?),"
        " '[]', '[]', ?, ?, ?, '[]', '{}', ?, ?, 1)";
    const struct param params[] = {
        PARAM(work->tenant),       PARAM(sending->id),      PARAM(sending->thread),
        PARAM(sending->mail.from), PARAM(sending->mail.to), PARAM(sending->mail.subject),
        PARAM(sending->mail.text), PARAM(sending->agent),   PARAM(sending->at),
        PARAM(sending->at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool put_step(struct work *work, void *with)
{
    return put_thread(work, with) && put_message(work, with);
}

/* What came of it; the failure that whoever asked learns of stays the provider's. */
static bool settle(struct work *work, uid id, bool sent, const char *reference)
{
    static const char sql[] = "UPDATE email_messages SET status = ?, provider_ref = ?, error = ?,"
                              " sent_at = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ?";
    struct error before = work->error;
    const char *status = sent ? "sent" : "failed";
    const char *ref = word_ascii(&work->arena, reference, 80);
    const char *why = sent ? NULL : word_text(&work->arena, before.message, 500);
    instant now = clock_now(), at = sent ? now : NO_INSTANT;
    const struct param params[] = {PARAM(status), PARAM(ref),          PARAM(why), PARAM(at),
                                   PARAM(now),    PARAM(work->tenant), PARAM(id)};

    if (!db_execute(work, sql, params, COUNT(params), NULL))
        return false;
    work->error = before;
    return sent;
}

/* ---- the function ---- */

static bool answer(const struct sending *sending, const char *reference, struct text *result)
{
    char id[37], at[32];

    uid_write_uuid(sending->id, id);
    instant_write_iso(sending->at, ISO_SHORTEST, at);
    text_add(result, "{\"email_id\":\"%s\",\"message_id\":", id);
    text_json(result, reference);
    text_put(result, ",\"to\":");
    text_json(result, sending->mail.to);
    text_add(result, ",\"queued_at\":\"%s\"}", at);
    return true;
}

bool function_followup_email(struct work *work, const struct function_context *context,
                             json_object *arguments, struct text *result)
{
    struct sending sending = {.id = context->id, .thread = uid_new(), .at = clock_now()};
    const char *subject = json_text(arguments, "subject"), *text = json_text(arguments, "message");
    const char *reference;
    char key[37];

    if (!find_recipient(work, arguments, &sending.mail.to) ||
        !find_sender(work, &sending.mail.from))
        return false;
    if (!text && context->has_call)
        text = context->call.summary;
    if (!text || !*text)
        return fail_field(work, "message", "missing required field 'message'");
    uid_write_uuid(sending.id, key);
    sending.mail.key = key;
    sending.mail.subject = subject && *subject ? subject : "About your call";
    sending.mail.text = word_text(&work->arena, text, LONGEST_BODY);
    if (context->has_call)
        sending.agent = context->call.agent_id;
    if (!db_transaction(work, put_step, &sending))
        return false;
    if (!resend_send(work, &sending.mail, &reference))
        return settle(work, sending.id, false, NULL);
    return settle(work, sending.id, true, reference) && answer(&sending, reference, result);
}
