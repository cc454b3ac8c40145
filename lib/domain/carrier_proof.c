#include "domain/carrier_proof.h"

#include <string.h>

#include "core/config.h"
#include "core/log.h"
#include "domain/calls.h"
#include "domain/carrier_hints.h"
#include "domain/numbers.h"
#include "domain/process_figures.h"
#include "domain/tenants.h"

enum { MAX_TOKENS = 24 };

/* A proof under way: what was tried already, and what fits. */
struct proving {
    const struct posted *posted;
    struct proof *proof;
    struct twilio_message message;
    const char *account;           /* as the callback says */
    const char *tried[MAX_TOKENS]; /* auth tokens, for the hint as well */
    size_t ntried;
    bool is_hinted; /* what is tried now, or fitted, was hinted at */
};

/* Whether a token fits; one that did not is not tried again. */
static bool fits(struct work *work, struct proving *p, const char *token)
{
    if (!token || !*token || p->ntried == MAX_TOKENS)
        return false;
    for (size_t i = 0; i < p->ntried; i++)
        if (strcmp(p->tried[i], token) == 0)
            return false;
    p->tried[p->ntried++] = token;
    if (!p->posted->tenant && !p->is_hinted)
        figure_note(FIGURE_LOOKUP_CANDIDATES);
    return twilio_signature_fits(&work->arena, token, p->posted->signature, &p->message,
                                 &p->proof->matched);
}

static bool is_busy(const struct work *work)
{
    return work->error.what == BUSY;
}

/* The account that a tenant's callbacks come from; false when there is no such, or nobody says. */
static bool carrier_of(struct work *work, int64_t tenant_id, struct carrier *carrier)
{
    int64_t before = work->tenant;
    struct tenant tenant;
    bool ok;

    work->tenant = tenant_id;
    ok = tenant_by_id(work, tenant_id, &tenant) && carrier_of_tenant(work, &tenant, carrier);
    work->tenant = before;
    return ok;
}

uid callback_key(struct work *work, const char *url)
{
    const char *at = url ? strstr(url, "cid=") : NULL;
    uid id;

    if (!at || at == url || (at[-1] != '?' && at[-1] != '&'))
        return NO_UID;
    at += strlen("cid=");
    return uid_read_base32(arena_copy(&work->arena, at, strcspn(at, "&#")), &id) ? id : NO_UID;
}

/* The tenant of the call that it is about; 0 when it is about none we know. */
static bool tenant_by_call(struct work *work, const struct posted *posted, int64_t *tenant)
{
    uid key = callback_key(work, posted->urls[0]);
    struct call call;
    bool found = (!uid_is_none(key) && call_by_key_anywhere(work, key, &call)) ||
                 call_by_sid_anywhere(work, form_text(&posted->form, "CallSid"), &call);

    work->tenant = 0;
    *tenant = found ? call.tenant_id : 0;
    return found || !is_busy(work);
}

/* The tenant that owns the number which was called; 0 when nobody does. */
static bool tenant_by_number(struct work *work, const struct posted *posted, int64_t *tenant)
{
    const char *to = form_text(&posted->form, "To"), *from = form_text(&posted->form, "From");
    bool receipt = strcmp(posted->kind, "sms_status") == 0;
    const char *ours = receipt ? from : to;
    struct phone_number number;
    bool found = ours && number_by_e164(work, ours, &number);

    *tenant = found ? number.tenant_id : 0;
    return found || !ours || !is_busy(work);
}

/* Whether the number it names is certainly ours: of a call or message that comes in. */
static bool comes_in(const struct posted *posted)
{
    const char *direction = form_text(&posted->form, "Direction");

    return strcmp(posted->kind, "sms") == 0 ||
           (strcmp(posted->kind, "voice") == 0 && direction && strcmp(direction, "inbound") == 0);
}

/* Whom it is about, by number or by call: what is likelier to be known is asked first. */
static bool find_subject(struct work *work, const struct posted *posted, int64_t *tenant)
{
    if (comes_in(posted))
        return tenant_by_number(work, posted, tenant) &&
               (*tenant || tenant_by_call(work, posted, tenant));
    return tenant_by_call(work, posted, tenant) &&
           (*tenant || tenant_by_number(work, posted, tenant));
}

static bool end_with(struct work *work, struct proving *p, enum proof_end end, int64_t tenant)
{
    p->proof->end = end;
    work->tenant = tenant;
    return true;
}

/* Tries a tenant; true when that settled it. */
static bool try_tenant(struct work *work, struct proving *p, int64_t tenant)
{
    struct carrier carrier;

    if (!tenant || !carrier_of(work, tenant, &carrier))
        return tenant && is_busy(work) && end_with(work, p, PROOF_LATER, 0);
    return fits(work, p, carrier.auth_token) && end_with(work, p, PROOF_VALID, tenant);
}

/*
 * Signed with a token of ours, which many tenants share: it is about the tenant whose call or
 * number it names, if that tenant's callbacks come from this account.
 */
static bool settle_shared(struct work *work, struct proving *p, const char *token)
{
    struct carrier carrier;
    int64_t tenant;

    if (!find_subject(work, p->posted, &tenant))
        return end_with(work, p, PROOF_LATER, 0);
    if (tenant && (!carrier_of(work, tenant, &carrier) || strcmp(carrier.auth_token, token) != 0)) {
        if (is_busy(work))
            return end_with(work, p, PROOF_LATER, 0);
        tenant = 0;
    }
    return end_with(work, p, PROOF_VALID, tenant);
}

static bool try_shared(struct work *work, struct proving *p)
{
    const char *const tokens[] = {work->config->twilio_auth_token,
                                  work->config->rehearsal_auth_token};

    for (size_t i = 0; i < COUNT(tokens); i++)
        if (fits(work, p, tokens[i]))
            return settle_shared(work, p, tokens[i]);
    return false;
}

static bool try_subject(struct work *work, struct proving *p)
{
    int64_t tenant;

    if (!find_subject(work, p->posted, &tenant))
        return end_with(work, p, PROOF_LATER, 0);
    return try_tenant(work, p, tenant);
}

/* Whether what was remembered settles it; every look is counted as what it found. */
static bool try_hint(struct work *work, struct proving *p, int64_t hinted)
{
    size_t tried = p->ntried;
    bool settled;

    if (hinted <= 0) {
        figure_note(hinted ? FIGURE_HINT_EXPIRED : FIGURE_HINT_MISSES);
        return false;
    }
    p->is_hinted = true;
    settled = try_tenant(work, p, hinted);
    if (settled && p->proof->end == PROOF_VALID)
        return true;
    p->is_hinted = false;
    figure_note(p->ntried > tried ? FIGURE_HINT_MISMATCH : FIGURE_HINT_STALE);
    return settled;
}

static bool try_account(struct work *work, struct proving *p)
{
    const char *to = form_text(&p->posted->form, "To");
    struct rows rows;
    int64_t hinted;

    if (!p->account)
        return false;
    if (!carrier_hint_find(work, p->account, to, p->posted->kind, &hinted) ||
        !tenants_by_carrier_account(work, p->account, &rows))
        return is_busy(work) && end_with(work, p, PROOF_LATER, 0);
    if (try_hint(work, p, hinted))
        return true;
    for (size_t i = 0; i < rows.count; i++)
        if (try_tenant(work, p, ((const struct tenant *)rows.at)[i].id)) {
            if (p->proof->end == PROOF_VALID)
                carrier_hint_put(work, p->account, to, p->posted->kind, work->tenant);
            return true;
        }
    return false;
}

/* No token fitted; under which URL would one have? */
static void look_for_hint(struct work *work, struct proving *p)
{
    p->proof->end = PROOF_INVALID;
    work->tenant = 0;
    for (size_t i = 0; i < p->ntried && !p->proof->matching_url; i++)
        p->proof->matching_url = twilio_signature_hint(
            &work->arena, p->tried[i], p->posted->signature, &p->message, p->posted->hosts);
}

/* What the whole proof counts as. */
static enum figure figure_of(const struct proving *p)
{
    bool is_explicit = p->posted->tenant != 0;

    switch (p->proof->end) {
    case PROOF_VALID:
        return is_explicit    ? FIGURE_EXPLICIT_SUCCESS
               : p->is_hinted ? FIGURE_HINT_HITS
                              : FIGURE_LOOKUP_SUCCESS;
    case PROOF_LATER:
        return FIGURE_LOOKUP_ERROR;
    default:
        return is_explicit ? FIGURE_EXPLICIT_INVALID : FIGURE_LOOKUP_NOT_FOUND;
    }
}

/* Whether one of the tokens that may be asked has settled it. */
static bool is_settled(struct work *work, struct proving *p)
{
    if (p->posted->tenant)
        return try_tenant(work, p, p->posted->tenant);
    return try_shared(work, p) || try_subject(work, p) || try_account(work, p);
}

void carrier_prove(struct work *work, const struct posted *posted, struct proof *proof)
{
    struct proving p = {
        .posted = posted,
        .proof = proof,
        .message = {.urls = posted->urls, .fields = posted->form.at, .nfields = posted->form.count},
        .account = form_text(&posted->form, "AccountSid"),
    };

    *proof = (struct proof){.end = PROOF_INVALID};
    work->tenant = 0;
    if (posted->signature && !is_settled(work, &p))
        look_for_hint(work, &p);
    figure_note(figure_of(&p));
}
