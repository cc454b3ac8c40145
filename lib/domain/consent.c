#include "domain/consent.h"

#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "domain/audit.h"
#include "domain/events.h"
#include "domain/words.h"

enum { LONGEST_SENTENCE = 1000 };

static json_object *member(json_object *object, const char *snake, const char *camel)
{
    json_object *found = json_member(object, snake);

    return found ? found : json_member(object, camel);
}

bool call_is_recorded(struct work *work, const struct tenant *tenant,
                      const struct agent_version *version)
{
    json_object *config = version->config.json ? json_parse(version->config.json) : NULL;
    bool recorded = json_boolean(json_member(config, "recording"), "enabled",
                                 tenant_setting_is_on(work, tenant, "recording.enabled", false));

    json_object_put(config);
    return recorded;
}

static const char *text_of_version(struct work *work, const struct agent_version *version)
{
    json_object *config = version->config.json ? json_parse(version->config.json) : NULL;
    json_object *text = member(json_member(config, "recording"), "consent_text", "consentText");
    const char *sentence =
        json_object_is_type(text, json_type_string)
            ? word_text(&work->arena, json_object_get_string(text), LONGEST_SENTENCE)
            : NULL;

    json_object_put(config);
    return sentence && *sentence ? sentence : NULL;
}

const char *consent_sentence(struct work *work, const struct tenant *tenant,
                             const struct agent_version *version, const struct call *call)
{
    const char *sentence;

    if (!instant_is_none(call->consent_at) || !call_is_recorded(work, tenant, version))
        return NULL;
    sentence = text_of_version(work, version);
    if (!sentence)
        sentence = word_text(&work->arena, tenant_setting(work, tenant, "recording.consent_text"),
                             LONGEST_SENTENCE);
    if (sentence && *sentence)
        return sentence;
    return tenant_setting_is_on(work, tenant, "recording.consent_required", false)
               ? "This call is recorded."
               : NULL;
}

bool consent_of_call(struct work *work, const struct call *call, const char **sentence)
{
    struct agent_version version;
    struct tenant tenant;

    *sentence = NULL;
    if (!instant_is_none(call->consent_at))
        return true;
    if (!agent_version_find(work, call->agent_version_id, &version))
        return work->error.what == NOT_FOUND;
    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    *sentence = consent_sentence(work, &tenant, &version, call);
    return true;
}

/* The row count decides who tells of it. */
static bool stamp(struct work *work, uid call, bool *first)
{
    static const char sql[] = "UPDATE calls SET consent_at = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND consent_at IS NULL";
    instant now = clock_now();
    const struct param params[] = {PARAM(now), PARAM(now), PARAM(work->tenant), PARAM(call)};
    uint64_t changed;

    if (!db_execute(work, sql, params, COUNT(params), &changed))
        return false;
    *first = changed == 1;
    return true;
}

bool consent_note(struct work *work, const struct tenant *tenant,
                  const struct agent_version *version, const struct call *call,
                  const struct voice_session *session)
{
    const char *sentence = consent_sentence(work, tenant, version, call);
    struct audit_row row = {.actor_kind = "system", .actor = "trunkline", .object_kind = "call"};
    struct text detail = {.arena = &work->arena};
    char id[37];
    bool first;

    if (!sentence)
        return true;
    if (!stamp(work, call->id, &first))
        return false;
    if (!first)
        return true;
    uid_write_uuid(call->id, id);
    text_put(&detail, "{\"said\":");
    text_json(&detail, sentence);
    text_put(&detail, "}");
    row.action = "recording.consent";
    row.object_id = id;
    row.detail.json = detail.at;
    return event_put(work, call->id, session->id, "recording.consent", "platform", detail.at) &&
           audit_put(work, &row);
}
