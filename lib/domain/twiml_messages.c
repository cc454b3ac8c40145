/*
 * <Sms> in a customer's document.
 */
#include <string.h>

#include "core/crypto.h"
#include "domain/customer_hooks.h"
#include "domain/customer_sms.h"
#include "domain/twiml_document.h"
#include "domain/twiml_rewriting.h"
#include "domain/twiml_words.h"

/* In one document. */
enum { MOST_MESSAGES = 10 };

/* A key that is the same when the carrier asks once more and is answered the same. */
static uid message_key(struct rewriting *r)
{
    struct text seed = {.arena = &r->work->arena};
    uid key = r->source->event;
    hash256 hash;

    if (uid_is_none(key))
        return uid_new();
    text_bytes(&seed, (const char *)key.bytes, sizeof key.bytes);
    text_add(&seed, "%zu", r->texts);
    text_bytes(&seed, r->source->document, r->source->length);
    hash = sha256(seed.at, seed.length);
    memcpy(key.bytes + 6, hash.bytes, sizeof key.bytes - 6);
    return key;
}

static bool put_redirect(struct rewriting *r, struct customer_hook hook, const char *query)
{
    const char *url = twiml_hide(r, hook);
    struct text *out = &r->result->text;

    if (!url)
        return false;
    text_put(out, "<Redirect");
    twiml_put_attribute(r, "method", "POST");
    text_char(out, '>');
    text_xml(out, url);
    text_xml(out, query);
    text_put(out, "</Redirect>");
    return true;
}

/* The action hears how the message fared, and says what comes next. */
static bool put_action(struct rewriting *r, const xmlNode *node, const char *action, uid id,
                       int code)
{
    struct customer_hook hook = {.kind = "twiml",
                                 .url = twiml_customer_url(r, "Sms", "action", action),
                                 .method = twiml_method_of(r, node, "method")};
    struct text query = {.arena = &r->work->arena};
    char digits[33];

    if (!hook.url)
        return false;
    uid_write_hex(id, digits);
    text_put(&query, "?kept=");
    text_url(&query, arena_format(&r->work->arena, "SmsSid=SM%s&SmsStatus=%s", digits,
                                  code ? "invalid" : "sending"));
    return put_redirect(r, hook, query.at);
}

bool twiml_put_message(struct rewriting *r, const xmlNode *node, bool *ends)
{
    struct arena *arena = &r->work->arena;
    const char *action = twiml_value(arena, node, "action");
    const char *told = twiml_value(arena, node, "statusCallback");
    const char *from = twiml_value(arena, node, "from"), *to = twiml_value(arena, node, "to");
    struct customer_sms sms = {
        .id = message_key(r),
        .call = r->source->call,
        .from = from ? from : r->rules->ours,
        .to = to ? to : r->rules->theirs,
        .country = r->rules->country,
        .body = twiml_text(arena, node),
    };
    int code = SMS_TOO_MANY;

    if (told && *told && !(sms.status_url = twiml_customer_url(r, "Sms", "statusCallback", told)))
        return false;
    if (r->texts++ < MOST_MESSAGES && !r->rules->send(r->work, &sms, &code))
        return false;
    if (code)
        twiml_notice(r, code, "Sms", NULL);
    twiml_notice_unknown(r, twiml_element("Sms", "Response"), node);
    *ends = action && *action;
    return !*ends || put_action(r, node, action, sms.id, code);
}

bool twiml_put_rest(struct rewriting *r, const xmlNode *node)
{
    struct customer_hook hook = {.kind = "twiml", .method = "POST"};
    struct text rest = {.arena = &r->work->arena};
    const char *base = r->source->base_url;

    if (base && !(hook.url = twiml_customer_url(r, "Sms", NULL, base)))
        return false;
    text_put(&rest, "<Response>");
    for (; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE)
            twiml_put_node(&rest, node);
    text_put(&rest, "</Response>");
    if (rest.length >= TWIML_SIZE_LIMIT)
        return twiml_refuse(r, TWIML_TOO_LONG, "Response", NULL);
    hook.document = rest.at;
    return put_redirect(r, hook, "");
}
