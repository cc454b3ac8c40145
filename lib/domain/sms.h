/*
 * domain/sms.h - text messages: what comes in, what becomes of what went out (reference 1.19).
 */
#ifndef DOMAIN_SMS_H
#define DOMAIN_SMS_H

#include "db/store.h"

struct sms_conversation {
    int64_t tenant_id;
    uid id;
    const char *our_number, *contact_number;
    uid agent_id;
    const char *status; /* open, closed, opted_out */
    int64_t message_count, unread_count;
    const char *last_message;
    instant last_message_at, created_at, updated_at;
    int64_t rev;
};

struct sms_message {
    int64_t tenant_id;
    uid id, conversation_id;
    const char *message_sid, *direction;
    const char *status; /* queued, sending, sent, delivered, undelivered, failed, received */
    int64_t status_rank;
    const char *from_number, *to_number, *body;
    document media;
    int64_t segments;
    const char *error_code, *error_message;
    int64_t cost_micros;
    uid agent_id, call_id;
    const char *origin; /* api, tool, workflow, system, carrier */
    document metadata;
    instant sent_at, delivered_at, created_at, updated_at;
    int64_t rev;
};

extern const struct entity sms_conversation_entity, sms_message_entity;

/* What a message asks of us beyond being read. */
enum sms_keyword { SMS_NO_KEYWORD, SMS_STOP, SMS_START, SMS_HELP };

/* The keyword a whole message is, whatever its case and the space or full stop around it. */
enum sms_keyword sms_keyword_of(const char *body);

struct sms_arrival {
    const char *message_sid, *from, *to, *body;
    const char *opt_out_type; /* the carrier's own verdict: STOP, START, HELP; NULL: none */
    const char *media_json;   /* array; NULL: none */
    int64_t segments;
};

/*
 * Takes in a message to a number of work->tenant, once per SID: conversation and message; STOP
 * suppresses, START lifts.  "answer" is what we reply, in the arena; NULL: nothing (also when the
 * carrier answers itself).
 */
bool sms_receive(struct work *work, const struct sms_arrival *arrival, const char **answer);

/* Applies a delivery receipt if it moves the message forward; NOT_FOUND for a foreign SID. */
bool sms_apply_status(struct work *work, const char *message_sid, const char *status,
                      const char *error_code, const char *error_message, bool *moved);

/* Whether a message's status is the one that the carrier has that word for. */
bool sms_status_is(const struct sms_message *message, const char *theirs);

#endif
