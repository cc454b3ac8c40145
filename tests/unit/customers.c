#include "customers.h"

#include <criterion/criterion.h>

#include <string.h>

#include "domain/keys.h"

const char *customer_begin(struct world *world, bool alone)
{
    const struct key_order order = {.kind = "twilio", .expires_at = NO_INSTANT};
    struct api_key key;
    const char *token;

    world_begin(world, NULL, alone);
    world->config.allow_private_urls = "yes";
    cr_assert(key_create(&world->work, &order, &key, &token), "%s", world->work.error.message);
    return token;
}

struct form carrier_form(struct world *world, const struct twilio_field *fields, size_t count)
{
    struct twilio_field *all = arena_new(&world->work.arena, struct twilio_field, count + 1);

    all[0] = (struct twilio_field){"AccountSid", CARRIER_ACCOUNT};
    memcpy(all + 1, fields, count * sizeof *fields);
    return (struct form){all, count + 1};
}
