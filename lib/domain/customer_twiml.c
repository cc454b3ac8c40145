#include "domain/customer_twiml.h"

#include <string.h>
#include <strings.h>

#include "core/config.h"
#include "core/e164.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/customer_hooks.h"
#include "domain/twiml_document.h"
#include "domain/twiml_rewriting.h"
#include "domain/twiml_words.h"
#include "remote/guard.h"
#include "remote/http_url.h"

enum { MOST_LEGS = 10, ROOM_LIMIT = 100, SIP_LIMIT = 255 };

static const char every_status[] = "initiated ringing answered completed";
static const char every_recording[] = "in-progress completed absent";

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

void twiml_notice(struct rewriting *r, int code, const char *element, const char *attribute)
{
    struct twiml_result *result = r->result;

    if (result->nnotices < TWIML_NOTICES)
        result->notices[result->nnotices++] = (struct twiml_notice){
            code, arena_format(&r->work->arena, "%.40s%s%.60s", element, attribute ? "." : "",
                               attribute ? attribute : "")};
}

/* The failure of a document; one that the gate or the store had stays what it is. */
static bool blame(struct rewriting *r, int code, const char *element, const char *attribute)
{
    r->result->error =
        (struct twiml_notice){code, arena_format(&r->work->arena, "%.40s%s%.60s", element,
                                                 attribute ? "." : "", attribute ? attribute : "")};
    return false;
}

bool twiml_refuse(struct rewriting *r, int code, const char *element, const char *attribute)
{
    blame(r, code, element, attribute);
    return fail(r->work, INVALID, "The TwiML is refused: %d, %s", code, r->result->error.about);
}

void twiml_put_attribute(struct rewriting *r, const char *name, const char *value)
{
    struct text *out = &r->result->text;

    text_add(out, " %s=\"", name);
    text_xml(out, value);
    text_char(out, '"');
}

/* ---- URLs ---- */

const char *twiml_customer_url(struct rewriting *r, const char *element, const char *attribute,
                               const char *value)
{
    const char *url = http_url_join(&r->work->arena, r->source->base_url, value), *plain;

    if (url) {
        plain = arena_copy(&r->work->arena, url, strcspn(url, "#"));
        if (guard_check_web_url(r->work, attribute ? attribute : element, plain,
                                CUSTOMER_URL_LIMIT) &&
            strlen(url) <= CUSTOMER_URL_LIMIT)
            return url;
    }
    twiml_refuse(r, TWIML_BAD_URL, element, attribute);
    return NULL;
}

const char *twiml_method_of(struct rewriting *r, const xmlNode *node, const char *attribute)
{
    const char *method = attribute ? twiml_value(&r->work->arena, node, attribute) : NULL;

    return method && strcasecmp(method, "GET") == 0 ? "GET" : "POST";
}

const char *twiml_hide(struct rewriting *r, struct customer_hook hook)
{
    struct twiml_result *result = r->result;
    const char *url;

    hook.call_id = r->source->call->id;
    if (!result->hooks)
        result->hooks = arena_new(&r->work->arena, struct customer_hook, TWIML_HOOK_LIMIT);
    if (result->nhooks >= TWIML_HOOK_LIMIT) {
        twiml_refuse(r, TWIML_BAD_URL, "Response", NULL);
        return NULL;
    }
    url = customer_hook_url(r->work, &hook);
    for (size_t i = 0; i < result->nhooks; i++)
        if (uid_equal(result->hooks[i].id, hook.id))
            return url;
    result->hooks[result->nhooks++] = hook;
    return url;
}

bool twiml_is_for_waiting(const struct rewriting *r)
{
    return r->source->asked && customer_hook_waits(r->source->asked);
}

const char *twiml_hide_next(struct rewriting *r, struct customer_hook hook)
{
    if (twiml_is_for_waiting(r)) {
        hook.kind = r->source->asked->kind;
        hook.document = r->source->asked->document;
    }
    return twiml_hide(r, hook);
}

/* An attribute whose URL is asked what to do next. */
static bool ask(struct rewriting *r, const struct twiml_element *element,
                const struct twiml_attribute *attribute, const xmlNode *node, const char *value)
{
    bool action = is(attribute->name, "action");
    struct customer_hook hook = {.kind = "twiml",
                                 .method = twiml_method_of(r, node, attribute->method)};
    const char *url;

    /* Our own URL would bring back what the carrier's request was made to keep. */
    if (!value && action && element->traits & SAME_ACTION && r->source->base_url)
        value = r->source->base_url;
    if (!value)
        return true;
    if (!*value && !action) { /* waitUrl="": silence */
        twiml_put_attribute(r, attribute->name, "");
        return true;
    }
    hook.url = twiml_customer_url(r, element->name, attribute->name, value);
    if (!hook.url)
        return false;
    url = action ? twiml_hide_next(r, hook) : twiml_hide(r, hook);
    if (!url)
        return false;
    twiml_put_attribute(r, attribute->name, url);
    twiml_put_attribute(r, attribute->method, "POST");
    return true;
}

/* Whether we want to be told although the customer does not. */
static bool we_listen(struct rewriting *r, const struct twiml_element *element,
                      const struct twiml_attribute *attribute, const xmlNode *node)
{
    const char *record = twiml_value(&r->work->arena, node, "record");

    if (is(attribute->kind, "status"))
        return element->traits & LEG;
    return is(attribute->kind, "recording") &&
           (element->traits & RECORDS || (element->traits & MAY_RECORD && record &&
                                          !is(record, "do-not-record") && !is(record, "false")));
}

/* An attribute whose URL is told something. */
static bool tell(struct rewriting *r, const struct twiml_element *element,
                 const struct twiml_attribute *attribute, const xmlNode *node, const char *value)
{
    bool status = is(attribute->kind, "status"), recording = is(attribute->kind, "recording");
    const char *events = arena_format(&r->work->arena, "%sEvent", attribute->name), *url;
    struct customer_hook hook = {.kind = attribute->kind,
                                 .method = twiml_method_of(r, node, attribute->method)};

    if (value && *value &&
        !(hook.url = twiml_customer_url(r, element->name, attribute->name, value)))
        return false;
    if (!hook.url && !we_listen(r, element, attribute, node))
        return true;
    if (hook.url && (status || recording)) {
        hook.events = twiml_value(&r->work->arena, node, events);
        if (!hook.events || !*hook.events || strlen(hook.events) > 120)
            hook.events = "completed";
    }
    if (!(url = twiml_hide(r, hook)))
        return false;
    twiml_put_attribute(r, attribute->name, url);
    if (attribute->method)
        twiml_put_attribute(r, attribute->method, "POST");
    if (status || recording)
        twiml_put_attribute(r, events, status ? every_status : every_recording);
    return true;
}

/* A websocket of the customer's, which the carrier connects to. */
static bool socket_url(struct rewriting *r, const struct twiml_element *element,
                       const struct twiml_attribute *attribute, const char *value)
{
    const struct config *config = r->work->config;
    const char *url = value ? http_url_join(&r->work->arena, r->source->base_url, value) : NULL,
               *open;

    if (url && (begins(url, "https://") || begins(url, "http://")))
        url = arena_format(&r->work->arena, "ws%s", url + 4);
    open = url && begins(url, "ws://") ? arena_format(&r->work->arena, "http%s", url + 2) : NULL;
    if (!url || (!begins(url, "wss://") &&
                 !(open && guard_is_allowed(config ? config->allow_private_urls : NULL, open))))
        return twiml_refuse(r, TWIML_BAD_URL, element->name, attribute->name);
    twiml_put_attribute(r, attribute->name, url);
    return true;
}

/* ---- whom it would reach ---- */

/* A number of the tenant's, or the other end's own passed on. */
static bool caller_id(struct rewriting *r, const char *value)
{
    char number[E164_SIZE];
    bool ours;

    if (!value || !*value)
        return true;
    if (!e164_read(value, r->rules->country, number))
        return twiml_refuse(r, TWIML_BAD_CALLER, "Dial", "callerId");
    if (!r->rules->is_ours(r->work, number, &ours))
        return blame(r, TWIML_BAD_CALLER, "Dial", "callerId");
    if (!ours && !is(r->rules->theirs, number))
        return twiml_refuse(r, TWIML_BAD_CALLER, "Dial", "callerId");
    if (ours)
        r->caller = arena_text(&r->work->arena, number);
    twiml_put_attribute(r, "callerId", number);
    return true;
}

static bool may_reach(struct rewriting *r, const char *element, const char *to)
{
    const char *from = r->caller ? r->caller : r->rules->ours;

    if (r->rules->may_reach(r->work, from, to, r->legs > 1 ? (int64_t)r->legs - 1 : 0))
        return true;
    return blame(r,
                 r->work->error.what != INVALID     ? TWIML_NOT_ALLOWED_THERE
                 : is(r->work->error.field, "from") ? TWIML_BAD_CALLER
                                                    : TWIML_BAD_NUMBER,
                 element, NULL);
}

static bool put_number(struct rewriting *r, const char *element, const char *content)
{
    char number[E164_SIZE];

    if (!e164_read(content, r->rules->country, number))
        return twiml_refuse(r, TWIML_BAD_NUMBER, element, NULL);
    if (!may_reach(r, element, number))
        return false;
    text_xml(&r->result->text, number);
    return true;
}

static bool put_sip(struct rewriting *r, const char *element, const char *content)
{
    if (strlen(content) > SIP_LIMIT || strpbrk(content, " \t\r\n<>\"") ||
        (!begins(content, "sip:") && !begins(content, "sips:")))
        return twiml_refuse(r, TWIML_BAD_NUMBER, element, NULL);
    if (!may_reach(r, element, content))
        return false;
    text_xml(&r->result->text, content);
    return true;
}

/* A name that others on the same account could use as well is kept apart from theirs. */
static bool put_room(struct rewriting *r, const char *element, const char *content)
{
    if (!*content || strlen(content) > ROOM_LIMIT)
        return twiml_refuse(r, TWIML_NOT_KNOWN, element, NULL);
    if (r->rules->room_prefix)
        text_xml(&r->result->text, r->rules->room_prefix);
    text_xml(&r->result->text, content);
    return true;
}

/* ---- content ---- */

/* The sound is fetched by the carrier, from the customer. */
static bool put_media(struct rewriting *r, const char *element, const char *content)
{
    const char *url;

    if (!*content)
        return true; /* digits alone */
    url = http_url_join(&r->work->arena, r->source->base_url, content);
    if (!url || (!begins(url, "https://") && !begins(url, "http://")))
        return twiml_refuse(r, TWIML_BAD_URL, element, NULL);
    text_xml(&r->result->text, url);
    return true;
}

static bool put_next(struct rewriting *r, const xmlNode *node, const char *content)
{
    struct customer_hook hook = {.kind = "twiml", .method = twiml_method_of(r, node, "method")};
    const char *url;

    if (!*content && r->source->base_url)
        content = r->source->base_url;
    hook.url = twiml_customer_url(r, "Redirect", NULL, content);
    url = hook.url ? twiml_hide_next(r, hook) : NULL;
    if (!url)
        return false;
    text_xml(&r->result->text, url);
    return true;
}

/* <Dial>+1…</Dial>: a leg like others, of which we are told. */
static bool put_plain_number(struct rewriting *r, const char *content)
{
    const char *url = twiml_hide(r, (struct customer_hook){.kind = "status", .method = "POST"});

    if (!url)
        return false;
    r->legs++;
    text_put(&r->result->text, "<Number");
    twiml_put_attribute(r, "statusCallback", url);
    twiml_put_attribute(r, "statusCallbackEvent", every_status);
    text_char(&r->result->text, '>');
    if (!put_number(r, "Dial", content))
        return false;
    text_put(&r->result->text, "</Number>");
    return true;
}

static bool put_content(struct rewriting *r, const struct twiml_element *element,
                        const xmlNode *node)
{
    const char *content = twiml_text(&r->work->arena, node);

    switch (element->content) {
    case MEDIA:
        return put_media(r, element->name, content);
    case NEXT_DOCUMENT:
        return put_next(r, node, content);
    case NUMBER:
        return put_number(r, element->name, content);
    case NUMBER_OR:
        return !*content || put_plain_number(r, content);
    case SIP_URI:
        return put_sip(r, element->name, content);
    case ROOM:
        return put_room(r, element->name, content);
    case CLIENT:
    case CLIENT_OR:
    case JSON_TEXT:
        text_xml(&r->result->text, content);
        return true;
    case WORDS:
    case NO_CONTENT:
    case MESSAGE:
        break;
    }
    return true;
}

/* ---- elements ---- */

static bool put_value(struct rewriting *r, const struct twiml_element *element,
                      const struct twiml_attribute *attribute, const xmlNode *node)
{
    const char *value = twiml_value(&r->work->arena, node, attribute->name);

    switch (attribute->use) {
    case ASKED:
        return ask(r, element, attribute, node, value);
    case TOLD:
        return tell(r, element, attribute, node, value);
    case SOCKET:
        return socket_url(r, element, attribute, value);
    case CALLER:
        return caller_id(r, value);
    case METHOD:
        if (value && element->content == NEXT_DOCUMENT)
            twiml_put_attribute(r, attribute->name, "POST");
        return true;
    case EVENTS:
        return true; /* told with the URL */
    case OWN_ONLY:
        if (value && !r->rules->own_account) {
            twiml_notice(r, TWIML_NOT_KNOWN, element->name, attribute->name);
            return true;
        }
        break;
    case AS_IT_IS:
        break;
    }
    if (value)
        twiml_put_attribute(r, attribute->name, value);
    return true;
}

void twiml_notice_unknown(struct rewriting *r, const struct twiml_element *element,
                          const xmlNode *node)
{
    for (const xmlAttr *at = node->properties; at; at = at->next) {
        const char *name = twiml_name(&r->work->arena, at->name, at->ns);

        if (!twiml_attribute(element, name))
            twiml_notice(r, TWIML_NOT_KNOWN, element->name, name);
    }
}

static bool put_values(struct rewriting *r, const struct twiml_element *element,
                       const xmlNode *node)
{
    for (const struct twiml_attribute *at = element->attributes; at->name; at++)
        if (!put_value(r, element, at, node))
            return false;
    twiml_notice_unknown(r, element, node);
    return true;
}

static bool put_element(struct rewriting *r, const char *parent, const xmlNode *node);

/* What is spoken is text and elements in their order; elsewhere the elements alone count. */
static bool put_children(struct rewriting *r, const struct twiml_element *element,
                         const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_TEXT_NODE && element->content == WORDS)
            text_xml(&r->result->text, (const char *)child->content);
        if (child->type == XML_ELEMENT_NODE && !put_element(r, element->name, child))
            return false;
    }
    return true;
}

/* Whether an element may stand where it does; what may not is left out. */
static bool is_known(struct rewriting *r, const struct twiml_element *element, const char *name,
                     const char *parent)
{
    if (!element || (element->traits & NEEDS_OWN && !r->rules->own_account)) {
        twiml_notice(r, TWIML_NOT_KNOWN, parent, name);
        return false;
    }
    if (element->traits & LEG && ++r->legs > MOST_LEGS) {
        twiml_notice(r, TWIML_BAD_NUMBER, parent, name);
        return false;
    }
    return true;
}

static bool put_element(struct rewriting *r, const char *parent, const xmlNode *node)
{
    bool routed = false;
    const char *name = twiml_name(&r->work->arena, node->name, node->ns);
    const struct twiml_element *element = twiml_element(name, parent);
    struct text *out = &r->result->text;

    if (is(parent, "Response")) {
        r->caller = NULL;
        r->legs = 0;
    }
    if (!is_known(r, element, name, parent))
        return true;
    if (is(element->name, "Enqueue") && !twiml_names_workflow(r, node, &routed))
        return blame(r, TWIML_NOT_KNOWN, element->name, "workflowSid");
    if (routed)
        return twiml_put_task_queue(r, node);
    text_add(out, "<%s", element->name);
    if (!put_values(r, element, node))
        return false;
    text_char(out, '>');
    if (!put_content(r, element, node) || !put_children(r, element, node))
        return false;
    text_add(out, "</%s>", element->name);
    return true;
}

/* ---- documents ---- */

static xmlDoc *read_response(const char *text, size_t length)
{
    xmlDoc *parsed = twiml_document(text, length);

    if (parsed && strcmp((const char *)xmlDocGetRootElement(parsed)->name, "Response") == 0)
        return parsed;
    if (parsed)
        xmlFreeDoc(parsed);
    return NULL;
}

bool customer_twiml_check(struct work *work, const char *text, size_t length,
                          struct twiml_notice *error)
{
    xmlDoc *parsed = read_response(text, length);

    *error = (struct twiml_notice){0};
    if (parsed) {
        xmlFreeDoc(parsed);
        return true;
    }
    *error = (struct twiml_notice){TWIML_NO_XML, "Response"};
    return fail(work, INVALID, "The document is no TwiML");
}

/* The verbs of a document; an <Sms> goes out at its head, and elsewhere divides it. */
static bool write_children(struct rewriting *r, const xmlNode *root)
{
    size_t head = r->result->text.length;
    bool ends = false;

    for (const xmlNode *child = root->children; child && !ends; child = child->next) {
        bool ok = true;

        if (child->type != XML_ELEMENT_NODE)
            continue;
        if (!is(twiml_name(&r->work->arena, child->name, child->ns), "Sms"))
            ok = put_element(r, "Response", child);
        else if (twiml_is_for_waiting(r))
            twiml_notice(r, TWIML_NOT_KNOWN, "Response", "Sms");
        else if (r->result->text.length == head)
            ok = twiml_put_message(r, child, &ends);
        else
            ok = ends = twiml_put_rest(r, child);
        if (!ok)
            return false;
    }
    return true;
}

bool twiml_rewrite_by(struct work *work, const struct twiml_rules *rules,
                      const struct twiml_source *source, struct twiml_result *result)
{
    struct rewriting r = {.work = work, .rules = rules, .source = source, .result = result};
    xmlDoc *parsed = read_response(source->document, source->length);
    bool ok;

    *result = (struct twiml_result){.text.arena = &work->arena};
    if (!parsed)
        return twiml_refuse(&r, TWIML_NO_XML, "Response", NULL);
    text_put(&result->text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>");
    ok = write_children(&r, xmlDocGetRootElement(parsed));
    text_put(&result->text, "</Response>\n");
    xmlFreeDoc(parsed);
    if (ok && result->text.length > TWIML_SIZE_LIMIT)
        return twiml_refuse(&r, TWIML_NO_XML, "Response", NULL);
    return ok;
}
