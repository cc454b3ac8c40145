/*
 * The mail that follows a call.
 */
#include <string.h>

#include "domain/functions.h"
#include "domain/mail_senders.h"
#include "domain/mails.h"
#include "domain/tenants.h"
#include "domain/words.h"

enum { LONGEST_ADDRESS = 254, LONGEST_SUBJECT = 500, LONGEST_BODY = 20000 };

/* One @ with something on both sides, a dot behind it, and nothing that would end a header. */
static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at && at > text && !strchr(at + 1, '@') && strchr(at + 1, '.') &&
           strlen(text) <= LONGEST_ADDRESS && !strpbrk(text, " \t\r\n<>,;\"");
}

static bool find_recipient(struct work *work, json_object *arguments, const char **to)
{
    static const char *const names[] = {"customer_email", "email", "to"};

    *to = NULL;
    for (size_t i = 0; i < COUNT(names) && !*to; i++)
        *to = json_text(arguments, names[i]);
    return (*to && is_address(*to)) ||
           fail_field(work, "customer_email", "missing required field 'customer_email'");
}

static bool find_sender(struct work *work, struct mail_order *order)
{
    struct mail_sender sender;
    struct tenant tenant;

    if (!tenant_by_id(work, work->tenant, &tenant) || !mail_sender_of(work, &tenant, &sender))
        return false;
    order->from = sender.from;
    order->reply_to = sender.reply_to;
    return true;
}

static bool answer(const struct mail_order *order, const struct mail_state *state,
                   struct text *result)
{
    char id[37], at[32];

    uid_write_uuid(order->id, id);
    instant_write_iso(state->created_at, ISO_SHORTEST, at);
    text_add(result, "{\"email_id\":\"%s\",\"status\":\"%s\",\"message_id\":", id, state->status);
    text_json(result, state->reference);
    text_put(result, ",\"to\":");
    text_json(result, order->to);
    text_add(result, ",\"queued_at\":\"%s\"}", at);
    return true;
}

bool function_followup_email(struct work *work, const struct function_context *context,
                             json_object *arguments, struct text *result)
{
    const char *subject = json_text(arguments, "subject"), *text = json_text(arguments, "message");
    struct mail_order order = {.id = context->id};
    struct mail_state state;

    if (!find_recipient(work, arguments, &order.to) || !find_sender(work, &order))
        return false;
    if (!text && context->has_call)
        text = context->call.summary;
    if (!text || !*text)
        return fail_field(work, "message", "missing required field 'message'");
    order.subject =
        word_text(&work->arena, subject && *subject ? subject : "About your call", LONGEST_SUBJECT);
    order.text = word_text(&work->arena, text, LONGEST_BODY);
    if (context->has_call)
        order.agent = context->call.agent_id;
    return mail_order(work, &order) && mail_try(work, order.id, &state) &&
           answer(&order, &state, result);
}
