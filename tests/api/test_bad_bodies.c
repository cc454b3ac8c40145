/*
 * Bodies that no client should send: each API answers in its own shape, nothing is written, and the
 * connection goes on.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api/raw.h"
#include "api/shapes.h"

TestSuite(bad_bodies, .timeout = 60);

/* Bytes that are no JSON, or none that we read; the length counts because of NUL. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

struct bytes {
    char at[64];
    size_t length;
};

static struct bytes bodies[] = {
    /* clang-format off */
    BYTES("{"),
    BYTES("{\"area_code\":"),
    BYTES("{\"area_code\":\"312\""),
    BYTES("{\"area_code\":\"312\",}"),
    BYTES("{\"area_code\":\"312\"}}"),
    BYTES("{\"area_code\":\"312\"} {\"area_code\":\"312\"}"),
    BYTES("{'area_code':'312'}"),
    BYTES("{area_code:\"312\"}"),
    BYTES("{\"area_code\":\"312\" /* Chicago */}"),
    BYTES("{\"n\":NaN}"),
    BYTES("{\"n\":Infinity}"),
    BYTES("{\"n\":0x10}"),
    BYTES("{\"n\":01}"),
    BYTES("{\"n\":1.}"),
    BYTES("{\"n\":1e999}"),
    BYTES("{\"n\":True}"),
    BYTES("{\"n\":\"\xff\xfe\"}"),
    BYTES("{\"n\":\"\xc0\xaf\"}"),
    BYTES("{\"n\":\"\xed\xa0\x80\"}"),
    BYTES("{\"n\":\"\xf4\x90\x80\x80\"}"),
    BYTES("{\"\xff\":1}"),
    BYTES("{\"n\":\"\\ud800\"}"),
    BYTES("{\"n\":\"\\u0000\"}"),
    BYTES("{\"\\u0000\":1}"),
    BYTES("{\"n\":\"\0\"}"),
    BYTES("{\"n\":1}\0"),
    BYTES("\0\0\0\0"),
    BYTES("{\"n\":\"a\nb\"}"),
    BYTES("{\"n\":\"\\x41\"}"),
    BYTES("\x1f\x8b\x08\0\0\0\0\0"),
    BYTES("\xef\xbb\xbf{"),
    BYTES("<xml/>"),
    BYTES("area_code=312&n=1"),
    BYTES("--boundary\r\nContent-Disposition: form-data\r\n"),
    BYTES("[]"),
    BYTES("[{}]"),
    BYTES("null"),
    BYTES("true"),
    BYTES("\"text\""),
    BYTES("312"),
    /* clang-format on */
};

ParameterizedTestParameters(bad_bodies, are_no_documents)
{
    return cr_make_param_array(struct bytes, bodies, COUNT_OF(bodies));
}

ParameterizedTest(struct bytes *given, bad_bodies, are_no_documents)
{
    struct customer customer = customer_new();
    bool is_null = strcmp(given->at, "null") == 0;

    for (enum api api = KWICKPHONE; api <= OPERATOR; api++) {
        struct reply reply;

        if (is_null && api == KWICKPHONE)
            continue; /* says nothing, which is an order */
        reply = send_body(&customer, api, given->at, given->length);
        cr_expect_eq(reply.status, 400, "%s: %ld %s", apis[api].name, reply.status, reply.body);
        apis[api].shape(&reply);
    }
    nothing_was_written(&customer);
}

/* Bytes that are no form. */
static struct bytes forms[] = {
    /* clang-format off */
    BYTES(""),
    BYTES("&"),
    BYTES("&&&"),
    BYTES("CallSid=%"),
    BYTES("CallSid=%4"),
    BYTES("CallSid=%zz"),
    BYTES("CallSid=%00"),
    BYTES("CallSid=%FF%FE"),
    BYTES("CallSid=\xff"),
    BYTES("CallSid=CA1\0"),
    BYTES("%FF=1"),
    BYTES("CallSid=CA1&%zz=1"),
    BYTES("{"),
    BYTES("{\"CallSid\":"),
    BYTES("\0"),
    /* clang-format on */
};

ParameterizedTestParameters(bad_bodies, are_no_forms)
{
    return cr_make_param_array(struct bytes, forms, COUNT_OF(forms));
}

ParameterizedTest(struct bytes *given, bad_bodies, are_no_forms)
{
    struct customer customer = customer_new();

    for (enum api api = CALLBACKS; api <= HOOKS; api++) {
        struct reply reply = send_body(&customer, api, given->at, given->length);

        cr_expect_eq(reply.status, 400, "%s: %ld %s", apis[api].name, reply.status, reply.body);
        apis[api].shape(&reply);
    }
    nothing_was_written(&customer);
}

Test(bad_bodies, that_are_too_long_are_refused_whole)
{
    struct customer customer = customer_new();

    for (enum api api = KWICKPHONE; api <= HOOKS; api++) {
        size_t length = apis[api].body_limit + 1;
        const char *body = say("{\"name\":\"%0*d\"}", (int)length - 11, 0);
        struct reply reply = send_body(&customer, api, body, length);

        cr_expect_eq(reply.status, 413, "%s: %ld %s", apis[api].name, reply.status, reply.body);
        apis[api].shape(&reply);
    }
    nothing_was_written(&customer);
}

/* So much that nobody would keep it; it is not kept either. */
Test(bad_bodies, that_are_far_too_long_are_refused_as_well)
{
    struct customer customer = customer_new();
    size_t length = 20 << 20;
    char *body = say("%*s", (int)length, "");

    for (enum api api = KWICKPHONE; api <= OPERATOR; api++) {
        struct reply reply = send_body(&customer, api, body, length);

        cr_expect_eq(reply.status, 413, "%s: %ld %s", apis[api].name, reply.status, reply.body);
        apis[api].shape(&reply);
    }
}

/* Arrays in arrays. */
static const char *nested(size_t depth)
{
    char *text = say("{\"x\":%*s%*s}", (int)depth, "", (int)depth, "");

    memset(text + 5, '[', depth);
    memset(text + 5 + depth, ']', depth);
    return text;
}

Test(bad_bodies, are_read_to_a_depth_of_thirty_two)
{
    struct customer customer = customer_new();
    static const size_t depths[] = {32, 100, 30000};
    struct reply reply;

    for (enum api api = KWICKPHONE; api <= OPERATOR; api++)
        for (size_t i = 0; i < COUNT_OF(depths); i++) {
            const char *body = nested(depths[i]);

            reply = send_body(&customer, api, body, strlen(body));
            cr_expect_eq(reply.status, 400, "%s: %ld %s", apis[api].name, reply.status, reply.body);
            apis[api].shape(&reply);
        }
    nothing_was_written(&customer);
    reply = send_body(&customer, KWICKPHONE, nested(31), strlen(nested(31)));
    cr_expect_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
}

Test(bad_bodies, mean_the_last_of_repeated_keys)
{
    static const char good[] = "{\"area_code\":5,\"area_code\":\"312\"}";
    static const char bad[] = "{\"area_code\":\"312\",\"area_code\":5}";
    struct customer customer = customer_new();
    struct reply reply = send_body(&customer, KWICKPHONE, bad, sizeof bad - 1);

    cr_expect_eq(reply.status, 400, "%ld %s", reply.status, reply.body);
    nothing_was_written(&customer);
    reply = send_body(&customer, KWICKPHONE, good, sizeof good - 1);
    cr_expect_eq(reply.status, 201, "%ld %s", reply.status, reply.body);
}

/* The client promised more than it sent. */
Test(bad_bodies, that_end_early_change_nothing)
{
    struct customer customer = customer_new();

    for (enum api api = KWICKPHONE; api <= HOOKS; api++) {
        static const char body[] = "{\"agent_key\":\"cut\",\"name\":\"Cut\"}";
        struct raw raw = raw_open();
        const char *head = head_of(&customer, api, sizeof body + 40);
        struct reply reply;

        raw_send(&raw, head, strlen(head));
        raw_send(&raw, body, sizeof body - 1);
        raw_finish(&raw);
        reply = raw_answer(&raw, false);
        cr_expect(reply.status == 0 || reply.status == 400, "%s: %ld %s", apis[api].name,
                  reply.status, reply.body);
        raw_close(&raw);
    }
    nothing_was_written(&customer);
    cr_expect_eq(kwick(&customer, "GET", "/v1/numbers", NULL).status, 200);
}

/* Bodies are not read for strangers: who may not ask is told so, whatever he sends. */
Test(bad_bodies, of_strangers_are_refused_for_being_theirs)
{
    static const char *const bodies_sent[] = {"{", "{}", "\xff", "[[[[[[", ""};
    struct customer customer = customer_new();

    for (size_t i = 0; i < COUNT_OF(bodies_sent); i++) {
        struct reply reply = ask("POST", "/v1/numbers", NULL, bodies_sent[i], NULL);

        cr_expect_eq(reply.status, 401, "%ld %s", reply.status, reply.body);
        apis[KWICKPHONE].shape(&reply);
        reply = ask("POST", admin_path(&customer, "/agents"), NULL, bodies_sent[i], NULL);
        cr_expect_eq(reply.status, 401, "%ld %s", reply.status, reply.body);
        apis[OPERATOR].shape(&reply);
    }
    nothing_was_written(&customer);
}
