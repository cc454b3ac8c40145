#include "domain/callbacks.h"

#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "core/text.h"
#include "domain/words.h"

static const char *const callback_kinds[] = {"voice",     "status", "amd", "stream",
                                             "recording", "action", "sms", "sms_status",
                                             "relay",     "other",  NULL};
static const char *const signatures[] = {"valid", "invalid", "absent", "not_required", NULL};
static const char *const applications[] = {"new",    "applied",  "duplicate", "late",
                                           "orphan", "rejected", NULL};

static const struct column columns_of_callback[] = {
    COLUMN(carrier_callback, id, NOT_NULL),
    COLUMN(carrier_callback, dedupe, NOT_NULL),
    COLUMN(carrier_callback, kind, NOT_NULL, .one_of = callback_kinds),
    COLUMN(carrier_callback, tenant_id, NULLABLE),
    COLUMN(carrier_callback, call_sid, NULLABLE, .max = 64),
    COLUMN(carrier_callback, sequence_number, NULLABLE),
    COLUMN(carrier_callback, params, NOT_NULL),
    COLUMN(carrier_callback, url, NOT_NULL, .max = 1000),
    COLUMN(carrier_callback, matching_url, NULLABLE, .max = 1000),
    COLUMN(carrier_callback, signature, NOT_NULL, .one_of = signatures),
    COLUMN(carrier_callback, received_at, NOT_NULL),
    COLUMN(carrier_callback, applied, NOT_NULL, .one_of = applications),
    COLUMN(carrier_callback, applied_at, NULLABLE),
    COLUMN(carrier_callback, response_ms, NULLABLE),
};

/* It may be nobody's yet, so the generic store does not serve it. */
const struct entity carrier_callback_entity =
    ENTITY(carrier_callback, "callback", NULL, columns_of_callback);

#define CALLBACK_COLUMNS                                                                           \
    "id, dedupe, kind, tenant_id, call_sid, sequence_number, params, url, matching_url, "          \
    "signature, received_at, applied, applied_at, response_ms"

const char *form_value(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->at[i].name, name) == 0)
            return form->at[i].value;
    return NULL;
}

const char *form_text(const struct form *form, const char *name)
{
    const char *value = form_value(form, name);

    return value && *value ? value : NULL;
}

int64_t form_integer(const struct form *form, const char *name)
{
    const char *value = form_text(form, name);
    char *end;
    long long number;

    if (!value || strlen(value) > 9)
        return NO_INTEGER;
    number = strtoll(value, &end, 10);
    return *end ? NO_INTEGER : number;
}

static int by_name_and_value(const void *a, const void *b)
{
    const struct twilio_field *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    return order ? order : strcmp(left->value, right->value);
}

/* The form in the order of its names, so that the same fields are the same text. */
static void add_sorted(struct work *work, struct text *text, const struct form *form)
{
    struct twilio_field *sorted = arena_new(&work->arena, struct twilio_field, form->count);

    for (size_t i = 0; i < form->count; i++)
        sorted[i] = form->at[i];
    if (form->count)
        qsort(sorted, form->count, sizeof *sorted, by_name_and_value);
    for (size_t i = 0; i < form->count; i++) {
        text_url(text, sorted[i].name);
        text_char(text, '=');
        text_url(text, sorted[i].value);
        text_char(text, '&');
    }
}

/*
 * What a callback is known by.  Who cannot sign, or signs for another tenant's account, must not be
 * able to take the place of one that the carrier is still to send: unproven ones have names of
 * their own, and so have each tenant's.
 */
static hash256 name_of(struct work *work, const struct arrival *arrival)
{
    const struct form *form = &arrival->form;
    const char *sid = form_text(form, "CallSid"), *sequence = form_text(form, "SequenceNumber");
    bool proven =
        strcmp(arrival->signature, "valid") == 0 || strcmp(arrival->signature, "not_required") == 0;
    struct text name = {.arena = &work->arena};

    text_add(&name, "%s:%s:", arrival->kind, proven ? "" : "unproven");
    if (proven && arrival->idempotency_token) {
        text_add(&name, "token:%s", arrival->idempotency_token);
    } else if (proven && strcmp(arrival->kind, "status") == 0 && sid && sequence) {
        text_add(&name, "%lld:%s:%s", (long long)work->tenant, sid, sequence);
    } else {
        text_put(&name, arrival->url);
        text_char(&name, '\n');
        add_sorted(work, &name, form);
    }
    return sha256(name.at, name.length);
}

/* The fields as a JSON object; of a name that stands twice the first counts. */
static const char *params_of(struct work *work, const struct form *form)
{
    struct text json = {.arena = &work->arena};

    text_char(&json, '{');
    for (size_t i = 0; i < form->count; i++) {
        if (form_value(form, form->at[i].name) != form->at[i].value)
            continue;
        if (json.length > 1)
            text_char(&json, ',');
        text_json(&json, form->at[i].name);
        text_char(&json, ':');
        text_json(&json, form->at[i].value);
    }
    text_char(&json, '}');
    return json.at;
}

static bool insert(struct work *work, const struct carrier_callback *callback)
{
    static const char sql[] = "INSERT INTO carrier_callbacks (" CALLBACK_COLUMNS ")"
                              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)";
    const struct param params[] = {
        PARAM(callback->id),        PARAM(callback->dedupe),      PARAM(callback->kind),
        PARAM(callback->tenant_id), PARAM(callback->call_sid),    PARAM(callback->sequence_number),
        PARAM(callback->params),    PARAM(callback->url),         PARAM(callback->matching_url),
        PARAM(callback->signature), PARAM(callback->received_at), PARAM(callback->applied),
    };

    return db_execute(work, sql, params, COUNT(params), NULL);
}

static bool find_by_name(struct work *work, bytes dedupe, struct carrier_callback *callback)
{
    static const char sql[] = "SELECT " CALLBACK_COLUMNS " FROM carrier_callbacks WHERE dedupe = ?";
    const struct param params[] = {PARAM(dedupe)};

    return db_find(work, sql, params, COUNT(params), &carrier_callback_entity, callback);
}

static void describe(struct work *work, const struct arrival *arrival,
                     struct carrier_callback *callback)
{
    bool refused =
        strcmp(arrival->signature, "invalid") == 0 || strcmp(arrival->signature, "absent") == 0;

    row_clear(&carrier_callback_entity, callback);
    callback->id = uid_new();
    callback->kind = arrival->kind;
    callback->tenant_id = work->tenant ? work->tenant : NO_INTEGER;
    callback->call_sid = word_ascii(&work->arena, form_text(&arrival->form, "CallSid"), 64);
    callback->sequence_number = form_integer(&arrival->form, "SequenceNumber");
    callback->params.json = params_of(work, &arrival->form);
    callback->url = word_text(&work->arena, arrival->url, 1000);
    callback->matching_url = word_text(&work->arena, arrival->matching_url, 1000);
    callback->signature = arrival->signature;
    callback->received_at = arrival->received_at;
    callback->applied = refused ? "rejected" : "new";
}

bool callback_store(struct work *work, const struct arrival *arrival,
                    struct carrier_callback *callback, bool *fresh)
{
    hash256 name = name_of(work, arrival);

    describe(work, arrival, callback);
    callback->dedupe = (bytes){(const unsigned char *)arena_copy(
                                   &work->arena, (const char *)name.bytes, sizeof name.bytes),
                               sizeof name.bytes};
    *fresh = insert(work, callback);
    if (*fresh)
        return true;
    return work->error.what == CONFLICT && find_by_name(work, callback->dedupe, callback);
}

bool callback_settle(struct work *work, const struct carrier_callback *callback,
                     const char *applied, int64_t response_ms)
{
    static const char sql[] =
        "UPDATE carrier_callbacks SET applied = ?, applied_at = ?, tenant_id = ?,"
        " response_ms = COALESCE(?, response_ms) WHERE id = ?";
    int64_t tenant = work->tenant ? work->tenant : callback->tenant_id;
    instant now = clock_now();
    const struct param params[] = {PARAM(applied), PARAM(now), PARAM(tenant), PARAM(response_ms),
                                   PARAM(callback->id)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool callback_form(struct work *work, const struct carrier_callback *callback, struct form *form)
{
    json_object *params = json_parse(callback->params.json);
    size_t count = params ? (size_t)json_object_object_length(params) : 0;
    struct twilio_field *fields = arena_new(&work->arena, struct twilio_field, count);

    *form = (struct form){.at = fields};
    if (!params)
        return fail(work, INTERNAL, "A stored callback cannot be read");
    json_object_object_foreach(params, name, value)
    {
        fields[form->count++] =
            (struct twilio_field){arena_text(&work->arena, name),
                                  arena_text(&work->arena, json_object_get_string(value))};
    }
    json_object_put(params);
    return true;
}

/* Rows that an "applied" and an age make due, oldest first. */
static bool select_due(struct work *work, const char *applied, instant after, instant before,
                       int64_t limit, struct rows *rows)
{
    static const char sql[] = "SELECT " CALLBACK_COLUMNS " FROM carrier_callbacks"
                              " WHERE applied = ? AND received_at > ? AND received_at < ?"
                              " ORDER BY received_at LIMIT ?";
    const struct param params[] = {PARAM(applied), PARAM(after), PARAM(before), PARAM(limit)};

    return db_select(work, sql, params, COUNT(params), &carrier_callback_entity, rows);
}

static bool apply_again(struct work *work, struct rows *rows, uint64_t *applied)
{
    int64_t tenant = work->tenant;

    *applied = 0;
    for (size_t i = 0; i < rows->count; i++) {
        struct carrier_callback *callback = (struct carrier_callback *)rows->at + i;

        work->tenant = callback->tenant_id == NO_INTEGER ? 0 : callback->tenant_id;
        if (!callback_apply(work, callback))
            return false;
        *applied += strcmp(callback->applied, "orphan") != 0;
    }
    work->tenant = tenant;
    return true;
}

enum { ORPHAN_MS = 10 * 60 * 1000, UNFINISHED_MS = 30 * 1000 };

static bool give_up(struct work *work, instant before)
{
    static const char sql[] = "UPDATE carrier_callbacks SET applied = 'rejected', applied_at = ?"
                              " WHERE applied = 'orphan' AND received_at < ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(before)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool callbacks_retry_orphans(struct work *work, instant now, int64_t limit, uint64_t *applied)
{
    instant oldest = instant_after(now, -ORPHAN_MS);
    struct rows rows;

    return give_up(work, oldest) && select_due(work, "orphan", oldest, now, limit, &rows) &&
           apply_again(work, &rows, applied);
}

bool callbacks_retry_new(struct work *work, instant now, int64_t limit, uint64_t *applied)
{
    instant oldest = instant_after(now, -ORPHAN_MS), newest = instant_after(now, -UNFINISHED_MS);
    struct rows rows;

    return select_due(work, "new", oldest, newest, limit, &rows) &&
           apply_again(work, &rows, applied);
}
