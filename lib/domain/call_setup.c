#include "domain/call_setup.h"

#include "core/json.h"
#include "domain/agents.h"
#include "domain/call_money.h"
#include "domain/calls.h"
#include "domain/events.h"
#include "domain/outbox.h"
#include "domain/relay_plan.h"
#include "domain/sessions.h"
#include "domain/words.h"

/* A text of the version's document that fits its column. */
static const char *setting(struct work *work, json_object *config, const char *name, size_t most)
{
    return word_ascii(&work->arena, json_text(config, name), most);
}

static const char *voice_of(struct work *work, json_object *config)
{
    const char *voice = setting(work, json_member(config, "s2s_config"), "voice", 80);

    return voice ? voice : setting(work, config, "voice", 80);
}

void call_set_agent(struct work *work, struct call *call, struct voice_session *session,
                    const struct agent *agent, const struct agent_version *version,
                    const char *greeting)
{
    json_object *config = json_parse(version->config.json);
    const char *name = json_text(config, "agent_name");

    call->agent_id = session->agent_id = agent->id;
    call->agent_version_id = session->agent_version_id = version->id;
    call->agent_name = session->agent_name =
        word_text(&work->arena, name && *name ? name : agent->name, 190);
    call->model = session->model = setting(work, config, "realtime_model", 80);
    call->voice = session->voice = voice_of(work, config);
    call->language = session->language = setting(work, config, "language", 16);
    if (relay_is_wanted(config)) {
        session->transport = "relay";
        call->media_mode = "relay";
        call->model = session->model = setting(work, config, "chat_model", 80);
    }
    session->greeting = word_text(
        &work->arena, greeting && *greeting ? greeting : json_text(config, "greeting"), 4000);
    json_object_put(config);
}

/* What a new call's row is followed by. */
static bool tell(struct work *work, const struct call *call, const struct voice_session *session)
{
    struct call_event events[] = {
        {.type = "call.created", .source = "carrier"},
        {.type = "session.pending", .source = "platform"},
    };
    size_t count = session ? 2 : 1;

    for (size_t i = 0; i < count; i++) {
        events[i].id = uid_new();
        events[i].call_id = call->id;
        events[i].session_id = i ? session->id : NO_UID;
        events[i].level = "info";
        events[i].occurred_at = clock_now();
    }
    return events_put(work, events, count);
}

bool call_write(struct work *work, struct call *call, struct voice_session *session,
                int64_t hold_micros)
{
    if (session) {
        session->call_id = call->id;
        session->room_id = call->room_id;
        session->customer_phone = call->customer_phone;
        session->org_ref = call->org_ref;
        session->call_type = uid_is_none(call->room_id) ? call->direction : "translation";
    }
    return call_insert(work, call) && call_hold(work, call->id, hold_micros) &&
           (!session || session_insert(work, session)) && tell(work, call, session);
}

bool call_tell_started(struct work *work, uid call)
{
    char id[37];

    uid_write_uuid(call, id);
    return outbox_put(work, "webhook", call, "call.started", NULL,
                      arena_format(&work->arena, "call.started:%s", id));
}
