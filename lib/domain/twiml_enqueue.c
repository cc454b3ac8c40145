/*
 * <Enqueue workflowSid="WW…"> of a workflow that the tenant has with us, in a customer's document.
 */
#include <string.h>

#include "domain/calls.h"
#include "domain/customer_hooks.h"
#include "domain/taskrouter/queued_calls.h"
#include "domain/twiml_document.h"
#include "domain/twiml_rewriting.h"
#include "domain/twiml_words.h"

bool twiml_names_workflow(struct rewriting *r, const xmlNode *node, bool *names)
{
    const char *sid = twiml_value(&r->work->arena, node, "workflowSid");

    *names = false;
    return !sid || !r->rules->has_workflow || r->rules->has_workflow(r->work, sid, names);
}

/* What is to be a task, as the hook that makes it keeps it; false: the document is refused. */
static bool describe_task(struct rewriting *r, const xmlNode *node, struct customer_hook *hook)
{
    struct arena *arena = &r->work->arena;
    const char *wait = twiml_value(arena, node, "waitUrl");
    struct tr_enqueue wanted = {.workflow_sid = twiml_value(arena, node, "workflowSid"),
                                .silent = wait && !*wait};

    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && strcmp((const char *)child->name, "Task") == 0) {
            wanted.attributes = twiml_text(arena, child);
            wanted.priority = twiml_value(arena, child, "priority");
            wanted.timeout = twiml_value(arena, child, "timeout");
        }
    if (!tr_enqueue_write(r->work, &wanted, &hook->document))
        return twiml_refuse(r, TWIML_NOT_KNOWN, "Task", r->work->error.field);
    if (wait && *wait)
        hook->url = twiml_customer_url(r, "Enqueue", "waitUrl", wait);
    return hook->url || !wait || !*wait;
}

static bool put_url(struct rewriting *r, const char *name, const char *method,
                    struct customer_hook hook)
{
    const char *url = twiml_hide(r, hook);

    if (!url)
        return false;
    twiml_put_attribute(r, name, url);
    twiml_put_attribute(r, method, "POST");
    return true;
}

static bool put_action(struct rewriting *r, const xmlNode *node)
{
    const char *action = twiml_value(&r->work->arena, node, "action");
    struct customer_hook hook = {.kind = "twiml", .method = twiml_method_of(r, node, "method")};

    if (!action)
        return true;
    hook.url = twiml_customer_url(r, "Enqueue", "action", action);
    return hook.url && put_url(r, "action", "method", hook);
}

bool twiml_put_task_queue(struct rewriting *r, const xmlNode *node)
{
    struct customer_hook hook = {.kind = "enqueue",
                                 .method = twiml_method_of(r, node, "waitUrlMethod")};
    struct text *out = &r->result->text;

    text_put(out, "<Enqueue");
    if (!put_action(r, node) || !describe_task(r, node, &hook) ||
        !put_url(r, "waitUrl", "waitUrlMethod", hook))
        return false;
    text_char(out, '>');
    if (r->rules->room_prefix)
        text_xml(out, r->rules->room_prefix);
    text_xml(out, tr_queue_name(r->work, r->source->call->id));
    text_put(out, "</Enqueue>");
    twiml_notice_unknown(r, twiml_element("Enqueue", "Response"), node);
    return true;
}
