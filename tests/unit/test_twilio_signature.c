#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/column.h"
#include "remote/twilio_signature.h"

#define TOKEN "12345678901234567890123456789012"
#define ACCOUNT "AC0123456789abcdef0123456789abcdef"
#define CALL "CA0123456789abcdef0123456789abcdef"
#define VOICE "https://voice.example.com"
#define BODY_HASH "27ebfe91a318dc07829eec267640f3751e9a3cdc12079c47803ad76b3404b82e"

static struct arena arena;

static void end(void)
{
    arena_free(&arena);
}

TestSuite(twilio_signature, .fini = end);

/* In no order, as a form may come. */
static const struct twilio_field form[] = {
    {"To", "+15005550006"},     {"From", "+15005550010"},   {"CallStatus", "ringing"},
    {"CallSid", CALL},          {"AccountSid", ACCOUNT},    {"ApiVersion", "2010-04-01"},
    {"Called", "+15005550006"}, {"Caller", "+15005550010"}, {"Direction", "inbound"},
    {"FromCity", ""},
};

static const struct twilio_field published[] = {
    {"CallSid", "CA1234567890ABCDE"}, {"Caller", "+14158675310"}, {"Digits", "1234"},
    {"From", "+14158675310"},         {"To", "+18005551212"},
};

static const struct twilio_field message[] = {
    {"Tag", "b"}, {"Body", "h\xc3\xa9llo w\xc3\xb6rld & 1+1=2"},
    {"Tag", "a"}, {"Empty", ""},
    {"Tag", "b"}, {"MediaUrl0", "https://x/y"},
};

static const struct twilio_field single[] = {{"A", "1"}};

enum fields { NOTHING, FORM, PUBLISHED, MESSAGE, SINGLE };

static const struct {
    const struct twilio_field *at;
    size_t count;
} sets[] = {
    [NOTHING] = {NULL, 0},
    [FORM] = {form, COUNT(form)},
    [PUBLISHED] = {published, COUNT(published)},
    [MESSAGE] = {message, COUNT(message)},
    [SINGLE] = {single, COUNT(single)},
};

struct vector {
    char token[40], url[160], signature[32];
    enum fields fields;
    bool socket;
};

/* clang-format off */
static struct vector vectors[] = {
    {"12345", "https://example.com/myapp.php?foo=1&bar=2", "L/OH5YylLD5NRKLltdqwSvS0BnU=", PUBLISHED, false},
    {TOKEN, VOICE "/twilio/voice?tenant=t1",          "wd9JtXY10+nVuQb/fADDHVm+gCw=", FORM, false},
    {TOKEN, VOICE ":443/twilio/voice?tenant=t1",      "Mh3b3k7Ah0hOwUAelMPD6DUniKw=", FORM, false},
    {TOKEN, VOICE ":8443/twilio/voice?tenant=t1",     "l8IjamtqcBJDc3P44jKM6EGnsH0=", FORM, false},
    {TOKEN, VOICE "/twilio/json?bodySHA256=" BODY_HASH, "BSvhMqG48DxVAmQcKc1i28uwRIs=", NOTHING, false},
    {TOKEN, VOICE "/twilio/status?CallSid=" CALL "&CallStatus=completed", "RRv6AfAYQoaWgQI6DPRa6wEkNrc=", NOTHING, false},
    {TOKEN, "wss://media.example.com/twilio/stream",  "KBYh6FElm/Y8y4Y9eLRsIUkn1D0=", NOTHING, true},
    {TOKEN, "wss://media.example.com/twilio/stream/", "e1s59xnOekxcrukJoL0M36Usa5U=", NOTHING, true},
    {TOKEN, VOICE "/sms",                             "5V5khakhi7sVweny4gHX1xM2g+0=", MESSAGE, false},
    {TOKEN, VOICE "/v?name=O%27Neil&x=a%20b",         "AIAtoczgVBnoaMFa6hlTqp7GqLo=", SINGLE, false},
};
/* clang-format on */

ParameterizedTestParameters(twilio_signature, is_made_as_the_carrier_makes_it)
{
    return cr_make_param_array(struct vector, vectors, COUNT(vectors));
}

ParameterizedTest(struct vector *given, twilio_signature, is_made_as_the_carrier_makes_it)
{
    cr_expect_str_eq(twilio_signature(&arena, given->token, given->url, sets[given->fields].at,
                                      sets[given->fields].count),
                     given->signature, "%s", given->url);
    arena_free(&arena);
}

/* What we believe to be our URL, against what was signed. */
struct fit {
    char url[160], signature[32], matched[160];
    enum fields fields;
    bool socket;
};

ParameterizedTestParameters(twilio_signature, fits)
{
    /* clang-format off */
    static struct fit cases[] = {
        {VOICE "/twilio/voice?tenant=t1",      "wd9JtXY10+nVuQb/fADDHVm+gCw=", VOICE "/twilio/voice?tenant=t1", FORM, false},
        {VOICE ":443/twilio/voice?tenant=t1",  "wd9JtXY10+nVuQb/fADDHVm+gCw=", VOICE "/twilio/voice?tenant=t1", FORM, false},
        {VOICE ":8443/twilio/voice?tenant=t1", "wd9JtXY10+nVuQb/fADDHVm+gCw=", VOICE "/twilio/voice?tenant=t1", FORM, false},
        {VOICE "/twilio/voice?tenant=t1",      "Mh3b3k7Ah0hOwUAelMPD6DUniKw=", VOICE ":443/twilio/voice?tenant=t1", FORM, false},
        {VOICE ":8443/twilio/voice?tenant=t1", "l8IjamtqcBJDc3P44jKM6EGnsH0=", VOICE ":8443/twilio/voice?tenant=t1", FORM, false},
        {VOICE "/twilio/status?CallSid=" CALL "&CallStatus=completed", "RRv6AfAYQoaWgQI6DPRa6wEkNrc=", VOICE "/twilio/status?CallSid=" CALL "&CallStatus=completed", NOTHING, false},
        {"wss://media.example.com/twilio/stream",     "KBYh6FElm/Y8y4Y9eLRsIUkn1D0=", "wss://media.example.com/twilio/stream", NOTHING, true},
        {"wss://media.example.com:443/twilio/stream", "KBYh6FElm/Y8y4Y9eLRsIUkn1D0=", "wss://media.example.com/twilio/stream", NOTHING, true},
        {"wss://media.example.com/twilio/stream",     "e1s59xnOekxcrukJoL0M36Usa5U=", "wss://media.example.com/twilio/stream/", NOTHING, true},
        {"wss://media.example.com/twilio/stream/",    "KBYh6FElm/Y8y4Y9eLRsIUkn1D0=", "wss://media.example.com/twilio/stream", NOTHING, true},
        {VOICE "/sms",                         "5V5khakhi7sVweny4gHX1xM2g+0=", VOICE "/sms", MESSAGE, false},
        {VOICE "/v?name=O%27Neil&x=a%20b",     "AIAtoczgVBnoaMFa6hlTqp7GqLo=", VOICE "/v?name=O%27Neil&x=a%20b", SINGLE, false},
        {VOICE "/v?name=O'Neil&x=a%20b",       "AIAtoczgVBnoaMFa6hlTqp7GqLo=", VOICE "/v?name=O%27Neil&x=a%20b", SINGLE, false},
        /* What must not fit. */
        {VOICE "/twilio/voice?tenant=t1",      "l8IjamtqcBJDc3P44jKM6EGnsH0=", "", FORM, false},
        {VOICE "/twilio/voice/?tenant=t1",     "wd9JtXY10+nVuQb/fADDHVm+gCw=", "", FORM, false},
        {VOICE "/twilio/voice?tenant=t1#top",  "wd9JtXY10+nVuQb/fADDHVm+gCw=", "", FORM, false},
        {"https://u:p@voice.example.com/twilio/voice?tenant=t1", "wd9JtXY10+nVuQb/fADDHVm+gCw=", "", FORM, false},
        {VOICE "/twilio/voice?tenant=t2",      "wd9JtXY10+nVuQb/fADDHVm+gCw=", "", FORM, false},
        {VOICE "/twilio/voice?tenant=t1",      "wd9JtXY10+nVuQb/fADDHVm+gCw=", "", NOTHING, false},
        {"http://voice.example.com/twilio/voice?tenant=t1", "wd9JtXY10+nVuQb/fADDHVm+gCw=", "", FORM, false},
        {"https://media.example.com/twilio/stream", "KBYh6FElm/Y8y4Y9eLRsIUkn1D0=", "", NOTHING, true},
        {VOICE "/twilio/voice?tenant=t1",      "wd9JtXY10+nVuQb/fADDHVm+gCx=", "", FORM, false},
        {VOICE "/twilio/voice?tenant=t1",      "wd9JtXY10+nVuQb/fADDHVm+gCw",  "", FORM, false},
        {VOICE "/twilio/voice?tenant=t1",      "",                             "", FORM, false},
    };
    /* clang-format on */

    return cr_make_param_array(struct fit, cases, COUNT(cases));
}

ParameterizedTest(struct fit *given, twilio_signature, fits)
{
    const char *const urls[] = {given->url, NULL};
    const struct twilio_message sent = {.urls = urls,
                                        .fields = sets[given->fields].at,
                                        .nfields = sets[given->fields].count,
                                        .socket = given->socket};
    const char *matched = "";

    cr_expect_eq(twilio_signature_fits(&arena, TOKEN, given->signature, &sent, &matched),
                 *given->matched != '\0', "%s", given->url);
    cr_expect_str_eq(matched, given->matched);
    arena_free(&arena);
}

static bool json_fits(const char *url, const char *signature, const char *body)
{
    const char *const urls[] = {url, NULL};
    const struct twilio_message sent = {.urls = urls, .body = body, .body_length = strlen(body)};

    return twilio_signature_fits(&arena, TOKEN, signature, &sent, NULL);
}

Test(twilio_signature, covers_a_json_body_by_its_hash)
{
    const char *url = VOICE "/twilio/json?bodySHA256=" BODY_HASH;
    const char *good = "BSvhMqG48DxVAmQcKc1i28uwRIs=", *body = "{\"event\":\"x\",\"n\":1}";
    const char *bare = twilio_signature(&arena, TOKEN, VOICE "/twilio/json", NULL, 0);

    cr_expect(json_fits(url, good, body));
    cr_expect_not(json_fits(url, good, "{\"event\":\"x\",\"n\":2}"), "another body");
    cr_expect_not(json_fits(VOICE "/twilio/json", bare, body), "no hash in the URL");
}

Test(twilio_signature, tries_every_url_it_is_given)
{
    const char *const urls[] = {"https://inside.example/twilio/voice?tenant=t1",
                                VOICE "/twilio/voice?tenant=t1", NULL};
    const struct twilio_message sent = {.urls = urls, .fields = form, .nfields = COUNT(form)};

    cr_expect(twilio_signature_fits(&arena, TOKEN, "wd9JtXY10+nVuQb/fADDHVm+gCw=", &sent, NULL));
    cr_expect_not(twilio_signature_fits(&arena, "another token, as long as it",
                                        "wd9JtXY10+nVuQb/fADDHVm+gCw=", &sent, NULL));
    cr_expect_not(twilio_signature_fits(&arena, TOKEN, NULL, &sent, NULL));
}

/* What an operator is told about a proxy that changes the URL. */
struct hint_case {
    char url[120], host[40], expected[120];
};

ParameterizedTestParameters(twilio_signature, hints)
{
    /* clang-format off */
    static struct hint_case cases[] = {
        {"http://voice.example.com/twilio/voice?tenant=t1",      "",                  VOICE "/twilio/voice?tenant=t1"},
        {"http://voice.example.com:8080/twilio/voice?tenant=t1", "",                  VOICE "/twilio/voice?tenant=t1"},
        {VOICE "/twilio/voice/?tenant=t1",                       "",                  VOICE "/twilio/voice?tenant=t1"},
        {"http://10.0.0.7/twilio/voice?tenant=t1",               "voice.example.com", VOICE "/twilio/voice?tenant=t1"},
        {"http://10.0.0.7:81/twilio/voice?tenant=t1",            "voice.example.com:81", VOICE "/twilio/voice?tenant=t1"},
        {VOICE "/twilio/voice?tenant=t2",                        "voice.example.com", ""},
        {VOICE "/other?tenant=t1",                               "voice.example.com", ""},
    };
    /* clang-format on */

    return cr_make_param_array(struct hint_case, cases, COUNT(cases));
}

ParameterizedTest(struct hint_case *given, twilio_signature, hints)
{
    const char *const urls[] = {given->url, NULL}, *const hosts[] = {given->host, NULL};
    const struct twilio_message sent = {.urls = urls, .fields = form, .nfields = COUNT(form)};
    const char *hint = twilio_signature_hint(&arena, TOKEN, "wd9JtXY10+nVuQb/fADDHVm+gCw=", &sent,
                                             *given->host ? hosts : NULL);

    cr_expect_str_eq(hint ? hint : "", given->expected, "%s", given->url);
    arena_free(&arena);
}
