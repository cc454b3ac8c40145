/*
 * Callers who change the language in the middle of a call: the carrier's stand-in detects which one
 * is spoken and says so with every sentence, and the voice follows.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "harness/harness.h"

/* A customer whose agent reads and writes, and whose carrier listens for any language. */
static struct customer polyglot_new(void)
{
    struct customer customer = customer_new();

    customer_version(&customer, DESK ",\"pipeline_mode\":\"relay\",\"language\":\"en-US\","
                                     "\"relay_config\":{\"language\":\"multi\",\"tts_provider\":"
                                     "\"ElevenLabs\",\"transcription_provider\":\"Deepgram\"}");
    customer_number(&customer);
    return customer;
}

/* What the carrier was told: languages and words in the order in which they came. */
static const char *told(json_object *carrier)
{
    json_object *relays = NULL, *list = NULL;
    const char *all = "";

    json_object_object_get_ex(carrier, "relays", &relays);
    cr_assert(relays &&
              json_object_object_get_ex(json_object_array_get_idx(relays, 0), "received", &list));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);

        if (strcmp(at(one, "type"), "language") == 0)
            all = say("%s<%s>", all, at(one, "ttsLanguage"));
        else if (strcmp(at(one, "type"), "text") == 0)
            all = say("%s%s", all, at(one, "token"));
    }
    return all;
}

#define COMES(all, before, after)                                                                  \
    cr_expect(strstr(all, before) && strstr(strstr(all, before), after),                           \
              "%s is not followed by %s in: %s", before, after, all)

Test(languages, the_voice_follows_a_caller_who_changes_it_and_back, .timeout = 120)
{
    struct customer customer = polyglot_new();
    const char *sid =
        call_place(&customer, "+13125550240",
                   "[{\"wait_agent\":true},{\"say\":\"Good morning\",\"lang\":\"en-GB\"},"
                   "{\"wait_text\":\"You said: Good morning\"},"
                   "{\"say\":\"Buenos dias\",\"lang\":\"es-MX\"},"
                   "{\"wait_text\":\"You said: Buenos dias\"},"
                   "{\"say\":\"Hasta luego\",\"lang\":\"es\"},"
                   "{\"wait_text\":\"You said: Hasta luego\"},"
                   "{\"say\":\"Thanks a lot\",\"lang\":\"en-US\"},"
                   "{\"wait_text\":\"You said: Thanks a lot\"},{\"hangup\":true}]");
    json_object *carrier = call_ended(sid);
    const char *all = told(carrier), *spanish = strstr(all, "You said: Buenos dias");

    cr_expect_str_eq(at(carrier, "relays.0.malformed"), "0");
    cr_expect(spanish && !strstr(spanish, "<es>"),
              "it is the same language, and not said twice: %s", all);
    COMES(all, "You said: Good morning", "<es>You said: Buenos dias");
    COMES(all, "You said: Hasta luego", "<en>You said: Thanks a lot");
    cr_expect_null(strstr(all, "<en>You said: Good"), "English is spoken from the start: %s", all);
    AWAIT(strcmp(at(query(say("SELECT COUNT(*) AS n FROM call_events e JOIN calls c ON"
                              " c.tenant_id = e.tenant_id AND c.id = e.call_id WHERE c.call_sid ="
                              " '%s' AND e.type = 'language.changed'",
                              sid)),
                    "0.n"),
                 "2") == 0);
}
