/*
 * domain/suppressions.h - who does not want to be called or texted (reference 1.19).
 */
#ifndef DOMAIN_SUPPRESSIONS_H
#define DOMAIN_SUPPRESSIONS_H

#include "db/store.h"

struct suppression {
    int64_t tenant_id;
    uid id;
    const char *channel; /* sms, voice, email, all */
    const char *address;
    const char *our_address; /* "" for all of ours */
    const char *source;      /* keyword, api, call, carrier, import */
    const char *keyword;
    instant lifted_at, created_at, updated_at;
    int64_t rev;
};

extern const struct entity suppression_entity;

/* Adds or renews; the caller sets channel, address, our_address, source, keyword. */
bool suppression_put(struct work *work, const struct suppression *suppression);

/* Lifts what stands against an address on a channel (also "all" of that address and ours). */
bool suppression_lift(struct work *work, const char *channel, const char *address,
                      const char *our_address);

/* Whether something stands against reaching an address on a channel from ours. */
bool is_suppressed(struct work *work, const char *channel, const char *address,
                   const char *our_address, bool *suppressed);

#endif
