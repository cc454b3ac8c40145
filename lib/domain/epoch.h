/*
 * domain/epoch.h - when processes must forget the keys they remember.
 *
 * The number lives in the host's memory, so that a key revoked through any worker of a host is
 * refused by all of them at once, and in stat_totals, so that other hosts follow within about a
 * second.
 */
#ifndef DOMAIN_EPOCH_H
#define DOMAIN_EPOCH_H

#include "core/work.h"

/*
 * Makes every process forget; call it in the transaction that revokes, suspends or changes
 * (domain/keys.c, domain/tenants.c).  The host's own number grows at once and needs no commit.
 */
bool epoch_advance(struct work *work);

/* The number now; processes compare it with the one they remembered under. */
uint64_t epoch_now(void);

/* Learns what other hosts did, at most once a second over all processes of the host. */
void epoch_refresh(struct work *work);

#endif
