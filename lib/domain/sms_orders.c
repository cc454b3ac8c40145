#include "domain/sms_orders.h"

#include <string.h>

#include "domain/gate.h"
#include "domain/outbox.h"
#include "domain/sms.h"
#include "domain/words.h"

/* Characters of UTF-8 text; "wide" when one is beyond what GSM 7 and ASCII share. */
static int64_t length_of(const char *body, bool *wide)
{
    int64_t count = 0;

    *wide = false;
    for (const unsigned char *at = (const unsigned char *)body; *at; at++) {
        *wide |= *at >= 0x80 || *at == '`';
        count += ((*at & 0xc0) != 0x80) + (*at >= 0xf0); /* beyond UCS-2 they count twice */
    }
    return count;
}

int64_t sms_segments(const char *body)
{
    bool wide;
    int64_t length = length_of(body, &wide), single = wide ? 70 : 160, each = wide ? 67 : 153;

    return length <= single ? 1 : (length + each - 1) / each;
}

static bool put_conversation(struct work *work, const struct sms_order *order, instant now)
{
    static const char sql[] =
        "INSERT INTO sms_conversations (tenant_id, id, our_number, contact_number, agent_id,"
        " status, message_count, unread_count, last_message, last_message_at, created_at,"
        " updated_at, rev) VALUES (?, ?, ?, ?, ?, 'open', 1, 0, ?, ?, ?, ?, 1)"
        " ON DUPLICATE KEY UPDATE message_count = message_count + 1,"
        " status = IF(status = 'closed', 'open', status),"
        " last_message = VALUES(last_message), last_message_at = VALUES(last_message_at),"
        " updated_at = VALUES(updated_at), rev = rev + 1";
    const char *last = word_text(&work->arena, order->body, 320);
    uid id = uid_new();
    const struct param params[] = {
        PARAM(work->tenant), PARAM(id),  PARAM(order->from), PARAM(order->to), PARAM(order->agent),
        PARAM(last),         PARAM(now), PARAM(now),         PARAM(now),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool put_message(struct work *work, const struct sms_order *order, instant now)
{
    static const char sql[] =
        "INSERT INTO sms_messages (tenant_id, id, conversation_id, direction, status, status_rank,"
        " from_number, to_number, body, media, segments, agent_id, call_id, origin, metadata,"
        " created_at, updated_at, rev)"
        " SELECT tenant_id, ?, id, 'outbound', 'queued', 10, ?, ?, ?, '[]', ?, ?, ?, ?, '{}', ?,"
        " ?, 1 FROM sms_conversations WHERE tenant_id = ? AND our_number = ?"
        " AND contact_number = ?";
    int64_t segments = sms_segments(order->body);
    const struct param params[] = {
        PARAM(order->id), PARAM(order->from),  PARAM(order->to),    PARAM(order->body),
        PARAM(segments),  PARAM(order->agent), PARAM(order->call),  PARAM(order->origin),
        PARAM(now),       PARAM(now),          PARAM(work->tenant), PARAM(order->from),
        PARAM(order->to),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool is_ordered(struct work *work, uid id, bool *ordered)
{
    static const char sql[] = "SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ? AND id = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(id)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *ordered = count > 0;
    return true;
}

static bool order_step(struct work *work, void *with)
{
    const struct sms_order *order = with;
    instant now = clock_now();
    bool ordered;

    if (!is_ordered(work, order->id, &ordered))
        return false;
    return ordered || (put_conversation(work, order, now) && put_message(work, order, now) &&
                       outbox_put(work, "sms", order->id, NULL, "{}", NULL));
}

bool sms_order(struct work *work, const struct sms_order *order)
{
    struct sms_order copy = *order;
    struct outward outward = {.channel = GATE_SMS, .from = order->from, .to = order->to};
    bool wide;

    if (!order->body || !*order->body || length_of(order->body, &wide) > SMS_LONGEST)
        return fail_field(work, "body", "A message has 1 to %d characters", SMS_LONGEST);
    copy.body = word_text(&work->arena, order->body, SMS_LONGEST);
    outward.segments = sms_segments(copy.body);
    return gate_check(work, &outward, NULL) && db_transaction(work, order_step, &copy);
}
