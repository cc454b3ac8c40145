#include "stream/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/crypto.h"
#include "core/text.h"
#include "domain/event_news.h"
#include "domain/keys.h"
#include "domain/resolve.h"
#include "domain/sessions.h"
#include "domain/tickets.h"

enum { MOST_WAITING = 256, KEPT = 256, OLDEST_MS = 10 * 60 * 1000 };

/* The helper's own: what was proven lately. */
struct kept {
    hash256 what; /* kind, secret and address */
    struct proven who;
    int64_t until_us;
};

static struct kept kept[KEPT];
static struct helper *helper;

static hash256 name_of(struct work *work, const struct visitor_proof *proof)
{
    const char *text = arena_format(&work->arena, "%s\n%s\n%s\n%s", proof->kind->key_kind,
                                    proof->kind->permission ? proof->kind->permission : "",
                                    proof->ip, proof->secret);

    return sha256(text, strlen(text));
}

static struct kept *place_of(const hash256 *what)
{
    return &kept[what->bytes[0] % KEPT];
}

static bool refuse(struct visitor_proof *proof, unsigned code, const char *reason)
{
    proof->refusal = code;
    proof->reason = reason;
    return false;
}

static bool judge(struct visitor_proof *proof, enum key_verdict verdict, const struct api_key *key)
{
    const char *permission = proof->kind->permission;

    switch (verdict) {
    case KEY_GOOD:
        return !permission || key_permits(key->permissions.json, permission) ||
               refuse(proof, 1008, "this key may not do that");
    case KEY_SUSPENDED:
        return refuse(proof, 1008, "the tenant is suspended");
    case KEY_UNPROVEN:
        return refuse(proof, 1011, "try again later");
    default:
        return refuse(proof, 1008, "unauthorized");
    }
}

static bool prove_key(struct work *work, struct visitor_proof *proof)
{
    const hash256 what = name_of(work, proof);
    struct kept *place = place_of(&what);
    struct api_key key;
    struct tenant tenant;

    if (!proof->is_again && place->until_us > clock_monotonic_us() &&
        memcmp(&place->what, &what, sizeof what) == 0) {
        proof->who = place->who;
        return true;
    }
    if (!judge(
            proof,
            key_authenticate(work, proof->kind->key_kind, proof->secret, proof->ip, &key, &tenant),
            &key))
        return false;
    if (!tenant.id)
        return refuse(proof, 1008, "this key belongs to no tenant");
    proof->who = (struct proven){.tenant = tenant.id, .key = key.id};
    snprintf(proof->who.tenant_key, sizeof proof->who.tenant_key, "%s",
             tenant.tenant_key ? tenant.tenant_key : "");
    *place = (struct kept){what, proof->who, clock_monotonic_us() + PROOF_KEPT_US};
    work->tenant = tenant.id;
    key_touch(work, &key);
    return true;
}

static bool prove_ticket(struct work *work, struct visitor_proof *proof)
{
    struct ticket ticket;
    struct tenant tenant;

    if (!ticket_redeem(work, proof->secret, proof->kind->ticket, &ticket))
        return work->error.what == BUSY || work->error.what == INTERNAL
                   ? refuse(proof, 1011, "try again later")
                   : refuse(proof, 1008, "unauthorized");
    if (!tenant_by_id(work, work->tenant, &tenant) || !tenant_is_served(&tenant))
        return refuse(proof, 1008, "unauthorized");
    proof->who = (struct proven){.tenant = tenant.id, .call = ticket.call};
    snprintf(proof->who.tenant_key, sizeof proof->who.tenant_key, "%s",
             tenant.tenant_key ? tenant.tenant_key : "");
    return true;
}

/* Any name of a call, or of one of its sessions. */
static bool find_call(struct work *work, struct visitor_proof *proof)
{
    struct voice_session session;

    if (!resolve(work, A_CALL, proof->call, &proof->call_id)) {
        if (work->error.what != NOT_FOUND)
            return refuse(proof, 1011, "try again later");
        if (!session_resolve(work, proof->call, &session))
            return refuse(proof, 4404, "no such call");
        proof->call_id = session.call_id;
    }
    return uid_is_none(proof->who.call) || uid_equal(proof->who.call, proof->call_id) ||
           refuse(proof, 4404, "no such call");
}

/* Only a full house is a refusal: a node that knows no better goes by its own count. */
static bool hold_place(struct work *work, struct visitor_proof *proof)
{
    const struct proof_kind *kind = proof->kind;

    proof->place.role = kind->ticket;
    proof->place.key = kind->is_by_key ? proof->who.key : NO_UID;
    if (!proof->place.node_id || socket_place_hold(work, &proof->place, kind->most_sockets) ||
        work->error.what != LIMIT_REACHED)
        return true;
    proof->place.holder = NO_UID;
    return refuse(proof, 4429, "too many sockets");
}

/* At most ten minutes back, the newest first to be kept. */
static bool read_rows(struct work *work, struct visitor_proof *proof)
{
    const uid oldest = uid_at(instant_after(clock_now(), -OLDEST_MS));
    const struct news_range range = {
        .after = proof->tail                             ? NO_UID
                 : uid_compare(proof->after, oldest) > 0 ? proof->after
                                                         : oldest,
        .call = proof->rows_of,
        .limit = proof->tail ? proof->tail : PROOF_ROWS,
        .newest = true,
    };

    return news_read(work, &range, &proof->rows) || refuse(proof, 1011, "try again later");
}

static void answer(struct work *work, struct task *task)
{
    struct visitor_proof *proof = (struct visitor_proof *)task;
    struct work *own = &proof->work;

    *own = (struct work){.id = work->id, .db = work->db, .config = work->config};
    if (proof->secret[0] && !(proof->is_ticket ? prove_ticket(own, proof) : prove_key(own, proof)))
        return;
    own->tenant = proof->who.tenant;
    if (proof->call[0] && !find_call(own, proof))
        return;
    if (proof->wants_place && !hold_place(own, proof))
        return;
    if (proof->wants_rows)
        read_rows(own, proof);
}

bool proofs_start(const struct config *config)
{
    helper = helper_start("proofs", config, true, MOST_WAITING);
    return helper != NULL;
}

void proofs_stop(void)
{
    helper_stop(helper);
    helper = NULL;
}

bool proof_ask(struct visitor_proof *proof, void (*done)(struct task *task))
{
    proof->task = (struct task){.run = answer, .done = done};
    return proofs_run(&proof->task);
}

bool proofs_run(struct task *task)
{
    return helper && helper_give(helper, task);
}

void proof_free(struct visitor_proof *proof)
{
    explicit_bzero(proof->secret, sizeof proof->secret);
    arena_free(&proof->work.arena);
    free(proof);
}
