/*
 * domain/carrier_proof.h - whether a callback is the carrier's, and whose call it is about
 * (reference 4.2).
 *
 * What a callback says of itself only selects the tokens it is tried with: that of the tenant whom
 * our own token in the path names, those of our accounts with the carrier, of the tenant whose call
 * or number it is about, of whoever proved the last one of that account, and of all tenants who
 * bring that account.
 */
#ifndef DOMAIN_CARRIER_PROOF_H
#define DOMAIN_CARRIER_PROOF_H

#include "domain/callbacks.h"

struct outage_call;

enum { MAX_URLS = 8 };

/* A callback as it was posted to us. */
struct posted {
    const char *kind;                /* one of carrier_callbacks.kind */
    const char *urls[MAX_URLS + 1];  /* as we may have been called, most trusted first; NULL ends */
    const char *hosts[MAX_URLS + 1]; /* other names that proxies may have used, for the hint */
    const char *signature;           /* NULL: none was sent */
    const char *idempotency_token;   /* NULL: none was sent */
    int64_t tenant;                  /* from our own token in the path; 0: none */
    struct form form;
    instant received_at;
    const struct outage_call *outage; /* how it was connected without the store; NULL: it was not */
};

enum proof_end {
    PROOF_VALID,   /* work->tenant is set; 0 when it is about nobody we know */
    PROOF_INVALID, /* no token fits */
    PROOF_LATER    /* the store cannot say now; work->error is BUSY */
};

struct proof {
    enum proof_end end;
    const char *matched;      /* the URL that fitted */
    const char *matching_url; /* PROOF_INVALID: what would have fitted, for the operator; or NULL */
};

/* Tries the tokens; *proof says what came of it, and work->tenant whose it is. */
void carrier_prove(struct work *work, const struct posted *posted, struct proof *proof);

/* Our key in the query of a URL that we gave the carrier ("cid"); NO_UID when there is none. */
uid callback_key(struct work *work, const char *url);

#endif
