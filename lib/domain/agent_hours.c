#include "domain/agent_hours.h"

#include "domain/tenants.h"

/* A member in either of the spellings that dialects store. */
static json_object *hours_of(json_object *object)
{
    json_object *hours = json_member(object, "business_hours");

    return hours ? hours : json_member(object, "businessHours");
}

/* Some dialects keep them among the call's settings. */
static json_object *hours_of_agent(json_object *config)
{
    json_object *hours = hours_of(config), *settings = json_member(config, "call_settings");

    if (!settings)
        settings = json_member(config, "callSettings");
    return hours ? hours : hours_of(settings);
}

bool agent_hours(struct work *work, const char *config, struct business_hours *answer, bool *known)
{
    json_object *agent, *settings, *hours;
    struct tenant tenant;
    const char *zone;

    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    agent = json_parse(config ? config : "{}");
    settings = json_parse(tenant.config.json);
    hours = hours_of_agent(agent);
    if (!hours)
        hours = hours_of(settings);
    zone = json_text(agent, "timezone");
    *known =
        business_hours_at(&work->arena, hours, zone ? zone : tenant.timezone, clock_now(), answer);
    json_object_put(agent);
    json_object_put(settings);
    return true;
}

bool agent_hours_write(struct work *work, const char *config, struct text *result)
{
    char now[ZONE_ISO_SIZE], next[ZONE_ISO_SIZE];
    struct business_hours hours;
    bool known;

    if (!agent_hours(work, config, &hours, &known))
        return false;
    if (!known)
        return fail(work, NOT_FOUND, "No business hours are set");
    zone_write_iso(hours.zone, clock_now(), now);
    text_add(result, "{\"open\":%s,\"timezone\":", hours.open ? "true" : "false");
    text_json(result, hours.timezone);
    text_add(result, ",\"now\":\"%s\",\"next_change\":", now);
    if (instant_is_none(hours.next_change)) {
        text_put(result, "null}");
        return true;
    }
    zone_write_iso(hours.zone, hours.next_change, next);
    text_add(result, "\"%s\"}", next);
    return true;
}
