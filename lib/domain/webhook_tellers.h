/*
 * domain/webhook_tellers.h - who tells of events in which dialect; for webhook_bodies.c alone.
 */
#ifndef DOMAIN_WEBHOOK_TELLERS_H
#define DOMAIN_WEBHOOK_TELLERS_H

#include "core/text.h"
#include "domain/webhook_bodies.h"

struct webhook_teller {
    const char *dialect, *signature_header;
    /* What the dialect calls an event; NULL when its receivers do not hear of it. */
    const char *(*name)(const char *event);
    bool (*body)(struct work *work, const struct webhook_event *event, struct text *out);
};

extern const struct webhook_teller webhook_teller_kwickphone, webhook_teller_stateset;

#endif
