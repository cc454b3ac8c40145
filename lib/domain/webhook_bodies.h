/*
 * domain/webhook_bodies.h - how each dialect tells of an event: its name, its body, its headers.
 */
#ifndef DOMAIN_WEBHOOK_BODIES_H
#define DOMAIN_WEBHOOK_BODIES_H

#include "core/uid.h"
#include "core/work.h"

struct call;

/* What a body is made of. */
struct webhook_event {
    uid id;           /* stable over retries */
    const char *name; /* ours: "call.completed", "session.evaluated", "callback_task.claimed", … */
    instant at;       /* when it happened */
    const struct call *call; /* NULL: it is about none, or about none alone */
    const char *payload;     /* what its writer said of it: a JSON object */
};

/* What the dialect calls an event of ours; NULL when its receivers do not hear of it. */
const char *webhook_event_name(const char *dialect, const char *event);

/* The body in the dialect's own field names, in the arena. */
bool webhook_body(struct work *work, const char *dialect, const struct webhook_event *event,
                  const char **body);

/* "evt_…", as bodies and headers spell an event's id. */
char *webhook_event_id(struct arena *arena, uid id);

/* The name of the header that carries the dialect's signature. */
const char *webhook_signature_header(const char *dialect);

/* Failing to tell somebody of an event is one itself; of its own failure nobody is told. */
#define WEBHOOK_DELIVERY_FAILED "webhook.delivery_failed"

#endif
