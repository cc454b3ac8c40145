#include "domain/callback_journal.h"

#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "domain/inbound.h"
#include "domain/journal.h"
#include "domain/outage_calls.h"
#include "domain/sms.h"

static void add_list(struct text *json, const char *name, const char *const *values)
{
    text_add(json, ",\"%s\":[", name);
    for (size_t i = 0; values[i]; i++) {
        if (i)
            text_char(json, ',');
        text_json(json, values[i]);
    }
    text_char(json, ']');
}

/* Fields stand as pairs, in their order, because the signature covers all of them. */
static void add_form(struct text *json, const struct form *form)
{
    text_put(json, ",\"form\":[");
    for (size_t i = 0; i < form->count; i++) {
        text_put(json, i ? ",[" : "[");
        text_json(json, form->at[i].name);
        text_char(json, ',');
        text_json(json, form->at[i].value);
        text_char(json, ']');
    }
    text_char(json, ']');
}

bool callback_journal(struct work *work, const struct posted *posted)
{
    struct text json = {.arena = &work->arena};

    text_add(&json, "{\"tenant\":%lld,\"received_at\":%lld", (long long)posted->tenant,
             (long long)posted->received_at.ms);
    text_member(&json, "kind", posted->kind);
    text_member(&json, "signature", posted->signature);
    text_member(&json, "idempotency_token", posted->idempotency_token);
    add_list(&json, "urls", posted->urls);
    add_form(&json, &posted->form);
    if (posted->outage) {
        text_put(&json, ",\"outage\":");
        outage_call_write(&json, posted->outage);
    }
    text_char(&json, '}');
    return journal_append(work, json.at, json.length);
}

static void read_urls(struct work *work, json_object *tree, struct posted *posted)
{
    json_object *urls = json_member(tree, "urls");
    size_t count = json_object_is_type(urls, json_type_array) ? json_object_array_length(urls) : 0;

    for (size_t i = 0; i < count && i < MAX_URLS; i++)
        posted->urls[i] =
            arena_text(&work->arena, json_object_get_string(json_object_array_get_idx(urls, i)));
}

static void read_form(struct work *work, json_object *tree, struct form *form)
{
    json_object *pairs = json_member(tree, "form");
    size_t count =
        json_object_is_type(pairs, json_type_array) ? json_object_array_length(pairs) : 0;
    struct twilio_field *fields = arena_new(&work->arena, struct twilio_field, count);

    for (size_t i = 0; i < count; i++) {
        json_object *pair = json_object_array_get_idx(pairs, i);

        if (!json_object_is_type(pair, json_type_array) || json_object_array_length(pair) != 2)
            continue;
        fields[form->count++] = (struct twilio_field){
            arena_text(&work->arena, json_object_get_string(json_object_array_get_idx(pair, 0))),
            arena_text(&work->arena, json_object_get_string(json_object_array_get_idx(pair, 1))),
        };
    }
    form->at = fields;
}

/* The call that was connected all the same; NULL when the caller heard a sentence. */
static const struct outage_call *read_outage(struct work *work, json_object *tree)
{
    json_object *outage = json_member(tree, "outage");
    struct outage_call *call = arena_new(&work->arena, struct outage_call, 1);

    return outage && outage_call_read(work, json_write(&work->arena, outage), call) ? call : NULL;
}

static bool read_record(struct work *work, const char *record, size_t length, struct posted *posted)
{
    static const struct json_rules rules = {.depth = 4};
    json_object *tree;

    if (!json_read(work, record, length, &rules, &tree))
        return false;
    *posted = (struct posted){
        .kind = arena_text(&work->arena, json_text(tree, "kind")),
        .signature = arena_text(&work->arena, json_text(tree, "signature")),
        .idempotency_token = arena_text(&work->arena, json_text(tree, "idempotency_token")),
        .tenant = json_integer(tree, "tenant", 0),
        .received_at = {json_integer(tree, "received_at", 0)},
    };
    read_urls(work, tree, posted);
    read_form(work, tree, &posted->form);
    posted->outage = read_outage(work, tree);
    json_object_put(tree);
    return (posted->kind && posted->urls[0]) ||
           fail(work, INVALID, "The journalled callback is incomplete");
}

/* Nobody hears the answer any more; the message and its keyword count all the same. */
static bool take_message(struct work *work, const struct posted *posted)
{
    const struct form *form = &posted->form;
    const struct sms_arrival arrival = {
        .message_sid = form_text(form, "MessageSid"),
        .from = form_text(form, "From"),
        .to = form_text(form, "To"),
        .body = form_value(form, "Body"),
        .opt_out_type = form_text(form, "OptOutType"),
        .segments = form_integer(form, "NumSegments"),
    };
    const char *answer;

    return !work->tenant || sms_receive(work, &arrival, &answer);
}

/*
 * A call that was connected from the host's cache gets its rows.  Otherwise the caller heard a
 * sentence and is gone: the call is written down as one that was missed.
 */
static bool take_call(struct work *work, const struct posted *posted)
{
    const struct inbound_facts facts = {
        .call_sid = form_text(&posted->form, "CallSid"),
        .account_sid = form_text(&posted->form, "AccountSid"),
        .from = form_text(&posted->form, "From"),
        .to = form_text(&posted->form, "To"),
        .caller_name = form_text(&posted->form, "CallerName"),
        .forwarded_from = form_text(&posted->form, "ForwardedFrom"),
        .arrived_at = posted->received_at,
    };
    const char *direction = form_text(&posted->form, "Direction");
    bool inbound = !direction || strcmp(direction, "inbound") == 0;

    if (posted->outage && posted->outage->tenant_id == work->tenant)
        return outage_adopt(work, posted->outage);
    return !work->tenant || !inbound || inbound_missed(work, &facts);
}

static bool take(struct work *work, const struct posted *posted, struct carrier_callback *callback)
{
    if (strcmp(posted->kind, "voice") == 0 && !take_call(work, posted))
        return false;
    if (strcmp(posted->kind, "sms") == 0 && !take_message(work, posted))
        return false;
    return callback_apply(work, callback);
}

bool callback_replay(struct work *work, const char *record, size_t length)
{
    struct carrier_callback callback;
    struct arrival arrival;
    struct posted posted;
    struct proof proof;
    bool fresh;

    if (!read_record(work, record, length, &posted))
        return false;
    carrier_prove(work, &posted, &proof);
    if (proof.end == PROOF_LATER)
        return false;
    arrival = (struct arrival){
        .kind = posted.kind,
        .url = proof.matched ? proof.matched : posted.urls[0],
        .idempotency_token = posted.idempotency_token,
        .form = posted.form,
        .signature = proof.end == PROOF_VALID ? "valid"
                     : posted.signature       ? "invalid"
                                              : "absent",
        .received_at = posted.received_at,
    };
    if (!callback_store(work, &arrival, &callback, &fresh))
        return false;
    if (proof.end == PROOF_VALID)
        return take(work, &posted, &callback);
    log_warning(work, "callback.refused", "kind=%s replayed=1", posted.kind);
    return true;
}
