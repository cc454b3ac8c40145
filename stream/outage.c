#include "stream/outage.h"

#include <stdio.h>
#include <string.h>

#include "core/config.h"
#include "core/json.h"
#include "core/log.h"
#include "domain/route_cache.h"
#include "domain/tokens.h"

enum { SHOWN = 8192 };

static void copy(char *to, size_t size, const char *text)
{
    if (text && strlen(text) < size)
        snprintf(to, size, "%s", text);
}

void outage_note(struct outage_caller *caller, json_object *start)
{
    json_object *parameters = json_member(start, "customParameters");
    const char *resumes = json_text(parameters, "resumes");

    copy(caller->from, sizeof caller->from, json_text(parameters, "from"));
    copy(caller->to, sizeof caller->to, json_text(parameters, "to"));
    copy(caller->account, sizeof caller->account, json_text(start, "accountSid"));
    if (!resumes || !uid_read_hex(resumes, &caller->resumes))
        caller->resumes = NO_UID;
}

/* The sessions taken here, as long as their tokens live; the thread of the claims alone asks. */
static bool is_first(const struct token *token)
{
    static struct {
        uid session;
        int64_t until_ms;
    } shown[SHOWN];
    int64_t now_ms = clock_now().ms;
    size_t free = SHOWN;

    for (size_t i = 0; i < SHOWN; i++) {
        if (shown[i].until_ms < now_ms)
            free = i;
        else if (uid_equal(shown[i].session, token->session))
            return false;
    }
    if (free == SHOWN)
        return false;
    shown[free].session = token->session;
    shown[free].until_ms = token->expires_at.ms + 60 * 1000;
    return true;
}

/* A secret that is on its way out does not vouch for anybody while nothing can be looked up. */
static bool read_token(struct work *work, const char *text, struct token *token)
{
    struct config primary = *work->config;
    const struct config *before = work->config;
    bool ok;

    primary.stream_auth_secret_previous = NULL;
    work->config = &primary;
    ok = token_read(work, TOKEN_STREAM, text, token);
    work->config = before;
    return ok;
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static void describe(struct work *work, const struct claim *claim,
                     const struct outage_caller *caller, struct outage_taken *taken)
{
    struct arena *arena = &work->arena;
    struct outage_call *call = &taken->call;
    struct known_route route;

    call->from = arena_text(arena, or_null(caller->from));
    call->to = arena_text(arena, or_null(caller->to));
    call->account_sid = arena_text(arena, or_null(caller->account));
    call->call_sid = arena_text(arena, claim->call_sid);
    call->resume_of = caller->resumes;
    call->at = clock_now();
    call_begin(work, &taken->row);
    taken->row.tenant_id = work->tenant;
    taken->row.id = call->call;
    taken->row.call_sid = call->call_sid;
    taken->row.direction = "inbound";
    taken->row.from_addr = taken->row.customer_phone = call->from;
    taken->row.to_addr = call->to;
    session_begin(&taken->session);
    taken->session.tenant_id = work->tenant;
    taken->session.id = call->session;
    taken->session.call_id = call->call;
    taken->session.resume_of = call->resume_of;
    if (call->to && known_route_get(work, call->to, &route))
        taken->session.greeting = route.greeting;
}

bool outage_take(struct work *work, const struct claim *claim, const struct outage_caller *caller,
                 struct outage_taken *taken)
{
    struct known_version known;
    struct token token;

    if (!read_token(work, claim->token, &token))
        return false;
    work->tenant = token.tenant_id;
    if (!known_version_get(work, token.agent_version, &taken->version, &known))
        return fail(work, BUSY, "The agent is not known on this host");
    if (!claim->call_sid || !is_first(&token))
        return fail(work, UNAUTHENTICATED, "The token was used");
    taken->call = (struct outage_call){
        .tenant_id = token.tenant_id,
        .call = token.call,
        .session = token.session,
        .agent_version = token.agent_version,
    };
    taken->tenant_records = known.tenant_records;
    taken->redacts = known.redacts;
    describe(work, claim, caller, taken);
    log_info(work, "session.outage", "call=%s", taken->call.call_sid);
    return true;
}
