#include "stream/claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "domain/call_names.h"
#include "domain/consent.h"
#include "domain/keys.h"
#include "domain/redaction.h"
#include "domain/rooms.h"
#include "domain/route_cache.h"
#include "domain/tenants.h"
#include "domain/tool_definitions.h"
#include "domain/turns.h"
#include "domain/voices.h"
#include "stream/node.h"
#include "stream/offloop.h"
#include "stream/relay.h"
#include "stream/spooled.h"

enum { MOST_WAITING = 256 };

/* The thread works on copies: the session itself is the loop's. */
struct claim_task {
    struct task task;
    struct live *live;
    struct work work; /* its arena holds what was found, until the loop has taken it */
    char token[TOKEN_LIMIT + 1], stream_sid[ID_SIZE], call_sid[ID_SIZE];
    const struct relay_handshake *handshake; /* of a relay, which nobody changes; else NULL */
    bool is_bearer;                          /* the token may be a key … */
    char ip[64];                             /* … which may be good only from some addresses */
    struct claim claim;
    bool ok;
    struct voice_session found;
    struct call call;
    struct agent_version version;
    struct rows history;
    bool tenant_records;
    unsigned redacts;
    struct rows tools; /* the tenant's own */
    struct voice_choice voice;
    struct room room;
    struct outage_caller caller; /* for a claim without the store */
    struct outage_call outage;
    bool is_outage;
};

static struct helper *helper;
static bool (*other)(struct live *live);

void claims_by(bool (*ask)(struct live *live))
{
    other = ask;
}

/* What was said before the call broke off, and whether the tenant records. */
static bool read_more(struct work *work, struct claim_task *claim)
{
    struct tenant tenant;

    if (!uid_is_none(claim->found.resume_of)) {
        if (!turns_of_call(work, claim->call.id, &claim->history))
            return false;
        spooled_turns(work, claim->call.id, &claim->history);
    }
    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    claim->tenant_records = tenant_setting_is_on(work, &tenant, "recording.enabled", false);
    claim->redacts = redaction_of(&tenant, &claim->version);
    if (!consent_note(work, &tenant, &claim->version, &claim->call, &claim->found))
        return false;
    known_version_put(work, &claim->version,
                      &(struct known_version){.tenant_records = claim->tenant_records,
                                              .redacts = claim->redacts});
    if (!uid_is_none(claim->found.room_id) && !room_get(work, claim->found.room_id, &claim->room))
        return false;
    return tools_enabled(work, &claim->tools) &&
           voice_choose(work, &tenant, &claim->version, &claim->voice);
}

/* The store is away: what the host knows must do. */
static bool take_without_store(struct work *work, struct claim_task *claim)
{
    struct outage_taken taken;

    if (claim->claim.relay || !outage_take(work, &claim->claim, &claim->caller, &taken))
        return false;
    claim->is_outage = true;
    claim->outage = taken.call;
    claim->found = taken.session;
    claim->call = taken.row;
    claim->version = taken.version;
    claim->tenant_records = taken.tenant_records;
    claim->redacts = taken.redacts;
    claim->voice = (struct voice_choice){.provider = VOICE_OPENAI};
    if (!uid_is_none(taken.call.resume_of))
        spooled_turns(work, taken.call.call, &claim->history);
    return true;
}

/* The tenant's key stands for the token that the call's session would be given. */
static bool token_of_key(struct work *work, struct claim_task *claim)
{
    struct voice_session session;
    struct tenant tenant;
    struct api_key key;
    struct call call;
    char *token;
    enum key_verdict verdict =
        key_authenticate(work, "stateset", claim->token, claim->ip, &key, &tenant);

    if (verdict == KEY_UNPROVEN)
        return false;
    if (verdict != KEY_GOOD || !tenant.id)
        return fail(work, UNAUTHENTICATED, "This is neither a token nor a key");
    work->tenant = tenant.id;
    key_touch(work, &key);
    if (!call_by_sid(work, claim->call_sid, &call) || !session_of_call(work, call.id, &session) ||
        !session_issue_token(work, &session, &token))
        return false;
    explicit_bzero(claim->token, sizeof claim->token);
    snprintf(claim->token, sizeof claim->token, "%s", token);
    return true;
}

/* Whether who claims may, as far as the token itself does not say. */
static bool prove(struct work *work, struct claim_task *claim)
{
    struct token token;

    if (claim->handshake)
        return relay_prove(work, claim->handshake, claim->token);
    return !claim->is_bearer || token_read(work, TOKEN_STREAM, claim->token, &token) ||
           token_of_key(work, claim);
}

static void run(struct work *work, struct task *task)
{
    struct claim_task *claim = (struct claim_task *)task;
    struct work *own = &claim->work;

    *own = (struct work){.id = work->id, .db = work->db, .config = work->config};
    claim->ok = prove(own, claim) &&
                session_claim(own, &claim->claim, &claim->found, &claim->call, &claim->version) &&
                read_more(own, claim);
    if (!claim->ok && own->error.what == BUSY)
        claim->ok = take_without_store(own, claim);
}

static void done(struct task *task)
{
    struct claim_task *claim = (struct claim_task *)task;
    struct claimed claimed = {
        .session = &claim->found,
        .call = &claim->call,
        .version = &claim->version,
        .history = claim->history.at,
        .nhistory = claim->history.count,
        .tenant_records = claim->tenant_records,
        .redacts = claim->redacts,
        .tools = claim->tools.at,
        .ntools = claim->tools.count,
        .voice = &claim->voice,
        .room = uid_is_none(claim->room.id) ? NULL : &claim->room,
    };

    if (claim->is_outage)
        fact_claimed(&claim->outage, claim->stream_sid, claim->claim.node_id,
                     claim->claim.node_epoch);
    if (claim->ok)
        live_claimed(claim->live, &claimed);
    else
        live_refused(claim->live, &claim->work.error);
    live_release(claim->live);
    arena_free(&claim->work.arena);
    free(claim);
}

bool claims_start(const struct config *config)
{
    helper = helper_start("claims", config, true, MOST_WAITING);
    return helper != NULL;
}

void claims_stop(void)
{
    helper_stop(helper);
    helper = NULL;
}

bool claim_bearer(const char *authorization, char token[TOKEN_LIMIT + 1])
{
    static const char scheme[] = "Bearer ";
    const char *shown = authorization + sizeof scheme - 1;

    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0 || !*shown ||
        strlen(shown) > TOKEN_LIMIT)
        return false;
    snprintf(token, TOKEN_LIMIT + 1, "%s", shown);
    return true;
}

bool claim_ask(struct live *live)
{
    struct claim_task *claim;

    if (other)
        return other(live);
    claim = calloc(1, sizeof *claim);
    if (!claim)
        abort();
    claim->task = (struct task){.run = run, .done = done};
    claim->live = live;
    claim->caller = live->caller;
    memcpy(claim->token, live->token, sizeof claim->token);
    memcpy(claim->stream_sid, live->stream_sid, sizeof claim->stream_sid);
    memcpy(claim->call_sid, live->call_sid, sizeof claim->call_sid);
    claim->handshake = live->relay ? &live->relay->handshake : NULL;
    claim->is_bearer = live->is_bearer;
    memcpy(claim->ip, live->ip, sizeof claim->ip);
    claim->claim = (struct claim){
        .relay = live->relay != NULL,
        .token = claim->token,
        .stream_sid = claim->stream_sid,
        .call_sid = claim->call_sid,
        .node_id = node_id(),
        .node_epoch = node_epoch(),
    };
    live_hold(live);
    if (helper && helper_give(helper, &claim->task))
        return true;
    free(claim);
    live_release(live);
    return false;
}
