/*
 * Text messages that automations send: what they say, and that the carrier has them.
 */
#include <string.h>

#include "domain/functions.h"
#include "domain/sms.h"
#include "domain/sms_orders.h"
#include "domain/sms_sending.h"
#include "domain/tenants.h"

/* A member of the arguments as it reads: a text or a number. */
static const char *words_of(json_object *arguments, const char *name)
{
    json_object *member = json_member(arguments, name);

    if (!member || json_object_is_type(member, json_type_object) ||
        json_object_is_type(member, json_type_array))
        return NULL;
    return *json_object_get_string(member) ? json_object_get_string(member) : NULL;
}

static bool answer(struct work *work, uid id, struct text *result)
{
    struct sms_message message;
    char at[32];

    if (!sms_deliver(work, id, &message))
        return false;
    instant_write_iso(message.created_at, ISO_SHORTEST, at);
    text_put(result, "{\"message_sid\":");
    text_json(result, message.message_sid);
    text_put(result, ",\"to\":");
    text_json(result, message.to_number);
    text_put(result, ",\"from\":");
    text_json(result, message.from_number);
    text_add(result, ",\"queued_at\":\"%s\"}", at);
    return true;
}

static bool send(struct work *work, const struct function_context *context, json_object *arguments,
                 const char *body, struct text *result)
{
    struct sms_order order = {.id = context->id, .body = body, .origin = "tool"};

    if (!function_our_number(work, context, &order.from) ||
        !function_customer(work, context, arguments, &order.to))
        return false;
    if (context->has_call) {
        order.agent = context->call.agent_id;
        order.call = context->call.id;
    }
    return sms_order(work, &order) && answer(work, order.id, result);
}

/* ---- what they say ---- */

bool function_tracking_sms(struct work *work, const struct function_context *context,
                           json_object *arguments, struct text *result)
{
    const char *order = words_of(arguments, "order_id"), *url = words_of(arguments, "tracking_url");
    struct text body = {.arena = &work->arena};

    text_add(&body, "Your order%s%s is on its way with %s. Tracking number: %s", order ? " " : "",
             order ? order : "", words_of(arguments, "carrier"),
             words_of(arguments, "tracking_number"));
    if (url)
        text_add(&body, " %s", url);
    return send(work, context, arguments, body.at, result);
}

/* "1. …", a line each; or the text that it is. */
static void put_steps(struct text *body, json_object *steps)
{
    if (!json_object_is_type(steps, json_type_array)) {
        text_add(body, "\n%s", json_object_get_string(steps));
        return;
    }
    for (size_t i = 0; i < json_object_array_length(steps); i++)
        text_add(body, "\n%zu. %s", i + 1,
                 json_object_get_string(json_object_array_get_idx(steps, i)));
}

bool function_troubleshooting_sms(struct work *work, const struct function_context *context,
                                  json_object *arguments, struct text *result)
{
    const char *issue = words_of(arguments, "issue");
    struct text body = {.arena = &work->arena};

    if (!issue)
        issue = words_of(arguments, "reason");
    text_add(&body, "%s%sPlease try this:", issue ? issue : "", issue ? ". " : "");
    put_steps(&body, json_member(arguments, "steps"));
    return send(work, context, arguments, body.at, result);
}

static void put_items(struct text *body, json_object *items)
{
    if (!json_object_is_type(items, json_type_array)) {
        text_add(body, ": %s", json_object_get_string(items));
        return;
    }
    for (size_t i = 0; i < json_object_array_length(items); i++)
        text_add(body, "%s%s", i ? ", " : ": ",
                 json_object_get_string(json_object_array_get_idx(items, i)));
}

bool function_order_sms(struct work *work, const struct function_context *context,
                        json_object *arguments, struct text *result)
{
    const char *total = words_of(arguments, "total");
    json_object *items = json_member(arguments, "items");
    struct text body = {.arena = &work->arena};

    text_add(&body, "Thank you for your order %s", words_of(arguments, "order_id"));
    if (items)
        put_items(&body, items);
    text_put(&body, ".");
    if (total)
        text_add(&body, " Total: %s.", total);
    return send(work, context, arguments, body.at, result);
}

/* A link of the arguments, or else of the tenant's settings. */
static bool find_link(struct work *work, json_object *arguments, const char *name,
                      const char **link)
{
    struct tenant tenant;

    *link = words_of(arguments, name);
    if (*link)
        return true;
    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    *link = tenant_setting(work, &tenant, name);
    return (*link && **link) || fail_field(work, name, "missing required field '%s'", name);
}

bool function_intake_sms(struct work *work, const struct function_context *context,
                         json_object *arguments, struct text *result)
{
    const char *link;

    return find_link(work, arguments, "form_url", &link) &&
           send(work, context, arguments,
                arena_format(&work->arena, "Please tell us more about your issue here: %s", link),
                result);
}

bool function_survey_sms(struct work *work, const struct function_context *context,
                         json_object *arguments, struct text *result)
{
    const char *link;

    return find_link(work, arguments, "survey_url", &link) &&
           send(work, context, arguments,
                arena_format(&work->arena, "Thank you for your call. How did we do? %s", link),
                result);
}
