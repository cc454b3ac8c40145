/* twilio/program.c - fetching TwiML and running it verb by verb. */
#include "twilio/program.h"

#include <libxml/parser.h>
#include <libxml/uri.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"
#include "twilio/dial.h"
#include "twilio/media.h"
#include "twilio/room.h"
#include "twilio/verbs.h"
#include "twilio/webhook.h"

enum {
    HTTP_RETRIEVAL = 11200,
    CONNECTION = 11205,
    TOO_MANY_REDIRECTS = 11215,
    PARSE = 12100,
    CONTENT_TYPE = 12300,
    TWIML_MAX = 64 * 1024
};

/* A document that is under way; its answer counts while the program has the same serial. */
struct fetch {
    struct call *call;
    unsigned serial;
    char *url;
    bool is_fallback;
};

static void fetch(struct call *call, const char *kind, const char *url, const char *method,
                  const struct form *more, bool is_fallback);

/* ---- nodes ---- */

xmlNode *element_from(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

bool node_is(const xmlNode *node, const char *name)
{
    return node && !strcmp((const char *)node->name, name);
}

char *attribute(const xmlNode *node, const char *name)
{
    return (char *)xmlGetProp((xmlNode *)(uintptr_t)node, (const xmlChar *)name);
}

long attribute_number(const xmlNode *node, const char *name, long otherwise)
{
    char *text = attribute(node, name);
    long number = text ? strtol(text, NULL, 10) : otherwise;

    xmlFree(text);
    return number;
}

bool attribute_is(const xmlNode *node, const char *name, const char *value)
{
    char *text = attribute(node, name);
    bool is = text_is(text, value);

    xmlFree(text);
    return is;
}

char *node_text(const xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent((xmlNode *)(uintptr_t)node);
    const char *text = content ? (const char *)content : "";
    size_t length;
    char *copy;

    text += strspn(text, " \t\r\n");
    length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1]))
        length--;
    copy = strndup(text, length);
    xmlFree(content);
    return copy;
}

char *program_url(const struct call *call, const char *url)
{
    xmlChar *absolute;
    char *copy;

    if (!url)
        return NULL;
    absolute = call->program.url
                   ? xmlBuildURI((const xmlChar *)url, (const xmlChar *)call->program.url)
                   : NULL;
    copy = text_copy(absolute ? (char *)absolute : url);
    xmlFree(absolute);
    return copy;
}

/* ---- documents ---- */

/* Stops the verb at hand and forgets the document. */
static void forget(struct call *call)
{
    struct program *program = &call->program;

    program->serial++;
    web_timer_cancel(program->timer);
    program->timer = NULL;
    verbs_abort(call);
    dial_abort(call);
    if (program->document)
        xmlFreeDoc(program->document);
    program->document = NULL;
    program->next = NULL;
}

void program_abort(struct call *call)
{
    forget(call);
}

void program_park(struct call *call, struct parked *parked)
{
    struct program *program = &call->program;

    *parked = (struct parked){program->document, program->next, text_copy(program->url)};
    program->document = NULL;
    program->next = NULL;
}

void program_unpark(struct call *call, struct parked *parked)
{
    struct program *program = &call->program;

    forget(call);
    free(program->url);
    program->finished = NULL;
    program->document = parked->document;
    program->next = parked->next;
    program->url = parked->url;
}

void parked_free(struct parked *parked)
{
    if (parked->document)
        xmlFreeDoc(parked->document);
    free(parked->url);
}

static void broken(struct call *call, const char *why)
{
    log_event("application_error", "call", call->sid, "why", why, NULL);
    call_said(call, &(struct said){.who = "carrier",
                                   .text = "An application error has occurred",
                                   .at_ms = call_now_ms(call)});
    if (call->state == CALL_IN_PROGRESS)
        call_end(call, CALL_COMPLETED, 200);
    else
        call_end(call, CALL_FAILED, 500);
}

static void run(struct call *call, const char *text, size_t length, const char *url)
{
    struct program *program = &call->program;
    xmlDoc *document = length <= TWIML_MAX
                           ? xmlReadMemory(text, (int)length, NULL, NULL,
                                           XML_PARSE_NONET | XML_PARSE_NOERROR |
                                               XML_PARSE_NOWARNING | XML_PARSE_NOCDATA)
                           : NULL;
    xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    char *copy = text_copy(url);

    forget(call);
    free(program->url);
    program->url = copy;
    log_event("twiml", "call", call->sid, "text", text, NULL);
    if (!node_is(root, "Response")) {
        call_alert(call, length > TWIML_MAX ? 11750 : PARSE, "no TwiML document");
        if (document)
            xmlFreeDoc(document);
        broken(call, "the document is not TwiML");
        return;
    }
    program->document = document;
    program->next = element_from(root->children);
    program_next(call);
}

void program_run(struct call *call, const char *text, size_t length)
{
    run(call, text, length, NULL);
}

static void note_verb(struct call *call, const xmlNode *node)
{
    struct json_object *entry = json_object_new_object();
    char *name, *value;

    json_set(entry, "verb", (const char *)node->name);
    json_set_integer(entry, "at_ms", call_now_ms(call));
    for (const xmlAttr *property = node->properties; property; property = property->next) {
        name = text_of("@%s", (const char *)property->name);
        value = attribute(node, (const char *)property->name);
        json_set(entry, name, value);
        xmlFree(value);
        free(name);
    }
    json_object_array_add(call->verbs, json_object_get(entry));
    json_set(entry, "call", call->sid);
    log_json("verb", entry);
}

/* Verbs are over. */
static void finish(struct call *call)
{
    void (*finished)(struct call * call) = call->program.finished;

    call->program.finished = NULL;
    if (finished) {
        finished(call);
        return;
    }
    call_answer(call); /* an empty document answers, and hangs up */
    call_end(call, CALL_COMPLETED, 200);
}

void program_next(struct call *call)
{
    struct program *program = &call->program;
    xmlNode *node = program->next;

    if (call_ended(call))
        return;
    if (!node) {
        finish(call);
        return;
    }
    program->next = element_from(node->next);
    note_verb(call, node);
    verb_run(call, node);
}

static void timer_fired(void *user)
{
    struct call *call = user;

    call->program.timer = NULL;
    program_next(call);
}

void program_next_after(struct call *call, int64_t ms)
{
    web_timer_cancel(call->program.timer);
    call->program.timer = web_after(carrier.web, ms, timer_fired, call);
}

/* ---- fetching ---- */

static void fetch_fallback(struct call *call, const char *failed_url, int code)
{
    struct form more = {.pairs = NULL};
    char *url = text_copy(call->program.fallback_url);

    form_add_integer(&more, "ErrorCode", code);
    form_add(&more, "ErrorUrl", failed_url);
    fetch(call, "voice", url, call->program.fallback_method, &more, true);
    form_free(&more);
    free(url);
}

static void fetch_failed(struct fetch *fetched, int code, const char *why)
{
    struct call *call = fetched->call;

    call_alert(call, code, why);
    if (!fetched->is_fallback && call->program.fallback_url && *call->program.fallback_url)
        fetch_fallback(call, fetched->url, code);
    else
        broken(call, "no document could be fetched");
}

static bool is_twiml_type(const char *type)
{
    return strstr(type, "xml") || strstr(type, "html");
}

static void fetched(void *user, const struct outgoing_answer *answer)
{
    struct fetch *fetch = user;
    struct call *call = fetch->call;
    static const char nothing[] = "<Response/>";

    if (call_ended(call) || fetch->serial != call->program.serial)
        log_event("twiml_too_late", "call", call->sid, NULL);
    else if (!answer->status)
        fetch_failed(fetch, CONNECTION, answer->error);
    else if (answer->status >= 300)
        fetch_failed(fetch, HTTP_RETRIEVAL, "the answer was not 200");
    else if (!answer->length)
        run(call, nothing, sizeof nothing - 1, fetch->url);
    else if (!is_twiml_type(answer->type))
        fetch_failed(fetch, CONTENT_TYPE, answer->type);
    else
        run(call, answer->body, answer->length, fetch->url);
    free(fetch->url);
    free(fetch);
}

static void fetch(struct call *call, const char *kind, const char *url, const char *method,
                  const struct form *more, bool is_fallback)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);
    struct webhook webhook = {.kind = kind,
                              .account = call->account,
                              .url = url,
                              .method = method,
                              .subject = call->sid,
                              .status = call_status(call),
                              .record = call->webhooks};

    fetch->call = call;
    fetch->serial = ++call->program.serial;
    fetch->url = url_without_fragment(url);
    fetch->is_fallback = is_fallback;
    call_form(call, &webhook.form);
    if (more)
        form_append(&webhook.form, more);
    webhook_send(&webhook, fetched, fetch);
}

void program_fetch(struct call *call, const char *url, const char *method, const struct form *more)
{
    fetch(call, "voice", url, method, more, false);
}

void program_action(struct call *call, const char *url, const char *method, const struct form *more)
{
    char *absolute = program_url(call, url);

    if (!absolute)
        program_next(call);
    else if (++call->program.redirects > REDIRECTS_MAX * 10)
        broken(call, "too many documents");
    else
        fetch(call, "action", absolute, method, more, false);
    free(absolute);
}
