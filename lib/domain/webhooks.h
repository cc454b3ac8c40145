/*
 * domain/webhooks.h - where a tenant wants to hear of events, and each event on its way there
 * (reference 1.16).
 *
 * Three steps: the business transaction writes an outbox row; webhooks_fan_out() makes one delivery
 * per matching endpoint, rendered once in the endpoint's dialect so that retries are
 * byte-identical; a sender claims due deliveries, posts them, and writes down what came of it.
 */
#ifndef DOMAIN_WEBHOOKS_H
#define DOMAIN_WEBHOOKS_H

#include "db/store.h"

struct outbox_row;

struct webhook_endpoint {
    int64_t tenant_id;
    uid id;
    const char *dialect; /* thruai, kwickphone, stateset, twilio */
    const char *url;
    const char *method; /* GET or POST; NULL: POST */
    document events;    /* array of names; [] or ["*"]: all */
    bytes secret;       /* sealed */
    const char *secret_prefix, *description;
    bool enabled;
    uid number_id; /* hears of one number only; NO_UID: of all */
    int64_t failure_count;
    instant opened_until; /* no attempts before */
    const char *disabled_reason;
    instant last_delivery_at, deleted_at, created_at, updated_at;
    int64_t rev;
};

struct webhook_delivery {
    int64_t tenant_id;
    uid id, endpoint_id, event_id;
    const char *event_type, *body;
    const char *state; /* pending, sent, retrying, failed */
    int64_t attempts;
    instant available_at;
    const char *lease_owner;
    instant lease_until;
    int64_t status_code, response_ms;
    const char *response_head, *last_error;
    uid replay_of;
    bool is_test;
    instant created_at, delivered_at;
};

extern const struct entity webhook_endpoint_entity, webhook_delivery_entity;

/*
 * Makes an endpoint: fills id, seals "secret" (NULL: a new "whsec_…" is made) and answers the plain
 * secret in the work's arena, to be shown once.  The caller sets dialect, url, events, number_id.
 */
bool webhook_create(struct work *work, struct webhook_endpoint *endpoint, const char *secret,
                    const char **shown_once);

/* A new "whsec_…", and a secret sealed for an endpoint; *prefix is the beginning that is shown. */
const char *webhook_new_secret(struct work *work);
bytes webhook_seal(struct work *work, uid endpoint, const char *secret, const char **prefix);

/* The live endpoint of a number; NOT_FOUND when it has none. */
bool webhook_of_number(struct work *work, uid number, struct webhook_endpoint *endpoint);

/* Ends the endpoints of a released number; deliveries under way still go out. */
bool webhooks_forget_number(struct work *work, uid number);

/* The plain secret; NULL when it cannot be opened. */
char *webhook_secret(struct work *work, const struct webhook_endpoint *endpoint);

/*
 * "t=<unix seconds>,v1=<hex HMAC-SHA-256 of t.body>", in the arena; the value of the dialect's
 * signature header.
 */
char *webhook_signature(struct work *work, const char *secret, instant at, const char *body);

/* Makes the deliveries of an outbox row of topic webhook and finishes the row, in one transaction.
 */
bool webhooks_fan_out(struct work *work, const struct outbox_row *row);

/* A due delivery with what is needed to send it. */
struct webhook_sending {
    struct webhook_delivery delivery;
    struct webhook_endpoint endpoint;
};

/*
 * Claims up to "limit" due deliveries of all tenants for "lease_ms": an array of struct
 * webhook_sending.  Those of a disabled endpoint fail at once, those of an open circuit wait, and
 * so do those of an endpoint that is being sent four already.
 */
bool deliveries_claim(struct work *work, const char *owner, int64_t lease_ms, int64_t limit,
                      struct rows *claimed);

/* Header lines of one attempt ("Name: value"), NULL-ended, signed for this moment; in the arena. */
char **delivery_headers(struct work *work, const struct webhook_sending *sending);

/* What came of an attempt. */
struct delivery_result {
    int64_t status_code; /* 0: no answer */
    int64_t response_ms;
    const char *response_head, *error;
};

/*
 * 2xx: sent.  410: failed, and the endpoint is disabled.  Anything else: again at 10 s, 1 min,
 * 5 min, 30 min, 2 h, 6 h, 12 h and 24 h from the first attempt (each wait 20 % more or less), then
 * failed.  Every 20 failures in a row keep the endpoint's circuit open for 15 min, 3 days of
 * failure disable it.  Of a delivery that is given up the tenant's other receivers hear by an event
 * of its own, in the same transaction.
 */
bool delivery_finish(struct work *work, const struct webhook_sending *sending,
                     const struct delivery_result *result);

/* How long after the "attempts"th failed attempt the next follows; -1: never. "draw" is 0..999. */
int64_t delivery_delay_ms(int64_t attempts, int64_t draw);

/* When the next delivery is due; NO_INSTANT when none is. */
bool deliveries_next_due(struct work *work, instant *when);

#endif
