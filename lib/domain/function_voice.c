/*
 * What automations ask about a conversation: whether somebody is there, whether a human is needed,
 * how good it was.
 */
#include <ctype.h>
#include <string.h>

#include "domain/agent_hours.h"
#include "domain/agents.h"
#include "domain/functions.h"
#include "domain/invocations.h"
#include "domain/session_evals.h"
#include "domain/turns.h"

/* ---- hours ---- */

bool function_hours(struct work *work, const struct function_context *context,
                    json_object *arguments, struct text *result)
{
    struct agent_version version = {0};

    (void)arguments;
    if (context->has_call && !uid_is_none(context->call.agent_version_id) &&
        !agent_version_find(work, context->call.agent_version_id, &version))
        return false;
    return agent_hours_write(work, version.config.json, result);
}

/* ---- whether a human is needed ---- */

/* What callers say, in small letters. */
static const char *const asks[] = {"human",           "real person", "representative",
                                   "supervisor",      "manager",     "speak to someone",
                                   "talk to someone", "an operator", "live agent",
                                   "transfer me",     NULL};
static const char *const complains[] = {"ridiculous", "unacceptable", "frustrat", "angry",
                                        "terrible",   "useless",      "awful",    "complain",
                                        "lawyer",     "furious",      "worst",    NULL};
static const char *const fails[] = {"didn't catch",      "did not catch",  "don't understand",
                                    "do not understand", "say that again", "didn't understand",
                                    "unable to help",    "can't help you", NULL};

static bool says(struct work *work, const char *text, const char *const *words)
{
    char *lower = arena_text(&work->arena, text);

    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    for (; *words; words++)
        if (strstr(lower, *words))
            return true;
    return false;
}

struct signs {
    size_t asked, complained, failed;
};

static bool read_turns(struct work *work, const struct function_context *context,
                       struct signs *signs)
{
    struct rows turns;
    const struct turn *turn;

    if (!(context->has_call ? turns_of_call(work, context->call.id, &turns)
                            : turns_of_session(work, context->session.id, &turns)))
        return false;
    turn = turns.at;
    for (size_t i = 0; i < turns.count; i++)
        if (strcmp(turn[i].role, "user") == 0) {
            signs->asked += says(work, turn[i].text, asks);
            signs->complained += says(work, turn[i].text, complains);
        } else if (strcmp(turn[i].role, "assistant") == 0) {
            signs->failed += says(work, turn[i].text, fails);
        }
    return true;
}

static bool read_failures(struct work *work, const struct function_context *context,
                          struct signs *signs)
{
    struct rows invocations;
    const struct invocation *one;

    if (!context->has_call)
        return true;
    if (!invocations_of_call(work, context->call.id, &invocations))
        return false;
    one = invocations.at;
    for (size_t i = 0; i < invocations.count; i++)
        signs->failed +=
            (strcmp(one[i].status, "error") == 0 || strcmp(one[i].status, "timeout") == 0) &&
            strcmp(one[i].via, "automation") != 0;
    return true;
}

/* Each reason speaks for itself: what is left of the doubt is the product of their doubts. */
static void put_reason(struct text *reasons, double *doubt, double weight, const char *reason)
{
    *doubt *= 1 - weight;
    if (reasons->length)
        text_char(reasons, ',');
    text_json(reasons, reason);
}

bool function_escalation_need(struct work *work, const struct function_context *context,
                              json_object *arguments, struct text *result)
{
    struct text reasons = {.arena = &work->arena};
    const char *sentiment =
        context->has_call ? context->call.sentiment : context->session.sentiment;
    struct signs signs = {0};
    double doubt = 1;

    (void)arguments;
    if (!context->has_call && !context->has_session)
        return fail_field(work, "session_id", "missing required field 'session_id' or 'call_sid'");
    if (!read_turns(work, context, &signs) || !read_failures(work, context, &signs))
        return false;
    if (signs.asked)
        put_reason(&reasons, &doubt, 0.9, "explicit_request");
    if (signs.failed >= 2)
        put_reason(&reasons, &doubt, signs.failed > 2 ? 0.7 : 0.6, "repeated_failure");
    if (signs.complained || (sentiment && strcmp(sentiment, "negative") == 0))
        put_reason(&reasons, &doubt, signs.complained > 1 ? 0.7 : 0.5, "negative_sentiment");
    text_add(result, "{\"should_escalate\":%s,\"confidence\":%.2f,\"reasons\":[%s]}",
             doubt <= 0.5 ? "true" : "false", 1 - doubt, reasons.length ? reasons.at : "");
    return true;
}

/* ---- evaluations ---- */

static bool session_name(struct work *work, const struct function_context *context, char id[37])
{
    if (!context->has_session)
        return fail_field(work, "session_id", "missing required field 'session_id'");
    uid_write_uuid(context->session.id, id);
    return true;
}

static void put_eval(struct text *result, const struct session_eval *eval)
{
    char id[37], session[37], at[32];

    uid_write_uuid(eval->id, id);
    uid_write_uuid(eval->session_id, session);
    instant_write_iso(eval->updated_at, ISO_SHORTEST, at);
    text_add(result, "{\"id\":\"%s\",\"session_id\":\"%s\",\"stream_sid\":", id, session);
    text_json(result, eval->stream_sid);
    text_put(result, ",\"score\":");
    text_real(result, eval->score);
    text_put(result, ",\"notes\":");
    text_json(result, eval->notes);
    text_add(result,
             ",\"tags\":%s,\"rubric\":%s,\"source\":", eval->tags.json ? eval->tags.json : "[]",
             eval->rubric.json ? eval->rubric.json : "{}");
    text_json(result, eval->source);
    text_add(result, ",\"updated_at\":\"%s\"}", at);
}

static const char *document_of(struct work *work, json_object *arguments, const char *name)
{
    json_object *member = json_member(arguments, name);

    return member ? json_write(&work->arena, member) : NULL;
}

bool function_eval(struct work *work, const struct function_context *context,
                   json_object *arguments, struct text *result)
{
    struct session_eval eval;
    const char *tags = document_of(work, arguments, "tags");
    const char *rubric = document_of(work, arguments, "rubric");
    char id[37];

    if (!session_name(work, context, id))
        return false;
    row_clear(&session_eval_entity, &eval);
    eval.score = json_real(arguments, "score", -1);
    eval.notes = json_text(arguments, "notes");
    if (!eval.notes)
        eval.notes = json_text(arguments, "reason");
    eval.source = json_text(arguments, "source");
    eval.tags.json = tags ? tags : "[]";
    eval.rubric.json = rubric ? rubric : "{}";
    eval.metadata.json = "{}";
    if (!session_eval_put(work, id, &eval))
        return false;
    put_eval(result, &eval);
    return true;
}

bool function_get_eval(struct work *work, const struct function_context *context,
                       json_object *arguments, struct text *result)
{
    struct session_eval eval;
    char id[37];

    (void)arguments;
    if (!session_name(work, context, id) || !session_eval_of(work, id, &eval))
        return false;
    put_eval(result, &eval);
    return true;
}
