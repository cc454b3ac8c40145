#include <criterion/criterion.h>

#include <string.h>

#include "domain/after.h"
#include "domain/relay_plan.h"
#include "domain/relay_proof.h"
#include "domain/tokens.h"
#include "fcgi/callback/twiml.h"
#include "remote/twilio_signature.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, false);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(relay_plan, .init = setup, .fini = end);

/* A call whose agent reads and writes; "more" are further members of its version's document. */
static struct incoming call_of_reader(const char *more)
{
    const char *config = arena_format(&work->arena,
                                      "{\"pipeline_mode\":\"relay\",\"language\":\"en-GB\","
                                      "\"chat_model\":\"gpt-4.1-mini\"%s}",
                                      more);

    cr_assert(agent_version_replace(work, world.agent.id, config, "test", &world.version), "%s",
              work->error.message);
    return call_in(&world);
}

static const char *twiml_of(const struct call_plan *plan)
{
    struct text out = {.arena = &work->arena};

    twiml_write_plan(&out, plan);
    return out.at;
}

Test(relay_plan, agents_that_read_and_write_are_connected_by_a_relay_with_a_token_of_its_own)
{
    struct incoming in = call_of_reader("");
    struct token token;

    cr_assert_not_null(in.plan.relay);
    cr_expect_str_eq(in.session.transport, "relay");
    cr_expect_str_eq(in.call.media_mode, "relay");
    cr_expect_str_eq(in.call.model, "gpt-4.1-mini");
    cr_expect(strlen(in.plan.stream_url) > 9 &&
              strcmp(in.plan.stream_url + strlen(in.plan.stream_url) - 9, "/relay/ws") == 0);
    cr_expect(token_read(work, TOKEN_RELAY, in.plan.stream_token, &token));
    cr_expect_not(token_read(work, TOKEN_STREAM, in.plan.stream_token, &token),
                  "a token of one is refused on the other");
}

Test(relay_plan, the_carrier_is_told_how_to_hear_and_speak)
{
    struct incoming in = call_of_reader(
        ",\"interruption_settings\":{\"sensitivity_ms\":500,\"ignore_backchannels\":true},"
        "\"relay_config\":{\"ttsProvider\":\"Google\",\"voice\":\"en-GB-Journey-F\","
        "\"hints\":\"Acme & Sons\"}");
    const char *twiml = twiml_of(&in.plan);
    const char *connect = strstr(twiml, "<Connect");

    cr_assert_not_null(connect, "%s", twiml);
    cr_expect_str_eq(
        connect,
        arena_format(&work->arena,
                     "<Connect action=\"%s\" method=\"POST\"><ConversationRelay url=\"%s\""
                     " language=\"en-GB\" ttsProvider=\"Google\" voice=\"en-GB-Journey-F\""
                     " hints=\"Acme &amp; Sons\" interruptible=\"any\""
                     " interruptSensitivity=\"medium\" ignoreBackchannel=\"true\""
                     " dtmfDetection=\"true\" partialPrompts=\"true\" events=\"speaker-events\">"
                     "<Parameter name=\"relay_token\" value=\"%s\"/>"
                     "</ConversationRelay></Connect></Response>\n",
                     in.plan.after_url, in.plan.stream_url, in.plan.stream_token));
}

Test(relay_plan, an_agent_that_is_not_to_be_interrupted_is_not)
{
    struct incoming in = call_of_reader(",\"interruptionSettings\":{\"enabled\":false}");

    cr_expect_str_eq(in.plan.relay->interruptible, "none");
}

static struct call_plan after(const struct incoming *in, bool agent_ended)
{
    const struct token token = {
        .tenant_id = work->tenant, .call = in->call.id, .session = in->session.id};
    struct call_plan plan;

    cr_assert(after_connect(
                  work, &token,
                  &(struct after_facts){.agent_ended = agent_ended, .waited = AFTER_WAITS}, &plan),
              "%s", work->error.message);
    return plan;
}

static void claim_relay(const struct incoming *in)
{
    const struct claim claim = {
        .token = in->plan.stream_token,
        .relay = true,
        .stream_sid = arena_format(&work->arena, "VX%s", in->call.call_sid + 2),
        .call_sid = in->call.call_sid,
        .node_id = world.node.id,
        .node_epoch = world.node.epoch,
    };
    struct voice_session session;
    struct agent_version version;
    struct call call;

    cr_assert(session_claim(work, &claim, &session, &call, &version), "%s", work->error.message);
    cr_expect_str_eq(session.relay_sid, claim.stream_sid);
}

Test(relay_plan, a_relay_that_broke_is_followed_by_another)
{
    struct incoming in = call_of_reader("");
    struct call_plan plan;

    claim_relay(&in);
    plan = after(&in, false);
    cr_expect_eq(plan.kind, PLAN_CONNECT);
    cr_expect_not_null(plan.relay);
}

Test(relay_plan, a_relay_that_we_ended_is_followed_by_nothing_even_before_that_is_stored)
{
    struct incoming in = call_of_reader("");

    claim_relay(&in);
    cr_expect_eq(after(&in, true).kind, PLAN_HANGUP);
}

/* ---- who connects ---- */

static struct relay_handshake handshake(const char *token)
{
    struct relay_handshake made;
    const char *url = "wss://voice.example.com/n/one/relay/ws";

    relay_handshake_read(work, "/n/one/relay/ws", "voice.example.com",
                         twilio_signature(&work->arena, token, url, NULL, 0), &made);
    return made;
}

Test(relay_plan, the_carriers_own_signature_is_known_and_others_are_not)
{
    struct incoming in = call_of_reader("");
    struct relay_handshake ours, foreign;

    world.config.twilio_auth_token = "the platform's";
    world.config.stream_public_url = "wss://stream.example.com";
    ours = handshake("the platform's");
    foreign = handshake("somebody's");
    cr_expect(relay_is_ours(work, &ours));
    cr_expect(relay_prove(work, &ours, in.plan.stream_token));
    cr_expect_not(relay_is_ours(work, &foreign));
    cr_expect_not(relay_prove(work, &foreign, in.plan.stream_token));
    cr_expect_eq(work->error.what, UNAUTHENTICATED);
}
