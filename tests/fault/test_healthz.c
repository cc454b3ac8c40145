/*
 * Health in three members, while this host should get no more calls.
 */
#include <criterion/criterion.h>

#include "harness/harness.h"

static void set_state(const char *state)
{
    query(say("UPDATE media_nodes SET state = '%s' WHERE name = '%s'", state, fact("NODE_NAME")));
}

static void put_back(void)
{
    set_state("up");
}

TestSuite(healthz, .fini = put_back, .timeout = 60);

static bool is(long status)
{
    struct reply reply = http("GET", "/healthz", NULL, NULL);

    return reply.status == status;
}

/* A heartbeat may say meanwhile that the node is up. */
static bool is_503_drained(void)
{
    set_state("draining");
    return is(503);
}

Test(healthz, is_503_while_the_host_drains)
{
    AWAIT(is(200));
    AWAIT(is_503_drained());
    set_state("up");
    AWAIT(is(200));
}
