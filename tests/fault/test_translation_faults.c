/* A translation call outlives the node that holds both of its legs. */
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

static void restore(void)
{
    part_stop("stream2", "INT");
    part_start("stream");
    AWAIT(http("GET", "/health/ready", NULL, NULL).status == 200);
}

TestSuite(translation_faults, .init = restore, .fini = restore, .timeout = 240);

static const char *start(const struct customer *customer, const char *body, const char **other)
{
    const char *const headers[] = {say("Authorization: Bearer %s", customer->stateset),
                                   "Content-Type: application/json", NULL};
    struct reply reply = http("POST", "/api/v1/voice/translation-calls", headers, body);

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    *other = at(reply.json, "participant_b_call_sid");
    return at(reply.json, "participant_a_call_sid");
}

/* The nodes that hold a leg now, "1,1" when both are at one. */
static const char *holders(const char *first, const char *second)
{
    return at(query(say("SELECT GROUP_CONCAT(DISTINCT s.node_id) AS nodes, COUNT(*) AS legs FROM"
                        " voice_sessions s JOIN calls c ON c.tenant_id = s.tenant_id AND c.id ="
                        " s.call_id WHERE c.call_sid IN ('%s', '%s') AND s.state = 'active'"
                        " HAVING legs = 2",
                        first, second)),
              "0.nodes");
}

static bool hears(const char *sid, const char *text)
{
    return strstr(
        json_object_to_json_string(control("CARRIER", "GET", say("/_calls/%s", sid), NULL).json),
        text);
}

Test(translation_faults, both_legs_meet_again_when_their_node_is_killed)
{
    struct customer customer = customer_new();
    const char *first, *second, *before;

    customer_number(&customer);
    somebody_on("+13125550170",
                "\"script\":[{\"pause_ms\":4000},{\"say\":\"Where is the station?\"},"
                "{\"wait_text\":\"In en: Next to the church.\"},{\"pause_ms\":12000},"
                "{\"say\":\"Are you still there?\"},{\"pause_ms\":20000}]");
    somebody_on("+13125550171", "\"script\":[{\"wait_text\":\"In es: Where is the station?\"},"
                                "{\"say\":\"Next to the church.\"},{\"wait_text\":"
                                "\"In es: Are you still there?\",\"timeout_ms\":60000}]");
    first = start(&customer,
                  "{\"participant_a\":\"+13125550170\",\"participant_b\":"
                  "\"+13125550171\"}",
                  &second);
    AWAIT_FOR(60, hears(first, "In en: Next to the church."));
    before = holders(first, second);
    cr_assert_eq(strlen(before), 1, "the legs are at %s", before);
    part_start("stream2");
    AWAIT(strcmp(at(query("SELECT COUNT(*) AS up FROM media_nodes WHERE role = 'daemon' AND state ="
                          " 'up'"),
                    "0.up"),
                 "2") == 0);
    part_stop("stream", "KILL");
    AWAIT(strlen(holders(first, second)) == 1 && strcmp(holders(first, second), before) != 0);
    AWAIT_FOR(60, hears(second, "In es: Are you still there?"));
    call_ended(second);
}
