/*
 * The doors that are not of the APIs: the daemon's sockets, what the carrier posts, and what
 * anybody may ask.  At each another tenant shows what is his and names what is not.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/operations.h"
#include "api/twilio/router.h"
#include "fcgi/callback/callback.h"
#include "harness/websocket.h"

TestSuite(isolation_at_doors, .timeout = 240);

/* ---- sockets that tell of calls ---- */

static int stream_port(void)
{
    return atoi(fact("STREAM_PORT"));
}

static const char *line(const char *credential)
{
    return say("%s\r\n", credential);
}

static const char *event_id(const struct tenancy *tenancy, const char *order)
{
    return text_of(say("SELECT LOWER(HEX(e.id)) FROM call_events e JOIN tenants t ON t.id ="
                       " e.tenant_id WHERE t.tenant_key = '%s' ORDER BY e.id %s LIMIT 1",
                       tenancy->customer.tenant, order));
}

/* What a socket tells until it is closed or has been silent for a moment. */
static const char *all_told(struct websocket *ws)
{
    const char *all = "", *text;

    while ((text = websocket_hear(ws, 2)) && strlen(all) < 64 * 1024)
        all = say("%s%s\n", all, text);
    return all;
}

/* Opens it with a key of ours; nothing that it tells is theirs. */
static void tells_nothing(const char *path, const char *credential, const char *frame,
                          const struct pair *pair)
{
    struct websocket ws = websocket_open(stream_port(), path, line(credential));
    struct reply told = {0};
    const char *leak;

    cr_assert_eq(ws.status, 101, "%s: %d", path, ws.status);
    if (frame)
        websocket_say(&ws, frame);
    told.body = say("%s", all_told(&ws));
    leak = leak_in(&told, say("%s %s", path, frame ? frame : ""), &pair->theirs, NULL);
    cr_expect_not(leak, "%s %s tells %s of another tenant: %s", path, frame ? frame : "", leak,
                  told.body);
    websocket_end(&ws);
}

static void refuses(const char *path, const char *credential)
{
    struct websocket ws = websocket_open(stream_port(), path, line(credential));

    if (ws.status == 101) {
        cr_expect(websocket_closed(&ws, 10), "%s stays open", path);
        cr_expect(ws.close_code == 1008 || ws.close_code == 4404, "%s: %d", path, ws.close_code);
    } else {
        cr_expect(ws.status / 100 == 4, "%s: %d", path, ws.status);
    }
    websocket_end(&ws);
}

static void events_are_alone(const struct pair *pair)
{
    const char *ours = credential_for("phony", &pair->ours);
    const char *call = value_of(source_of("call_sid", ""), &pair->theirs);
    const char *stream = value_of(source_of("stream_sid", ""), &pair->theirs);

    refuses(say("/events/ws?call_sid=%s", call), ours);
    refuses(say("/events/ws?call_id=%s", stream), ours);
    tells_nothing(say("/events/ws?after=%s", event_id(&pair->theirs, "ASC")), ours, NULL, pair);
    tells_nothing("/events/ws", ours,
                  say("{\"type\":\"subscribe\",\"call_sid\":\"%s\",\"after\":\"%s\"}", call,
                      event_id(&pair->theirs, "ASC")),
                  pair);
    for (size_t i = 0; i < API_NAMES; i++)
        if (strcmp(api_names[i], "phony") != 0)
            refuses("/events/ws", credential_for(api_names[i], &pair->theirs));
}

static void logs_are_alone(const struct pair *pair)
{
    const char *ours = credential_for("stateset", &pair->ours);
    const char *call = value_of(source_of("call_sid", ""), &pair->theirs);
    const char *stream = value_of(source_of("stream_sid", ""), &pair->theirs);

    for (int i = 0; i < 2; i++) {
        const char *path = i ? "/logs" : "/api/v1/logs";

        refuses(say("%s?call_sid=%s", path, call), ours);
        refuses(say("%s?stream_sid=%s", path, stream), ours);
        tells_nothing(say("%s?level=debug&tail=500", path), ours, NULL, pair);
        tells_nothing(say("%s?level=debug&after=%s", path, event_id(&pair->theirs, "ASC")), ours,
                      NULL, pair);
        for (size_t j = 0; j < API_NAMES; j++)
            if (strcmp(api_names[j], "stateset") != 0)
                refuses(path, credential_for(api_names[j], &pair->theirs));
    }
}

/* ---- sockets that carry calls ---- */

/* The token in the TwiML of an incoming call. */
static const char *token_in(const struct reply *reply)
{
    const char *at_ = strstr(reply->body, "/media-stream/");

    cr_assert(at_, "%s", reply->body);
    at_ += strlen("/media-stream/");
    return say("%.*s", (int)strcspn(at_, "\"/?<"), at_);
}

static const char *state_of(const char *call)
{
    return text_of(say("SELECT s.state FROM voice_sessions s JOIN calls c ON c.tenant_id ="
                       " s.tenant_id AND c.id = s.call_id WHERE c.call_sid = '%s'",
                       call));
}

/* Says that a stream of that call begins; whoever it is, he is let go. */
static void starts_nothing(const char *path, const char *credential, const char *call,
                           const char *token)
{
    struct websocket ws = websocket_open(stream_port(), path, credential ? line(credential) : "");

    if (ws.status == 101) {
        websocket_say(&ws, say("{\"event\":\"start\",\"start\":{\"streamSid\":\"MZ%s\",\"callSid\":"
                               "\"%s\",\"customParameters\":{\"stream_token\":\"%s\"}}}",
                               new_call_sid() + 2, call, token));
        cr_expect(websocket_closed(&ws, 10), "%s", path);
    } else {
        cr_expect(ws.status / 100 == 4, "%s: %d", path, ws.status);
    }
    websocket_end(&ws);
}

/* Neither a token of a call of one's own nor a key of one's own opens a call of somebody else. */
static void media_is_alone(const struct pair *pair)
{
    struct reply reply;
    const char *theirs = call_arrives(&pair->theirs.customer, "+13125550377", NULL);
    const char *ours = call_arrives(&pair->ours.customer, "+13125550376", &reply);
    const char *token = token_in(&reply);

    starts_nothing(say("/media-stream/%s", token), NULL, theirs, token);
    starts_nothing("/media-stream", NULL, theirs, token);
    for (size_t i = 0; i < API_NAMES; i++) {
        starts_nothing("/media-stream", credential_for(api_names[i], &pair->ours), theirs, "");
        if (strcmp(api_names[i], "stateset") != 0)
            starts_nothing("/media-stream", credential_for(api_names[i], &pair->theirs), theirs,
                           "");
    }
    cr_expect_str_eq(state_of(theirs), "pending");
    cr_expect_str_eq(state_of(ours), "pending", "nor is a token spent on a call of somebody else");
}

/* A relay's socket is the carrier's: keys of tenants open none. */
static void relay_is_alone(const struct pair *pair)
{
    for (size_t i = 0; i < API_NAMES; i++)
        refuses("/relay/ws", credential_for(api_names[i], &pair->ours));
}

/* ---- all of them ---- */

/* A new socket has to be thought of here. */
static const struct door {
    const char *path;
    void (*see)(const struct pair *pair);
} doors[] = {
    {"/events/ws", events_are_alone},
    {"/api/v1/logs", logs_are_alone},
    {"/media-stream", media_is_alone},
    {"/relay/ws", relay_is_alone},
};

static void look_at_door(const struct operation *one, const struct pair *pair)
{
    if (!operation_is_daemons(one))
        return;
    for (size_t i = 0; i < COUNT_OF(doors); i++)
        if (strcmp(doors[i].path, one->path) == 0) {
            doors[i].see(pair);
            return;
        }
    cr_assert_fail("nobody has tried %s with what is another tenant's", one->path);
}

Test(isolation_at_doors, that_the_daemon_keeps)
{
    struct pair pair = {first_tenant(), second_tenant()};

    for (size_t i = 0; i < API_NAMES; i++)
        operations_each(api_names[i], &pair, look_at_door);
}

/* Orders come from our own programs alone, whoever asks and whatever for. */
Test(isolation_at_doors, of_the_control_listener)
{
    struct pair pair = {first_tenant(), second_tenant()};
    const char *const asked[][2] = {
        {"POST", say("/control/commands/%s", value_of(source_of("delivery_id", ""), &pair.theirs))},
        {"GET", "/control/status"},
        {"GET", "/control/metrics"},
    };

    for (size_t i = 0; i < COUNT_OF(asked); i++)
        for (size_t j = 0; j < API_NAMES; j++) {
            const char *const headers[] = {credential_for(api_names[j], &pair.theirs), NULL};
            struct reply reply =
                http(asked[i][0], say("http://%s%s", fact("LISTEN_CONTROL"), asked[i][1]), headers,
                     *asked[i][0] == 'P' ? "{}" : NULL);

            cr_expect_eq(reply.status, 401, "%s: %ld %s", asked[i][1], reply.status, reply.body);
        }
}

/* ---- what the carrier posts ---- */

/* Everything that a carrier could name, and it is all theirs; posted by another account. */
static const char *form_of(const struct tenancy *theirs, const char *account)
{
    const char *number = encoded(theirs->customer.number);

    return say(
        "AccountSid=%s&CallSid=%s&CallStatus=completed&CallDuration=5&SequenceNumber=9"
        "&From=%s&To=%s&Direction=inbound&ApiVersion=2010-04-01&RecordingSid=RE%s"
        "&RecordingStatus=completed&RecordingUrl=https%%3A%%2F%%2Fexample.com%%2Fr"
        "&StreamSid=%s&StreamEvent=stream-error&ConferenceSid=CF%s&StatusCallbackEvent="
        "conference-end&MessageSid=SM%s&MessageStatus=failed&AnsweredBy=machine_start&Body=STOP",
        account, value_of(source_of("call_sid", ""), theirs), number, number, new_call_sid() + 2,
        value_of(source_of("stream_sid", ""), theirs), new_call_sid() + 2, new_call_sid() + 2);
}

/* The token behind "/hooks/twilio/after/" in the TwiML of a call of theirs. */
static const char *after_token(const struct tenancy *theirs)
{
    struct reply reply;
    const char *at_;

    call_arrives(&theirs->customer, "+13125550375", &reply);
    at_ = strstr(reply.body, "/hooks/twilio/after/");
    cr_assert(at_, "%s", reply.body);
    at_ += strlen("/hooks/twilio/after/");
    return say("%.*s", (int)strcspn(at_, "\"/?<"), at_);
}

static void post_as(const char *account, const struct route *row, const char *token,
                    const struct pair *pair)
{
    const char *path = strchr(row->line, ' ') + 1, *open = strchr(path, '{');
    const char *form = form_of(&pair->theirs, account), *leak;
    struct reply reply;

    if (open)
        path = say("%.*s%s", (int)(open - path), path, token);
    reply = callback(path, form, carrier_token(account), NULL);
    cr_expect_lt(reply.status, 500, "%s: %ld %s", path, reply.status, reply.body);
    cr_expect_null(strstr(reply.body, "<Stream"), "%s: %s", path, reply.body);
    cr_expect_null(strstr(reply.body, "<Dial"), "%s: %s", path, reply.body);
    leak = leak_in(&reply, say("%s %s", path, form), &pair->theirs, NULL);
    cr_expect_not(leak, "%s shows %s of another tenant: %s", path, leak, reply.body);
    nothing_changed(path);
}

Test(isolation_at_doors, where_the_carrier_knocks_for_somebody_else)
{
    static const struct dialect *const carriers[] = {&callbacks, &hooks};
    struct pair pair = {first_tenant(), second_tenant()};
    struct customer stranger = customer_new();
    const char *account = customer_carrier(&stranger), *token = after_token(&pair.theirs);
    size_t count = 0;

    census_begin(&pair.theirs);
    for (size_t i = 0; i < COUNT_OF(carriers); i++)
        for (size_t j = 0; j < carriers[i]->nroutes; j++, count++)
            post_as(account, &carriers[i]->routes[j], token, &pair);
    cr_expect_geq(count, 15u, "%zu", count);
    cr_expect_eq(number_of(say("SELECT COUNT(*) FROM carrier_callbacks x JOIN tenants t ON t.id ="
                               " x.tenant_id WHERE t.tenant_key = '%s' AND x.signature = 'valid'"
                               " AND JSON_VALUE(x.params, '$.AccountSid') = '%s'",
                               pair.theirs.customer.tenant, account)),
                 0, "what was refused is kept as what it was");
}

/* What a stranger says first does not keep the carrier from being heard afterwards. */
Test(isolation_at_doors, where_a_stranger_comes_before_the_carrier)
{
    struct customer customer = customer_new(), stranger = customer_new();
    const char *account = customer_carrier(&stranger), *sid;

    customer_number(&customer);
    sid = call_arrives(&customer, "+13125550374", NULL);
    callback("/api/v1/call-status",
             say("AccountSid=%s&CallSid=%s&CallStatus=completed&SequenceNumber=3&CallDuration=5"
                 "&From=%%2B13125550374&To=%%2B%s",
                 account, sid, customer.number + 1),
             carrier_token(account), NULL);
    cr_expect_str_eq(column_of(sid, "state"), "ringing");
    callback("/api/v1/call-status",
             call_form(&customer, sid, "completed", "&CallDuration=5&SequenceNumber=3"),
             fact("REHEARSAL_AUTH_TOKEN"), NULL);
    AWAIT(strcmp(column_of(sid, "state"), "completed") == 0);
}

/* ---- what anybody may ask ---- */

static void asked_by_anybody(const struct operation *one, const struct pair *pair)
{
    size_t arounds, insides, ids;
    const char *path, *body, *leak;
    struct reply reply;

    if (!operation_is_open(one) || operation_is_daemons(one))
        return;
    path = operation_path(one, &pair->theirs, &pair->theirs, &arounds, &insides);
    body = operation_body(one, &pair->theirs, &ids);
    reply = operation_ask(one, path, body, credential_for(one->api, &pair->ours));
    cr_expect_eq(insides + arounds, 0u, "%s is open, and of something", one->path);
    leak = leak_in(&reply, say("%s %s", path, body ? body : ""), &pair->theirs, NULL);
    cr_expect_not(leak, "%s shows %s: %s", path, leak, reply.body);
    nothing_changed(path);
}

Test(isolation_at_doors, that_are_open_to_anybody)
{
    struct pair pair = {first_tenant(), second_tenant()};

    census_begin(&pair.theirs);
    for (size_t i = 0; i < API_NAMES; i++)
        operations_each(api_names[i], &pair, asked_by_anybody);
}
