#include "domain/webhook_bodies.h"

#include <string.h>

#include "domain/webhook_tellers.h"

static const struct webhook_teller *const tellers[] = {
    &webhook_teller_kwickphone,
    &webhook_teller_stateset,
};

static const struct webhook_teller *teller_of(const char *dialect)
{
    for (size_t i = 0; i < sizeof tellers / sizeof tellers[0]; i++)
        if (dialect && strcmp(dialect, tellers[i]->dialect) == 0)
            return tellers[i];
    return NULL;
}

const char *webhook_event_name(const char *dialect, const char *event)
{
    const struct webhook_teller *teller = teller_of(dialect);

    return teller && event ? teller->name(event) : NULL;
}

bool webhook_body(struct work *work, const char *dialect, const struct webhook_event *event,
                  const char **body)
{
    const struct webhook_teller *teller = teller_of(dialect);
    struct text out = {.arena = &work->arena};

    if (!teller)
        return fail(work, INTERNAL, "Nobody tells %s of events", dialect);
    if (!teller->body(work, event, &out))
        return false;
    *body = out.at;
    return true;
}

char *webhook_event_id(struct arena *arena, uid id)
{
    char digits[27];

    uid_write_base32(id, digits);
    return arena_format(arena, "evt_%s", digits);
}

const char *webhook_signature_header(const char *dialect)
{
    const struct webhook_teller *teller = teller_of(dialect);

    return teller ? teller->signature_header : "X-Trunkline-Signature";
}
