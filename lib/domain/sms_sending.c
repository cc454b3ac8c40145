#include "domain/sms_sending.h"

#include <string.h>
#include <time.h>

#include "core/log.h"
#include "domain/customer_sms.h"
#include "domain/gate.h"
#include "domain/inbound.h"
#include "domain/sms.h"
#include "domain/tenants.h"
#include "domain/words.h"

enum { RANK_QUEUED = 10, RANK_SENDING = 20, RANK_FAILED = 40, TOO_MANY_REQUESTS = 429 };

/* Of two who try, one moves it; who finds it moved leaves it alone. */
static bool move(struct work *work, uid id, const char *status, int64_t from_rank, int64_t to_rank,
                 bool *moved)
{
    static const char sql[] =
        "UPDATE sms_messages SET status = ?, status_rank = ?, updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND id = ? AND status_rank = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(status),       PARAM(to_rank), PARAM(now),
                                   PARAM(work->tenant), PARAM(id),      PARAM(from_rank)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *moved = changed == 1;
    return true;
}

static bool note_error(struct work *work, uid id, const char *code, const char *message)
{
    static const char sql[] = "UPDATE sms_messages SET error_code = ?, error_message = ?"
                              " WHERE tenant_id = ? AND id = ?";
    const char *ascii = word_ascii(&work->arena, code, 16);
    const char *text = word_text(&work->arena, message, 255);
    const struct param params[] = {PARAM(ascii), PARAM(text), PARAM(work->tenant), PARAM(id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool note_sent(struct work *work, uid id, const char *sid)
{
    static const char sql[] =
        "UPDATE sms_messages SET message_sid = ?, sent_at = ?, updated_at = ?,"
        " rev = rev + 1 WHERE tenant_id = ? AND id = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(sid), PARAM(now), PARAM(now), PARAM(work->tenant),
                                   PARAM(id)};

    log_info(work, "sms.ordered", "sid=%s", sid);
    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* Back into the queue: it certainly did not leave. */
static bool wait(struct work *work, uid id)
{
    bool moved;

    return move(work, id, "queued", RANK_SENDING, RANK_QUEUED, &moved) &&
           fail(work, UPSTREAM, "The carrier does not take messages now");
}

struct refusal {
    uid id;
    const char *code, *message;
};

static bool refuse_step(struct work *work, void *with)
{
    const struct refusal *refusal = with;
    struct sms_message refused;
    bool moved;

    return move(work, refusal->id, "failed", RANK_SENDING, RANK_FAILED, &moved) &&
           note_error(work, refusal->id, refusal->code, refusal->message) &&
           store_get(work, &sms_message_entity, refusal->id, &refused) &&
           customer_sms_tell(work, &refused, refusal->id);
}

/* What failed is told of, or has not failed yet. */
static bool refuse(struct work *work, uid id, const char *code, const char *message)
{
    struct refusal refusal = {id, arena_text(&work->arena, code),
                              arena_text(&work->arena, message)};

    return db_transaction(work, refuse_step, &refusal) || wait(work, id);
}

static bool order(struct work *work, const struct sms_message *message,
                  const struct carrier *carrier)
{
    const struct carrier_setting settings[] = {
        {"To", message->to_number},
        {"From", message->from_number},
        {"Body", message->body},
        {"StatusCallback", hook_url(work, "/hooks/twilio/sms-status")},
    };
    struct carrier_outcome outcome;
    const char *sid;

    if (twilio_message_create(work, carrier, settings, COUNT(settings), &sid, &outcome))
        return note_sent(work, message->id, sid);
    if (outcome.end == CARRIER_UNKNOWN)
        return note_error(work, message->id, "order_unknown", "The carrier's answer was lost");
    if (outcome.status == 0 || outcome.status == TOO_MANY_REQUESTS)
        return wait(work, message->id);
    return refuse(work, message->id, arena_format(&work->arena, "%d", outcome.code),
                  outcome.message ? outcome.message : work->error.message);
}

static bool find_carrier(struct work *work, const struct gate_pass *pass, struct carrier *carrier)
{
    struct tenant tenant;

    return tenant_by_id(work, work->tenant, &tenant) &&
           (pass->source ? carrier_of_source(work, &tenant, pass->source, carrier)
                         : carrier_of_tenant(work, &tenant, carrier));
}

bool sms_send(struct work *work, const struct outbox_row *row)
{
    struct sms_message message;
    struct outward outward = {.channel = GATE_SMS};
    struct gate_pass pass = {0};
    struct carrier carrier;
    bool ours;

    if (!store_get(work, &sms_message_entity, row->subject_id, &message))
        return work->error.what == NOT_FOUND; /* erased since */
    if (!move(work, message.id, "sending", RANK_QUEUED, RANK_SENDING, &ours))
        return false;
    if (!ours)
        return true;
    outward.from = message.from_number;
    outward.to = message.to_number;
    outward.segments = message.segments == NO_INTEGER ? 0 : message.segments;
    if (gate_check(work, &outward, &pass) && find_carrier(work, &pass, &carrier))
        return order(work, &message, &carrier);
    if (work->error.what == BUSY || work->error.what == UPSTREAM)
        return wait(work, message.id);
    return refuse(work, message.id, failure_code(work->error.what), work->error.message);
}

enum { LOOKS = 200, LOOK_AGAIN_NS = 50 * 1000 * 1000 };

bool sms_deliver(struct work *work, uid id, struct sms_message *message)
{
    const struct outbox_row row = {.tenant_id = work->tenant, .subject_id = id};
    const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};

    if (!sms_send(work, &row) && work->error.what != UPSTREAM)
        return false;
    for (int i = 0; i < LOOKS; i++) {
        if (!store_get(work, &sms_message_entity, id, message))
            return false;
        if (message->message_sid || strcmp(message->status, "queued") == 0)
            return true;
        if (strcmp(message->status, "failed") == 0)
            return fail(work, INVALID, "%s",
                        message->error_message ? message->error_message : "It was not sent");
        if (message->error_code)
            break;
        nanosleep(&pause, NULL);
    }
    return fail(work, UPSTREAM, "The carrier did not say whether it took the message");
}
