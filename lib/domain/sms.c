#include "domain/sms.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "domain/gate.h"
#include "domain/suppressions.h"
#include "domain/tenants.h"
#include "domain/words.h"

static const char *const conversation_states[] = {"open", "closed", "opted_out", NULL};
static const char *const sms_directions[] = {"inbound", "outbound", NULL};
static const char *const sms_states[] = {"queued",      "sending", "sent",     "delivered",
                                         "undelivered", "failed",  "received", NULL};
static const char *const sms_origins[] = {"api", "tool", "workflow", "system", "carrier", NULL};

static const struct column columns_of_conversation[] = {
    COLUMN(sms_conversation, tenant_id, NOT_NULL),
    COLUMN(sms_conversation, id, NOT_NULL),
    COLUMN(sms_conversation, our_number, NOT_NULL, .max = 20),
    COLUMN(sms_conversation, contact_number, NOT_NULL, .max = 20),
    COLUMN(sms_conversation, agent_id, NULLABLE),
    COLUMN(sms_conversation, status, NOT_NULL, .one_of = conversation_states),
    COLUMN(sms_conversation, message_count, NOT_NULL),
    COLUMN(sms_conversation, unread_count, NOT_NULL),
    COLUMN(sms_conversation, last_message, NULLABLE, .max = 1280),
    COLUMN(sms_conversation, last_message_at, NULLABLE),
    COLUMN(sms_conversation, created_at, NOT_NULL),
    COLUMN(sms_conversation, updated_at, NOT_NULL),
    COLUMN(sms_conversation, rev, NOT_NULL),
};

const struct entity sms_conversation_entity =
    ENTITY(sms_conversation, "conversation", "sms_conversations", columns_of_conversation);

static const struct column columns_of_message[] = {
    COLUMN(sms_message, tenant_id, NOT_NULL),
    COLUMN(sms_message, id, NOT_NULL),
    COLUMN(sms_message, conversation_id, NOT_NULL),
    COLUMN(sms_message, message_sid, NULLABLE, .max = 34),
    COLUMN(sms_message, direction, NOT_NULL, .one_of = sms_directions),
    COLUMN(sms_message, status, NOT_NULL, .one_of = sms_states),
    COLUMN(sms_message, status_rank, NOT_NULL),
    COLUMN(sms_message, from_number, NOT_NULL, .max = 20),
    COLUMN(sms_message, to_number, NOT_NULL, .max = 20),
    COLUMN(sms_message, body, NULLABLE, .max = 6400),
    COLUMN(sms_message, media, NOT_NULL),
    COLUMN(sms_message, segments, NULLABLE),
    COLUMN(sms_message, error_code, NULLABLE, .max = 16),
    COLUMN(sms_message, error_message, NULLABLE, .max = 1020),
    COLUMN(sms_message, cost_micros, NULLABLE),
    COLUMN(sms_message, agent_id, NULLABLE),
    COLUMN(sms_message, call_id, NULLABLE),
    COLUMN(sms_message, origin, NOT_NULL, .one_of = sms_origins),
    COLUMN(sms_message, metadata, NOT_NULL),
    COLUMN(sms_message, sent_at, NULLABLE),
    COLUMN(sms_message, delivered_at, NULLABLE),
    COLUMN(sms_message, created_at, NOT_NULL),
    COLUMN(sms_message, updated_at, NOT_NULL),
    COLUMN(sms_message, rev, NOT_NULL),
};

const struct entity sms_message_entity =
    ENTITY(sms_message, "message", "sms_messages", columns_of_message);

enum sms_keyword sms_keyword_of(const char *body)
{
    static const struct {
        const char *word;
        enum sms_keyword keyword;
    } words[] = {
        {"STOP", SMS_STOP},   {"STOPALL", SMS_STOP}, {"UNSUBSCRIBE", SMS_STOP},
        {"CANCEL", SMS_STOP}, {"END", SMS_STOP},     {"QUIT", SMS_STOP},
        {"OPTOUT", SMS_STOP}, {"REVOKE", SMS_STOP},  {"START", SMS_START},
        {"YES", SMS_START},   {"UNSTOP", SMS_START}, {"HELP", SMS_HELP},
        {"INFO", SMS_HELP},
    };
    size_t length;

    body += strspn(body, " \t\r\n\"'");
    length = strlen(body);
    while (length && strchr(" \t\r\n\"'.!", body[length - 1]))
        length--;
    for (size_t i = 0; i < COUNT(words); i++)
        if (strlen(words[i].word) == length && strncasecmp(words[i].word, body, length) == 0)
            return words[i].keyword;
    return SMS_NO_KEYWORD;
}

/* A message on its way in. */
struct receiving {
    const struct sms_arrival *arrival;
    enum sms_keyword keyword;
    const char *from, *to, *body;
    instant now;
};

static const char *conversation_state(enum sms_keyword keyword)
{
    return keyword == SMS_STOP ? "opted_out" : keyword == SMS_START ? "open" : NULL;
}

/* The conversation of the two numbers, made if need be; its counters grow with the message. */
static bool put_conversation(struct work *work, const struct receiving *r)
{
    static const char sql[] =
        "INSERT INTO sms_conversations (tenant_id, id, our_number, contact_number, status,"
        " message_count, unread_count, last_message, last_message_at, created_at, updated_at, rev)"
        " VALUES (?, ?, ?, ?, COALESCE(?, 'open'), 1, 1, ?, ?, ?, ?, 1) ON DUPLICATE KEY UPDATE"
        " status = COALESCE(?, IF(status = 'closed', 'open', status)),"
        " message_count = message_count + 1, unread_count = unread_count + 1,"
        " last_message = VALUES(last_message), last_message_at = VALUES(last_message_at),"
        " updated_at = VALUES(updated_at), rev = rev + 1";
    const char *state = conversation_state(r->keyword);
    const char *last = word_text(&work->arena, r->body, 320);
    uid id = uid_new();
    const struct param params[] = {
        PARAM(work->tenant), PARAM(id),     PARAM(r->to),  PARAM(r->from), PARAM(state),
        PARAM(last),         PARAM(r->now), PARAM(r->now), PARAM(r->now),  PARAM(state),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

/* The SID is unique, so the second of two equal messages is no message. */
static bool put_message(struct work *work, struct receiving *r)
{
    static const char sql[] =
        "INSERT INTO sms_messages (tenant_id, id, conversation_id, message_sid, direction, status,"
        " status_rank, from_number, to_number, body, media, segments, origin, metadata,"
        " created_at, updated_at, rev)"
        " SELECT tenant_id, ?, id, ?, 'inbound', 'received', 40, ?, ?, ?, ?, ?, 'carrier', '{}',"
        " ?, ?, 1 FROM sms_conversations WHERE tenant_id = ? AND our_number = ?"
        " AND contact_number = ?";
    const struct sms_arrival *arrival = r->arrival;
    const document media = {arrival->media_json ? arrival->media_json : "[]"};
    uid id = uid_new();
    const struct param params[] = {
        PARAM(id),
        PARAM(arrival->message_sid),
        PARAM(r->from),
        PARAM(r->to),
        PARAM(r->body),
        PARAM(media),
        PARAM(arrival->segments),
        PARAM(r->now),
        PARAM(r->now),
        PARAM(work->tenant),
        PARAM(r->to),
        PARAM(r->from),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool apply_keyword(struct work *work, const struct receiving *r)
{
    const struct suppression suppression = {
        .channel = "sms",
        .address = r->from,
        .our_address = r->to,
        .source = "keyword",
        .keyword = word_ascii(&work->arena, r->body, 24),
    };

    if (r->keyword == SMS_STOP)
        return suppression_put(work, &suppression);
    return r->keyword != SMS_START || suppression_lift(work, "sms", r->from, r->to);
}

static bool is_known(struct work *work, const char *message_sid, bool *known)
{
    static const char sql[] = "SELECT COUNT(*) FROM sms_messages"
                              " WHERE tenant_id = ? AND message_sid = ?";
    const struct param params[] = {PARAM(work->tenant), PARAM(message_sid)};
    int64_t count;

    if (!db_number(work, sql, params, COUNT(params), 0, &count))
        return false;
    *known = count > 0;
    return true;
}

static bool receive_step(struct work *work, void *with)
{
    struct receiving *r = with;
    bool known;

    if (!is_known(work, r->arrival->message_sid, &known))
        return false;
    if (known)
        return true;
    return put_conversation(work, r) && put_message(work, r) && apply_keyword(work, r);
}

static const char *name_of_business(struct work *work)
{
    struct tenant tenant;

    return tenant_by_id(work, work->tenant, &tenant) && tenant.name ? tenant.name : "us";
}

static const char *answer_of(struct work *work, enum sms_keyword keyword)
{
    const char *name = name_of_business(work);

    switch (keyword) {
    case SMS_STOP:
        return arena_format(&work->arena,
                            "You have unsubscribed from %s and will get no more messages. Reply "
                            "START to resubscribe.",
                            name);
    case SMS_START:
        return arena_format(&work->arena,
                            "You have resubscribed to messages from %s. Reply HELP for help, STOP "
                            "to unsubscribe.",
                            name);
    case SMS_HELP:
        return arena_format(&work->arena,
                            "%s: reply STOP to unsubscribe, START to resubscribe, or call this "
                            "number.",
                            name);
    default:
        return NULL;
    }
}

/*
 * An answer goes out through the gate like anything else.  The one that confirms STOP is asked for
 * before the suppression stands, so it is the last; a second STOP gets none.  A message that is
 * delivered again is answered again, because then the first answer did not arrive.
 */
static bool may_answer(struct work *work, const struct receiving *r)
{
    const struct outward outward = {.channel = GATE_SMS, .from = r->to, .to = r->from};

    return r->keyword != SMS_NO_KEYWORD && gate_check(work, &outward, NULL);
}

bool sms_receive(struct work *work, const struct sms_arrival *arrival, const char **answer)
{
    const char *body = arrival->body ? arrival->body : "";
    struct receiving r = {
        .arrival = arrival,
        .keyword = sms_keyword_of(arrival->opt_out_type ? arrival->opt_out_type : body),
        .from = word_ascii(&work->arena, arrival->from, 20),
        .to = word_ascii(&work->arena, arrival->to, 20),
        .body = word_text(&work->arena, body, 1600),
        .now = clock_now(),
    };
    bool allowed;

    *answer = NULL;
    if (!word_sid(arrival->message_sid) || !r.from || !r.to)
        return fail(work, INVALID, "That is no message");
    allowed = !arrival->opt_out_type && r.keyword == SMS_STOP && may_answer(work, &r);
    if (!db_transaction(work, receive_step, &r))
        return work->error.what == CONFLICT; /* the same message, at the same moment */
    if (r.keyword != SMS_STOP)
        allowed = !arrival->opt_out_type && may_answer(work, &r);
    if (allowed)
        *answer = answer_of(work, r.keyword);
    return true;
}

/* Our word for the carrier's status, and its rank; 0 when it is none. */
static int64_t rank_of(const char *status, const char **ours)
{
    static const struct {
        const char *theirs, *ours;
        int64_t rank;
    } words[] = {
        {"accepted", "queued", 10}, {"scheduled", "queued", 10},
        {"queued", "queued", 10},   {"sending", "sending", 20},
        {"sent", "sent", 30},       {"delivered", "delivered", 40},
        {"read", "delivered", 40},  {"undelivered", "undelivered", 40},
        {"failed", "failed", 40},   {"canceled", "failed", 40},
    };

    for (size_t i = 0; status && i < COUNT(words); i++)
        if (strcmp(words[i].theirs, status) == 0) {
            *ours = words[i].ours;
            return words[i].rank;
        }
    return 0;
}

bool sms_apply_status(struct work *work, const char *message_sid, const char *status,
                      const char *error_code, const char *error_message, bool *moved)
{
    static const char sql[] =
        "UPDATE sms_messages SET status = ?, status_rank = ?,"
        " error_code = COALESCE(error_code, ?), error_message = COALESCE(error_message, ?),"
        " sent_at = IF(? >= 30, COALESCE(sent_at, ?), sent_at),"
        " delivered_at = IF(? = 'delivered', COALESCE(delivered_at, ?), delivered_at),"
        " updated_at = ?, rev = rev + 1"
        " WHERE tenant_id = ? AND message_sid = ? AND direction = 'outbound' AND status_rank < ?";
    const char *ours = NULL, *code = word_ascii(&work->arena, error_code, 16);
    const char *message = word_text(&work->arena, error_message, 255);
    int64_t rank = rank_of(status, &ours);
    instant now = clock_now();
    const struct param params[] = {
        PARAM(ours), PARAM(rank), PARAM(code), PARAM(message),      PARAM(rank),        PARAM(now),
        PARAM(ours), PARAM(now),  PARAM(now),  PARAM(work->tenant), PARAM(message_sid), PARAM(rank),
    };
    uint64_t changed;
    bool known;

    *moved = false;
    if (!word_sid(message_sid) || !is_known(work, message_sid, &known))
        return word_sid(message_sid) ? false : fail(work, INVALID, "That is no message");
    if (!known)
        return fail(work, NOT_FOUND, "The message does not exist");
    if (rank == 0)
        return true;
    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *moved = changed == 1;
    return true;
}

bool sms_status_is(const struct sms_message *message, const char *theirs)
{
    const char *ours = NULL;

    return rank_of(theirs, &ours) != 0 && strcmp(message->status, ours) == 0;
}
