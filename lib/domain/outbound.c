#include "domain/outbound.h"

#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "domain/agents.h"
#include "domain/call_money.h"
#include "domain/call_setup.h"
#include "domain/call_state.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/finalise.h"
#include "domain/gate.h"
#include "domain/inbound.h"
#include "domain/machines.h"
#include "domain/phone_routes.h"
#include "domain/sessions.h"
#include "domain/tenants.h"
#include "domain/words.h"
#include "remote/twilio.h"

/* An order on its way. */
struct ordering {
    const struct outbound_order *order;
    struct tenant tenant;
    struct carrier carrier;
    struct gate_pass pass;
    struct call *call;
    struct voice_session session;
    int64_t hold_micros;
    const char *answer_url; /* where the carrier asks what to do; NULL: an agent talks */
};

bool outbound_from(struct work *work, const char *given, const char **from)
{
    const struct phone_route *route, *inbound = NULL;
    struct tenant tenant;
    struct rows routes;

    *from = given;
    if (*from)
        return true;
    if (!tenant_by_id(work, work->tenant, &tenant) || !phone_routes_list(work, &routes))
        return false;
    *from = tenant_setting(work, &tenant, "twilio.from_number");
    route = routes.at;
    for (size_t i = 0; i < routes.count && !*from; i++)
        if (strcmp(route[i].direction, "outbound") == 0)
            *from = route[i].e164;
        else if (strcmp(route[i].direction, "inbound") == 0)
            inbound = &route[i];
    if (!*from && inbound)
        *from = inbound->e164;
    return *from || fail_field(work, "from", "The tenant has no number to call from");
}

static void describe(struct work *work, struct ordering *o)
{
    const struct outbound_order *order = o->order;
    struct call *call = o->call;

    call_begin(work, call);
    call->carrier = carrier_name(&o->carrier);
    call->carrier_account_sid = o->carrier.account_sid;
    call->origin = order->origin;
    call->direction = "outbound";
    call->from_addr = order->from;
    call->to_addr = call->customer_phone = order->to;
    call->phone_number_id = o->pass.number;
    call->org_ref = order->org_ref ? order->org_ref : o->tenant.default_org_ref;
    call->trace_id = word_ascii(&work->arena, order->trace_id, 128);
    call->campaign_id = order->campaign_id;
    call->contact_id = order->contact_id;
    call->execution_id = order->execution_id;
    call->callback_task_id = order->callback_task_id;
    call->parent_call_id = order->parent_call_id;
    call->room_id = order->room_id;
    if (order->leg_role)
        call->leg_role = order->leg_role;
    if (order->variables_json)
        call->variables.json = order->variables_json;
    if (order->metadata_json)
        call->metadata.json = order->metadata_json;
    if (order->context_json)
        call->context.json = order->context_json;
    if (order->customer)
        call->carrier_params.json = customer_params(work, NULL, order->customer);
}

/* The agent that was named, or the one that the number's route names. */
static bool find_agent(struct work *work, struct ordering *o)
{
    const struct outbound_order *order = o->order;
    struct phone_route route = {0};
    struct agent_version version;
    struct agent agent;
    uid agent_id = order->agent;

    if (uid_is_none(agent_id)) {
        if (!phone_route_for(work, order->from, "outbound", &route) &&
            (work->error.what != NOT_FOUND ||
             !phone_route_for(work, order->from, "inbound", &route)))
            return work->error.what == NOT_FOUND
                       ? fail_field(work, "from", "No agent calls from that number")
                       : false;
        agent_id = route.agent_id;
    }
    if (!agent_find(work, agent_id, &agent) ||
        !agent_version_resolve(work, &agent, order->agent_version, route.agent_version_id,
                               o->call->id, &version))
        return false;
    call_set_agent(work, o->call, &o->session, &agent, &version,
                   order->greeting ? order->greeting : route.greeting);
    if (order->agent_name && *order->agent_name)
        o->call->agent_name = o->session.agent_name = order->agent_name;
    return true;
}

static bool write_step(struct work *work, void *with)
{
    struct ordering *o = with;

    if (!customer_answers(o->order->customer))
        return call_write(work, o->call, &o->session, o->hold_micros);
    return call_write(work, o->call, NULL, o->hold_micros) &&
           customer_answer_url(work, o->call, o->order->customer, &o->answer_url);
}

/* What the carrier posts about the call carries our key, in case it is faster than its answer. */
static const char *keyed_url(struct work *work, const char *path, uid call)
{
    char key[27];

    uid_write_base32(call, key);
    return arena_format(&work->arena, "%s?cid=%s", hook_url(work, path), key);
}

/* As the order says, or as the agent always wants it: then the end of a machine's words counts. */
static const char *machine_detection(struct work *work, const struct ordering *o)
{
    struct machine_settings settings;
    struct error before = work->error;

    if (o->order->machine_detection || o->answer_url)
        return o->order->machine_detection;
    if (machine_settings(work, o->call->agent_version_id, &settings) && settings.detects)
        return "DetectMessageEnd";
    work->error = before;
    return NULL;
}

/* Orders with our settings and those that the order hands on. */
static bool send_order(struct work *work, const struct ordering *o,
                       const struct carrier_setting *ours, size_t count,
                       struct carrier_call *answer, struct carrier_outcome *outcome)
{
    const struct outbound_order *order = o->order;
    struct carrier_setting *all =
        arena_new(&work->arena, struct carrier_setting, count + order->nsettings);

    memcpy(all, ours, count * sizeof *all);
    if (order->nsettings)
        memcpy(all + count, order->settings, order->nsettings * sizeof *all);
    return twilio_call_create(work, &o->carrier, all, count + order->nsettings, answer, outcome);
}

static bool order_at_carrier(struct work *work, const struct ordering *o,
                             struct carrier_call *answer, struct carrier_outcome *outcome)
{
    const struct outbound_order *order = o->order;
    int64_t ring = order->ring_seconds ? order->ring_seconds : 60;
    uid id = o->call->id;
    const char *machine = machine_detection(work, o);
    bool later = machine && !order->machine_waits;
    const char *limit = order->limit_seconds
                            ? arena_format(&work->arena, "%lld", (long long)order->limit_seconds)
                            : NULL;
    const struct carrier_setting settings[] = {
        {"To", order->to},
        {"From", order->from},
        {"Url", o->answer_url ? o->answer_url : keyed_url(work, "/api/v1/outbound-call", id)},
        {"Method", "POST"},
        {"StatusCallback", keyed_url(work, "/api/v1/call-status", id)},
        {"StatusCallbackMethod", "POST"},
        {"StatusCallbackEvent", "initiated"},
        {"StatusCallbackEvent", "ringing"},
        {"StatusCallbackEvent", "answered"},
        {"StatusCallbackEvent", "completed"},
        {"Timeout", arena_format(&work->arena, "%lld", (long long)ring)},
        {"TimeLimit", limit},
        {"MachineDetection", machine},
        {"AsyncAmd", later ? "true" : NULL},
        {"AsyncAmdStatusCallback", later ? keyed_url(work, "/hooks/twilio/amd", id) : NULL},
        {"AsyncAmdStatusCallbackMethod", later ? "POST" : NULL},
        {"Record", order->record ? "true" : NULL},
        {"RecordingStatusCallback",
         order->record ? keyed_url(work, "/hooks/twilio/recording", id) : NULL},
        {"RecordingStatusCallbackEvent", order->record ? "in-progress completed absent" : NULL},
    };

    return send_order(work, o, settings, COUNT(settings), answer, outcome);
}

static bool note_done(struct work *work, struct call *call, const struct carrier_call *answer)
{
    struct call_news news = NO_NEWS;

    news.state = "queued";
    return call_learn_sid(work, call->id, answer->sid) && call_apply(work, call->id, &news, NULL) &&
           call_get(work, call->id, call);
}

/* The failure that the caller learns of stays the carrier's, whatever is written meanwhile. */
static bool note_refused(struct work *work, struct call *call,
                         const struct carrier_outcome *outcome)
{
    struct error error = work->error;
    struct call_news news = NO_NEWS;

    news.state = "failed";
    news.end_reason = "carrier_error";
    news.error_code = arena_format(&work->arena, "%d", outcome->code);
    news.error_message = outcome->message;
    if (call_apply(work, call->id, &news, NULL))
        call_finalise(work, call->id, NULL);
    work->error = error;
    return false;
}

/* It is not known whether the carrier has it; nothing is ordered again. */
static bool note_unknown(struct work *work, struct call *call)
{
    struct call_news news = NO_NEWS;

    news.error_code = "order_unknown";
    if (!call_apply(work, call->id, &news, NULL))
        return false;
    log_warning(work, "call.order_unknown", "call=%s", call->call_sid);
    return fail(work, BUSY, "The carrier did not say whether it took the order");
}

/* A leg of a room is spoken in its own language, and always over a media stream. */
static void be_leg(struct ordering *o)
{
    o->call->media_mode = "stream";
    o->session.transport = "media_stream";
    o->session.greeting = NULL;
    o->call->language = o->session.language = o->order->language;
}

static bool prepare(struct work *work, struct ordering *o)
{
    const struct outbound_order *order = o->order;
    const struct outward outward = {
        .channel = GATE_VOICE, .from = order->from, .to = order->to, .transfer = order->transfer};

    if (!tenant_by_id(work, work->tenant, &o->tenant) || !gate_check(work, &outward, &o->pass) ||
        !carrier_of_tenant(work, &o->tenant, &o->carrier) ||
        !call_hold_micros(work, "outbound", &o->hold_micros))
        return false;
    describe(work, o);
    session_begin(&o->session);
    if (customer_answers(order->customer))
        o->call->media_mode = "none";
    else if (!find_agent(work, o))
        return false;
    if (!uid_is_none(order->room_id))
        be_leg(o);
    return true;
}

static bool place(struct work *work, struct ordering *o)
{
    struct carrier_outcome outcome = {0};
    struct carrier_call answer = {0};

    if (order_at_carrier(work, o, &answer, &outcome))
        return note_done(work, o->call, &answer);
    return outcome.end == CARRIER_REFUSED ? note_refused(work, o->call, &outcome)
                                          : note_unknown(work, o->call);
}

bool outbound_order(struct work *work, const struct outbound_order *order, struct call *call)
{
    struct ordering o = {.order = order, .call = call};

    return prepare(work, &o) && db_transaction(work, write_step, &o) && place(work, &o);
}

/* ---- two legs ---- */

struct pair {
    struct ordering legs[2];
    bool (*insert)(struct work *work, void *with);
    void *with;
};

static bool write_pair(struct work *work, void *with)
{
    struct pair *pair = with;

    return pair->insert(work, pair->with) && write_step(work, &pair->legs[0]) &&
           write_step(work, &pair->legs[1]);
}

/* The other leg failed; the failure that the caller learns of stays that one's. */
static bool drop_never_ordered(struct work *work, struct call *call)
{
    const struct carrier_outcome outcome = {.message = "The other leg could not be ordered"};

    return note_refused(work, call, &outcome);
}

static bool drop_ordered(struct work *work, const struct ordering *o)
{
    const struct carrier_setting settings[] = {{"Status", "completed"}};
    struct error error = work->error;
    struct call_news news = NO_NEWS;
    struct carrier_outcome outcome;
    struct carrier_call answer;

    if (!twilio_call_update(work, &o->carrier, o->call->call_sid, settings, COUNT(settings),
                            &answer, &outcome))
        log_warning(work, "call.not_cancelled", "call=%s", o->call->call_sid);
    news.end_reason = "carrier_error";
    news.error_message = "The other leg could not be ordered";
    call_apply(work, o->call->id, &news, NULL); /* the carrier's callback says the rest */
    work->error = error;
    return false;
}

bool outbound_is_unknown(struct work *work, struct call *call)
{
    const struct error error = work->error;
    bool is_unknown = error.what == BUSY && !uid_is_none(call->id) &&
                      call_get(work, call->id, call) && call->error_code &&
                      strcmp(call->error_code, "order_unknown") == 0;

    work->error = error;
    return is_unknown;
}

bool outbound_order_pair(struct work *work, const struct outbound_order *orders,
                         bool (*insert)(struct work *work, void *with), void *with,
                         struct call *calls)
{
    struct pair pair = {
        .legs = {{.order = &orders[0], .call = &calls[0]},
                 {.order = &orders[1], .call = &calls[1]}},
        .insert = insert,
        .with = with,
    };

    if (!prepare(work, &pair.legs[0]) || !prepare(work, &pair.legs[1]) ||
        !db_transaction(work, write_pair, &pair))
        return false;
    if (!place(work, &pair.legs[0]))
        return drop_never_ordered(work, &calls[1]);
    return place(work, &pair.legs[1]) || drop_ordered(work, &pair.legs[0]);
}
