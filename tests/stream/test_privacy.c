/*
 * What callers may rely on: they are told before they are recorded, what is not to be kept is kept
 * nowhere, and the recording stands still while card data is given.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "recorded.h"

static struct customer customer_with(const char *members)
{
    struct customer customer = customer_new();

    customer_version(&customer, say(DESK ",%s", members));
    customer_number(&customer);
    return customer;
}

/* One value of the call's row. */
static const char *of_call(const char *sid, const char *what)
{
    return at(query(say("SELECT %s AS it FROM calls WHERE call_sid = '%s'", what, sid)), "0.it");
}

/* The order in which two texts were heard by the carrier's caller; -1: not both. */
static int order_of(json_object *carrier, const char *first, const char *second)
{
    const char *all = json_object_to_json_string(carrier);
    const char *one = strstr(all, first), *other = strstr(all, second);

    return !one || !other ? -1 : one < other;
}

/* ---- consent ---- */

Test(privacy, callers_are_told_before_they_are_recorded, .timeout = 120)
{
    struct customer customer =
        customer_with("\"recording\":{\"enabled\":true,\"consent_text\":\"We record this call.\"}");
    json_object *carrier;
    const char *sid;

    sid = call_place(&customer, "+13125550301",
                     "[{\"wait_agent\":true},{\"say\":\"Good morning.\"},{\"wait_agent\":true}]");
    carrier = call_ended(sid);
    cr_expect_eq(order_of(carrier, "We record this call.", "Hello, this is the desk."), 1, "%s",
                 json_object_to_json_string(carrier));
    call_settled(&customer, sid);
    cr_expect_str_eq(of_call(sid, "consent_at IS NOT NULL AND consent_at >= started_at"), "1");
    AWAIT(atoi(of_call(sid, "recording_count")) == 1);
}

Test(privacy, calls_that_are_not_recorded_begin_without_a_word_of_it, .timeout = 120)
{
    struct customer customer = customer_with(
        "\"recording\":{\"enabled\":false,\"consent_text\":\"We record this call.\"}");
    json_object *carrier;
    const char *sid;

    sid = call_place(&customer, "+13125550302", "[{\"wait_agent\":true}]");
    carrier = call_ended(sid);
    cr_expect_null(strstr(json_object_to_json_string(carrier), "We record"));
    call_settled(&customer, sid);
    cr_expect_str_eq(of_call(sid, "consent_at IS NULL"), "1");
    cr_expect_str_eq(of_call(sid, "recording_count"), "0");
}

/* ---- the recording stands still ---- */

/* The moment at which an event of the call happened in its recording. */
static double moment(const char *sid, const char *type)
{
    const char *ms = at(query(say("SELECT JSON_VALUE(e.payload, '$.at_ms') AS it FROM call_events e"
                                  " JOIN calls c ON c.tenant_id = e.tenant_id AND c.id = e.call_id"
                                  " WHERE c.call_sid = '%s' AND e.type = '%s'",
                                  sid, type)),
                        "0.it");

    cr_assert(*ms, "no %s", type);
    return atof(ms);
}

Test(privacy, nothing_is_recorded_while_card_data_is_given, .timeout = 150)
{
    struct customer customer =
        customer_with("\"recording\":{\"enabled\":true},"
                      "\"enabled_tools\":[\"pause_recording\",\"resume_recording\"]");
    double paused, resumed, whole;
    struct sound sound;
    struct reply mp3;
    const char *sid;

    sid = call_place(&customer, "+13125550303",
                     "[{\"wait_agent\":true},{\"say\":\"Use the tool pause_recording\"},"
                     "{\"wait_agent\":true},{\"say\":\"My number is a secret of mine.\"},"
                     "{\"wait_agent\":true},{\"say\":\"Use the tool resume_recording\"},"
                     "{\"wait_agent\":true},{\"say\":\"Now you may listen to me again.\"},"
                     "{\"wait_agent\":true}]");
    call_ended(sid);
    call_settled(&customer, sid);
    delivery_await(customer.webhook_path, "call.completed", sid);
    AWAIT((mp3 = recorded(&customer, sid, NULL)).status == 200);
    sound = recorded_sound(&mp3);
    paused = moment(sid, "recording.paused");
    resumed = moment(sid, "recording.resumed");
    whole = (double)(sound.length / 4) * 1000 / (double)sound.rate;
    cr_assert(resumed > paused + 2000, "%.0f to %.0f", paused, resumed);
    for (int channel = 0; channel < 2; channel++) {
        double secret = sound_energy(&sound, channel, paused + 200, resumed - 200);

        cr_expect(sound_energy(&sound, channel, 0, paused) > 100 * (secret + 1),
                  "channel %d before the pause", channel);
        cr_expect(sound_energy(&sound, channel, resumed + 200, whole) > 100 * (secret + 1),
                  "channel %d behind the pause", channel);
    }
    free(sound.wav);
}

/* ---- what is kept nowhere ---- */

/* How many rows of all that a call leaves behind hold a text. */
static int kept_rows(const char *sid, const char *text)
{
    static const char *const places[][2] = {
        {"call_turns", "text"},
        {"call_events", "payload"},
        {"call_texts", "body"},
        {"tool_invocations", "CONCAT_WS(' ', arguments, result)"},
    };
    int count = 0;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        count += atoi(at(query(say("SELECT COUNT(*) AS n FROM %s x JOIN calls c ON c.tenant_id ="
                                   " x.tenant_id AND c.id = x.call_id WHERE c.call_sid = '%s' AND"
                                   " %s LIKE '%%%s%%'",
                                   places[i][0], sid, places[i][1], text)),
                         "0.n"));
    return count;
}

Test(privacy, what_the_tenant_does_not_want_is_kept_nowhere, .timeout = 120)
{
    struct customer customer = customer_with("\"redaction\":{\"cards\":true,\"emails\":true}");
    const char *sid, *body;

    sid = call_place(&customer, "+13125550304",
                     "[{\"wait_agent\":true},{\"say\":\"My card is 4111 1111 1111 1111, write to"
                     " ada@example.com please.\"},{\"wait_agent\":true}]");
    call_ended(sid);
    call_settled(&customer, sid);
    body = kwick(&customer, "GET", say("/v1/calls/%s/transcript", sid), NULL).body;
    cr_expect(strstr(body, "My card is [card], write to [email] please."), "%s", body);
    cr_expect_eq(kept_rows(sid, "[card]") > 0, true, "it is looked for in the right places");
    cr_expect_eq(kept_rows(sid, "4111"), 0);
    cr_expect_eq(kept_rows(sid, "ada@example"), 0);
}

/* ---- what is counted ---- */

/* The sum of a figure over all nodes. */
static long figure(const char *name)
{
    const char *body = http("GET", "/metrics", NULL, NULL).body;
    size_t length = strlen(name);
    long sum = 0;

    for (const char *line = body; line && (line = strstr(line, name)); line += length) {
        const char *value = line[length] == '{' ? strchr(line, '}') : line + length;

        if ((line == body || line[-1] == '\n') && value && (line[length] == '{' || *value == ' '))
            sum += strtol(value + (*value == '}' ? 2 : 1), NULL, 10);
    }
    return sum;
}

Test(privacy, calls_are_counted_without_saying_whose_words_they_were, .timeout = 120)
{
    struct customer customer = customer_with("\"redaction\":{\"cards\":true}");
    long started = figure("trunkline_stream_calls_started_total");
    long completed = figure("trunkline_stream_calls_completed_total");
    const char *sid, *body;

    sid = call_place(&customer, "+13125550305",
                     "[{\"wait_agent\":true},{\"say\":\"Nobody counts these words.\"},"
                     "{\"wait_agent\":true}]");
    call_ended(sid);
    call_settled(&customer, sid);
    AWAIT_FOR(40, figure("trunkline_stream_calls_started_total") > started);
    AWAIT_FOR(40, figure("trunkline_stream_calls_completed_total") > completed);
    body = http("GET", "/metrics", NULL, NULL).body;
    cr_expect(strstr(body, "first_audio"), "how long callers waited: %.3000s", body);
    cr_expect_null(strstr(body, "Nobody counts"));
    cr_expect_null(strstr(body, "+13125550305"));
}
