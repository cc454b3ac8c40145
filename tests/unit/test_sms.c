#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "domain/sms.h"
#include "domain/suppressions.h"
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

TestSuite(sms, .init = setup, .fini = end);

#define CALLER "+13125550001"

static const char *receive(const char *body, const char *message_sid)
{
    const struct sms_arrival arrival = {.message_sid = message_sid,
                                        .from = CALLER,
                                        .to = world.number.e164,
                                        .body = body,
                                        .segments = 1};
    const char *answer;

    cr_assert(sms_receive(work, &arrival, &answer), "%s", work->error.message);
    return answer;
}

static bool suppressed(void)
{
    bool is;

    cr_assert(is_suppressed(work, "sms", CALLER, world.number.e164, &is));
    return is;
}

struct keyword_case {
    char body[24];
    enum sms_keyword keyword;
};

ParameterizedTestParameters(sms_keywords, are_read)
{
    static struct keyword_case cases[] = {
        /* clang-format off */
        {"STOP", SMS_STOP}, {" stop. ", SMS_STOP}, {"Unsubscribe", SMS_STOP}, {"QUIT!", SMS_STOP},
        {"end\n", SMS_STOP}, {"stopall", SMS_STOP}, {"start", SMS_START}, {"Unstop", SMS_START},
        {"HELP", SMS_HELP}, {"info", SMS_HELP}, {"", SMS_NO_KEYWORD},
        {"please stop calling", SMS_NO_KEYWORD}, {"stops", SMS_NO_KEYWORD}, {"...", SMS_NO_KEYWORD},
        /* clang-format on */
    };

    return cr_make_param_array(struct keyword_case, cases, COUNT(cases));
}

ParameterizedTest(struct keyword_case *given, sms_keywords, are_read)
{
    cr_expect_eq(sms_keyword_of(given->body), given->keyword, "\"%s\"", given->body);
}

Test(sms, stop_suppresses_and_start_lifts)
{
    cr_expect(strstr(receive("Stop", new_sid(&world, "SM")), "unsubscribed") != NULL);
    cr_expect(suppressed());
    cr_expect_null(receive("STOP", new_sid(&world, "SM")), "one confirmation is the last word");
    cr_expect_null(receive("help", new_sid(&world, "SM")), "nothing goes to who said stop");
    cr_expect(strstr(receive("start", new_sid(&world, "SM")), "resubscribed") != NULL);
    cr_expect_not(suppressed());
    cr_expect(strstr(receive("HELP", new_sid(&world, "SM")), "STOP") != NULL);
}

Test(sms, a_message_delivered_again_is_answered_again)
{
    const char *sid = new_sid(&world, "SM"), *stop = new_sid(&world, "SM");

    cr_expect(receive("help", sid) != NULL);
    cr_expect(receive("help", sid) != NULL);
    cr_expect(receive("stop", stop) != NULL);
    cr_expect_null(receive("stop", stop), "but for the last word");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ?"), 2);
}

Test(sms, the_carrier_may_answer_by_itself)
{
    const struct sms_arrival arrival = {.message_sid = new_sid(&world, "SM"),
                                        .from = CALLER,
                                        .to = world.number.e164,
                                        .body = "arret",
                                        .opt_out_type = "STOP",
                                        .segments = 1};
    const char *answer;

    cr_assert(sms_receive(work, &arrival, &answer));
    cr_expect_null(answer);
    cr_expect(suppressed());
}

Test(sms, messages_are_taken_in_once)
{
    const char *sid = new_sid(&world, "SM");

    cr_expect_null(receive("Hello \xf0\x9f\x98\x80", sid));
    cr_expect_null(receive("Hello \xf0\x9f\x98\x80", sid));
    receive("Are you there?", new_sid(&world, "SM"));
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ?"), 2);
    cr_expect_eq(tenant_number(&world, "SELECT message_count FROM sms_conversations"
                                       " WHERE tenant_id = ?"),
                 2);
}

/* A message of ours that is on its way. */
static const char *outgoing(void)
{
    static const char sql[] =
        "INSERT INTO sms_messages (tenant_id, id, conversation_id, message_sid, direction, status,"
        " status_rank, from_number, to_number, media, origin, metadata, created_at, updated_at,"
        " rev) VALUES (?, ?, ?, ?, 'outbound', 'queued', 10, '+13125550002', '+13125550001',"
        " '[]', 'api', '{}', ?, ?, 1)";
    const char *sid = new_sid(&world, "SM");
    uid id = uid_new();
    instant now = clock_now();
    const struct param params[] = {PARAM(work->tenant), PARAM(id),  PARAM(id),
                                   PARAM(sid),          PARAM(now), PARAM(now)};

    cr_assert(db_execute(work, sql, params, COUNT(params), NULL), "%s", work->error.message);
    return sid;
}

Test(sms, receipts_only_move_forward)
{
    const char *sid = outgoing();
    bool moved;

    cr_assert(sms_apply_status(work, sid, "delivered", NULL, NULL, &moved));
    cr_expect(moved);
    cr_assert(sms_apply_status(work, sid, "sent", NULL, NULL, &moved));
    cr_expect_not(moved);
    cr_assert(sms_apply_status(work, sid, "failed", "30003", "Unreachable", &moved));
    cr_expect_not(moved);
    cr_assert(sms_apply_status(work, sid, "teleported", NULL, NULL, &moved));
    cr_expect_not(moved);
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM sms_messages WHERE tenant_id = ?"
                                       " AND status = 'delivered' AND delivered_at IS NOT NULL"),
                 1);
    cr_expect_not(sms_apply_status(work, new_sid(&world, "SM"), "sent", NULL, NULL, &moved));
    cr_expect_eq(work->error.what, NOT_FOUND);
}
