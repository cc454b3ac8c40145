/*
 * domain/numbers.h - telephone numbers: rows, states, who owns a number.  How they are bought and
 * given back is in domain/provisioning.h.
 *
 * provisioning -> active <-> suspended -> releasing -> released; provisioning -> failed.
 */
#ifndef DOMAIN_NUMBERS_H
#define DOMAIN_NUMBERS_H

#include "core/column.h"
#include "core/work.h"
#include "db/store.h"

struct phone_number {
    int64_t tenant_id;
    uid id;
    int64_t seq; /* the 42 of num_42 */
    const char *e164, *country, *friendly_name;
    const char *source; /* platform, byoc, imported, simulated */
    const char *carrier_sid, *carrier_account_sid;
    bool voice, sms, mms;
    const char *status; /* one of number_states */
    const char *business_phone, *forward_to;
    const char *api_origin; /* the dialect that made it */
    int64_t monthly_micros;
    const char *currency;
    instant billed_until;
    const char *voice_webhook_url;
    document metadata;
    const char *error;
    instant released_at, created_at, updated_at;
    int64_t rev;
    const char *webhook_url; /* of its endpoint, read along where a list says so; else NULL */
};

extern const struct entity phone_number_entity;
extern const char *const number_states[];

/* The tenant's number of that key, or of that seq, in whichever state; NOT_FOUND. */
bool number_find(struct work *work, uid id, struct phone_number *number);
bool number_by_seq(struct work *work, int64_t seq, struct phone_number *number);

/*
 * The live number, whoever owns it: not bound to the work's tenant, because an incoming call knows
 * none.  NOT_FOUND.
 */
bool number_by_e164(struct work *work, const char *e164, struct phone_number *number);

/* The live number of the work's tenant; NOT_FOUND also when another tenant owns it. */
bool number_owned(struct work *work, const char *e164, struct phone_number *number);

/* Numbers that a dialect made and that are not given back, newest first, with their webhook URL. */
bool numbers_of_origin(struct work *work, const char *api_origin, struct rows *numbers);

/* How many numbers the tenant has or is buying now. */
bool numbers_count(struct work *work, int64_t *count);

/* How many numbers were ordered since, failed orders aside. */
bool numbers_ordered_since(struct work *work, const char *api_origin, instant since,
                           int64_t *count);

/*
 * Rows of all tenants that an order left in provisioning or releasing and that nobody touched since
 * "before", at most "limit", oldest first: what a sweep settles (each under its own tenant).
 */
bool numbers_unsettled(struct work *work, instant before, int64_t limit, struct rows *numbers);

#endif
