/*
 * domain/tool_requests.h - what is sent to a tenant's own tool, and how its answer is read: the
 * same for the agent of a call, for an automation and for people who test it.
 *
 * The body is {"id","tool","arguments","call":{…},"timestamp"}; it is signed like a webhook
 * delivery ("X-ThruAI-Signature: t=…,v1=…") when the tool has a secret.  With GET the arguments
 * stand in the query instead.
 */
#ifndef DOMAIN_TOOL_REQUESTS_H
#define DOMAIN_TOOL_REQUESTS_H

#include "core/json.h"
#include "domain/tool_definitions.h"
#include "remote/http.h"

/* The call whose agent asks. */
struct tool_caller {
    uid call, session;
    const char *call_sid, *direction, *from, *to, *agent_name;
};

struct tool_request {
    uid id; /* of this one run; the receiver's idempotency key */
    const struct tool_definition *tool;
    json_object *arguments;
    instant at;
    const struct tool_caller *caller; /* NULL: no call asks */
};

/*
 * Makes the request, guarded and bounded in time and size; everything lies in the work's arena.
 * INTERNAL when the tool's secret or its headers cannot be opened.
 */
bool tool_request_make(struct work *work, const struct tool_request *run,
                       struct http_request *request);

/*
 * Reads the body of an answer.  True when it is JSON, as the tool's definition wants it: "value" is
 * that or the part of it that counts (NULL for null), the caller's to put.  False: it is to be
 * taken as the text that it is.
 */
bool tool_answer_read(struct work *work, const struct tool_definition *tool, const char *body,
                      size_t length, json_object **value);

#endif
