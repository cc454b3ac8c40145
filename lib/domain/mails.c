#include "domain/mails.h"

#include <string.h>

#include "core/log.h"
#include "domain/suppressions.h"
#include "domain/webhooks.h"
#include "domain/words.h"
#include "remote/mail.h"

/* How long whoever ordered may try before a job does: longer than one attempt lasts. */
enum { HEAD_START_MS = 60 * 1000 };

/* ---- ordering ---- */

struct ordering {
    const struct mail_order *order;
    uid thread;
    instant at;
};

static bool put_thread(struct work *work, const struct ordering *o)
{
    static const char sql[] =
        "INSERT INTO email_threads (tenant_id, id, subject, status, agent_id, participants,"
        " message_count, last_message_at, created_at, updated_at, rev)"
        " VALUES (?, ?, ?, 'waiting', ?, JSON_ARRAY(?), 1, ?, ?, ?, 1)";
    const struct param params[] = {
        PARAM(work->tenant),    PARAM(o->thread),    PARAM(o->order->subject),
        PARAM(o->order->agent), PARAM(o->order->to), PARAM(o->at),
        PARAM(o->at),           PARAM(o->at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool put_message(struct work *work, const struct ordering *o)
{
    static const char sql[] =
        "INSERT INTO email_messages (tenant_id, id, thread_id, direction, status, from_addr,"
        " reply_to, to_addrs, cc_addrs, bcc_addrs, subject, text_body, agent_id, attachments,"
        " metadata, created_at, updated_at, rev) VALUES (?, ?, ?, 'outbound', 'queued', ?, ?, "
        "JSON_ARRAY(?),"
        " '[]', '[]', ?, ?, ?, '[]', '{}', ?, ?, 1)";
    const struct mail_order *order = o->order;
    const struct param params[] = {
        PARAM(work->tenant),    PARAM(order->id), PARAM(o->thread),      PARAM(order->from),
        PARAM(order->reply_to), PARAM(order->to), PARAM(order->subject), PARAM(order->text),
        PARAM(order->agent),    PARAM(o->at),     PARAM(o->at),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static const char *dedupe_of(struct work *work, uid id)
{
    char text[37];

    uid_write_uuid(id, text);
    return arena_text(&work->arena, text);
}

static bool order_step(struct work *work, void *with)
{
    const struct ordering *o = with;

    return put_thread(work, o) && put_message(work, o) &&
           outbox_put_later(work, "email", o->order->id, "email.send", NULL,
                            dedupe_of(work, o->order->id), instant_after(o->at, HEAD_START_MS));
}

bool mail_order(struct work *work, const struct mail_order *order)
{
    struct ordering ordering = {.order = order, .thread = uid_new(), .at = clock_now()};
    bool suppressed;

    if (!mail_is_configured(work))
        return fail(work, WRONG_STATE, "No mail provider is configured");
    if (!is_suppressed(work, "email", order->to, "", &suppressed))
        return false;
    if (suppressed)
        return fail(work, FORBIDDEN, "That address wants no mail from us");
    return db_transaction(work, order_step, &ordering);
}

/* ---- sending ---- */

/* A message as it is sent. */
struct message {
    const char *status, *from_addr, *reply_to, *to_addr, *subject, *text_body;
    const char *provider_ref, *error;
    instant created_at;
};

static bool read_message(struct work *work, uid id, struct message *message)
{
    static const struct column shown[] = {
        COLUMN(message, status, NOT_NULL),       COLUMN(message, from_addr, NOT_NULL),
        COLUMN(message, reply_to, NULLABLE),     COLUMN(message, to_addr, NULLABLE),
        COLUMN(message, subject, NULLABLE),      COLUMN(message, text_body, NULLABLE),
        COLUMN(message, provider_ref, NULLABLE), COLUMN(message, error, NULLABLE),
        COLUMN(message, created_at, NOT_NULL),
    };
    static const struct entity entity = ENTITY(message, "mail", NULL, shown);
    static const char sql[] =
        "SELECT status, from_addr, reply_to, JSON_VALUE(to_addrs, '$[0]') AS to_addr, subject,"
        " text_body, provider_ref, error, created_at FROM email_messages WHERE tenant_id = ?"
        " AND id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};

    return db_find(work, sql, params, COUNT(params), &entity, message);
}

/* What came of it, unless somebody else has said that already. */
static bool note(struct work *work, uid id, const char *status, const char *reference,
                 const char *error)
{
    static const char sql[] = "UPDATE email_messages SET status = ?, provider_ref = ?, error = ?,"
                              " sent_at = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND status = 'queued'";
    const char *ref = word_ascii(&work->arena, reference, 80);
    const char *why = word_text(&work->arena, error, 500);
    instant now = clock_now(), sent = strcmp(status, "sent") == 0 ? now : NO_INSTANT;
    const struct param params[] = {PARAM(status), PARAM(ref),          PARAM(why), PARAM(sent),
                                   PARAM(now),    PARAM(work->tenant), PARAM(id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool send(struct work *work, uid id, const struct message *message)
{
    const struct mail mail = {
        .from = message->from_addr,
        .reply_to = message->reply_to,
        .to = message->to_addr ? message->to_addr : "",
        .subject = message->subject ? message->subject : "",
        .text = message->text_body ? message->text_body : "",
        .key = dedupe_of(work, id),
    };
    const char *reference;

    if (mail_send(work, &mail, &reference)) {
        log_info(work, "mail.sent", "mail=%s", mail.key);
        return note(work, id, "sent", reference, NULL);
    }
    if (work->error.what == INVALID)
        return note(work, id, "failed", NULL, arena_text(&work->arena, work->error.message));
    return false;
}

bool mail_send_owed(struct work *work, const struct outbox_row *row, bool last)
{
    struct message message;

    if (!read_message(work, row->subject_id, &message))
        return work->error.what == NOT_FOUND; /* erased since */
    if (strcmp(message.status, "queued") != 0 || send(work, row->subject_id, &message))
        return true;
    if (last && work->error.what != BUSY) {
        struct error before = work->error;

        if (!note(work, row->subject_id, "failed", NULL, before.message))
            return false;
        work->error = before;
    }
    return false;
}

/* The row follows at once what came of the first attempt. */
static bool settle(struct work *work, uid id, bool left)
{
    const char *dedupe = dedupe_of(work, id);

    if (left)
        return outbox_settle(work, "email", dedupe, NULL, NO_INSTANT);
    return outbox_settle(work, "email", dedupe, arena_text(&work->arena, work->error.message),
                         instant_after(clock_now(), delivery_delay_ms(1, 0)));
}

bool mail_try(struct work *work, uid id, struct mail_state *state)
{
    struct message message;
    bool left;

    if (!read_message(work, id, &message))
        return false;
    left = strcmp(message.status, "queued") != 0 || send(work, id, &message);
    if (!left && work->error.what != UPSTREAM)
        return false;
    if (!settle(work, id, left) || !read_message(work, id, &message))
        return false;
    *state = (struct mail_state){message.status, message.provider_ref, message.error,
                                 message.created_at};
    return strcmp(message.status, "failed") != 0 ||
           fail(work, INVALID, "%s", message.error ? message.error : "The mail was not sent");
}
