/* Relayed calls whose parts are killed. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

static const char *said_to_model(const char *model)
{
    struct reply log = control("MODEL", "GET", "/_log?after=0", NULL);
    json_object *entries;
    const char *found = "";

    cr_assert(json_object_object_get_ex(log.json, "entries", &entries));
    for (size_t i = 0; i < json_object_array_length(entries); i++) {
        json_object *one = json_object_array_get_idx(entries, i);

        if (strcmp(at(one, "event"), "chat") == 0 && strcmp(at(one, "model"), model) == 0)
            found = json_object_to_json_string(one);
    }
    return found;
}

/* A customer whose agent reads and writes. */
static struct customer reader_new(const char **model)
{
    struct customer customer = customer_new();

    *model = say("gpt-%s", customer.tenant);
    customer_version(&customer, say("\"pipeline_mode\":\"relay\",\"greeting\":\"Hello, this is the "
                                    "desk.\",\"chat_model\":\"%s\"",
                                    *model));
    customer_number(&customer);
    return customer;
}

static bool was_said(const char *sid, const char *words)
{
    struct reply call = control("CARRIER", "GET", say("/_calls/%s", sid), NULL);

    return strstr(call.body, words) != NULL;
}

Test(relay_faults, a_relayed_call_outlives_the_daemon_that_held_it, .timeout = 180)
{
    const char *model;
    struct customer customer = reader_new(&model);
    const char *sid = call_place(&customer, "+13125550149",
                                 "[{\"wait_agent\":true},{\"say\":\"My name is Ada\"},"
                                 "{\"wait_text\":\"You said: My name is Ada\"},{\"pause_ms\":9000},"
                                 "{\"say\":\"Who am I?\"},{\"wait_text\":\"You said: Who am I\"},"
                                 "{\"hangup\":true}]");
    json_object *carrier;

    AWAIT(was_said(sid, "You said: My name is Ada"));
    part_stop("stream", "KILL");
    part_start("stream");
    carrier = call_ended(sid);
    cr_expect_str_eq(at(carrier, "state"), "completed");
    cr_expect_str_eq(at(carrier, "relays.1.status"), "failed");
    cr_expect(was_said(sid, "You said: Who am I?"), "%s", json_object_to_json_string(carrier));
    cr_expect(strstr(said_to_model(model), "My name is Ada") != NULL, "%s", said_to_model(model));
    cr_expect_str_eq(at(call_settled(&customer, sid), "outcome"), "answered");
}

/* The node anew, with another provider of chat models or without. */
static void restart_with(const char *url, const char *model)
{
    part_stop("stream", "INT");
    if (url) {
        setenv("OPENAI_CHAT_FALLBACK_URL", url, 1);
        setenv("OPENAI_CHAT_FALLBACK_MODEL", model, 1);
    } else {
        unsetenv("OPENAI_CHAT_FALLBACK_URL");
        unsetenv("OPENAI_CHAT_FALLBACK_MODEL");
    }
    part_start("stream");
    AWAIT(strcmp(at(query(say("SELECT COUNT(*) AS up FROM media_nodes WHERE name = '%s' AND state ="
                              " 'up' AND heartbeat_at > UTC_TIMESTAMP(3) - INTERVAL 5 SECOND",
                              fact("NODE_NAME"))),
                    "0.up"),
                 "1") == 0);
}

Test(relay_faults, another_provider_goes_on_where_the_first_is_away, .timeout = 180)
{
    const char *model, *other, *sid;
    struct customer customer = reader_new(&model);
    json_object *carrier;

    other = say("%s-other", model);
    restart_with(fact("OPENAI_BASE_URL"), other);
    cr_assert_eq(control("MODEL", "POST", "/_fault",
                         say("{\"match\":{\"event\":\"chat\",\"model\":\"%s\"},\"do\":\"refuse\","
                             "\"status\":503,\"times\":-1}",
                             model))
                         .status /
                     100,
                 2);
    sid = call_place(&customer, "+13125550148",
                     "[{\"wait_agent\":true},{\"say\":\"Is anybody there?\"},"
                     "{\"wait_text\":\"You said: Is anybody there\"},{\"hangup\":true}]");
    carrier = call_ended(sid);
    cr_expect(was_said(sid, "You said: Is anybody there?"), "%s",
              json_object_to_json_string(carrier));
    cr_expect(strstr(said_to_model(other), "Is anybody there?") != NULL);
    restart_with(NULL, NULL);
}
