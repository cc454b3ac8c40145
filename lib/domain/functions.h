/*
 * domain/functions.h - what the program can do for a call by name: functions that agents, tenants'
 * automations and people who test them call alike (reference 1.10).
 *
 * Each is checked against its schema, runs on the tenant's data, and leaves a tool_invocations row.
 */
#ifndef DOMAIN_FUNCTIONS_H
#define DOMAIN_FUNCTIONS_H

#include "core/json.h"
#include "core/text.h"
#include "domain/calls.h"
#include "domain/sessions.h"

/* Whom it is for, and who asks. */
struct function_context {
    uid id;                     /* of this one run; rows that it makes have it for a key */
    const char *via;            /* realtime, relay, automation, test, workflow, simulation */
    bool has_call, has_session; /* whether these are there */
    struct call call;
    struct voice_session session;
    const char *customer_phone; /* when there is no call that says so; NULL: nobody's */
};

struct function {
    const char *name, *description;
    const char *parameters; /* JSON Schema of the arguments */
    /* Adds its result as JSON, or fails with a message for whoever asked. */
    bool (*run)(struct work *work, const struct function_context *context, json_object *arguments,
                struct text *result);
};

/* All of them, one by one; NULL behind the last. */
const struct function *function_at(size_t index);

/* NULL when there is none of that name. */
const struct function *function_named(const char *name);

/*
 * Fills a context: a new id, and the call and session that the two names spell (each NULL or "":
 * none; the newest session of a call, the call of a session).  NOT_FOUND for what is not the
 * tenant's.
 */
bool function_context(struct work *work, const char *via, const char *call, const char *session,
                      struct function_context *context);

/*
 * Checks the arguments, runs it and writes the invocation down, also one that failed.  Fails as the
 * function does, and INVALID for arguments that do not fit.  Not inside a transaction: functions
 * ask carriers and others.
 */
bool function_run(struct work *work, const struct function *function,
                  const struct function_context *context, json_object *arguments,
                  struct text *result);

/* ---- for the functions ---- */

/* The tenant's number that a function speaks or writes from: the call's, or that of orders. */
bool function_our_number(struct work *work, const struct function_context *context,
                         const char **number);

/*
 * Who is written to: "to" or "customer_phone" of the arguments, the context's, the call's.  INVALID
 * blaming customer_phone when nobody is known or it is no telephone number.
 */
bool function_customer(struct work *work, const struct function_context *context,
                       json_object *arguments, const char **number);

typedef bool function_runner(struct work *work, const struct function_context *context,
                             json_object *arguments, struct text *result);

/* Text messages (function_sms.c). */
function_runner function_tracking_sms, function_troubleshooting_sms, function_order_sms;
function_runner function_intake_sms, function_survey_sms;

/* Mail (function_email.c). */
function_runner function_followup_email;

/* About a conversation (function_voice.c). */
function_runner function_hours, function_escalation_need, function_eval, function_get_eval;

#endif
