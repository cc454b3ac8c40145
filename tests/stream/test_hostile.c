/*
 * Peers that mean harm, or are broken: each ends its own socket, and a call on the same node that
 * began before them goes on, word for word, until it ends by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/config.h"
#include "domain/keys.h"
#include "own_call.h"

/* A call that hears its agent before and behind whatever the test does. */
struct bystander {
    struct own_call call;
    struct websocket ws;
};

static struct bystander begin(void)
{
    struct bystander by = {.call = own_call_new()};

    by.ws = own_call_open(&by.call, stream_port());
    cr_assert_eq(by.ws.status, 101);
    own_call_start(&by.call, &by.ws);
    cr_assert_not_null(own_call_hear(&by.ws, "\"event\":\"mark\"", 20));
    return by;
}

static void goes_on(struct bystander *by)
{
    AWAIT(strcmp(own_call_state(&by->call), "active") == 0);
    websocket_say(&by->ws,
                  "{\"event\":\"dtmf\",\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"1\"}}");
    cr_expect_not_null(own_call_hear(&by->ws, "\"event\":\"media\"", 20), "its agent answers");
    websocket_say(&by->ws, "{\"event\":\"stop\",\"stop\":{\"callSid\":\"x\"}}");
    cr_expect(websocket_closed(&by->ws, 10));
    cr_expect_eq(by->ws.close_code, 1000, "%d", by->ws.close_code);
    websocket_end(&by->ws);
}

/* A call of its own that the carrier has started. */
static struct websocket started(struct own_call *call)
{
    struct websocket ws;

    *call = own_call_new();
    ws = own_call_open(call, stream_port());
    cr_assert_eq(ws.status, 101);
    own_call_start(call, &ws);
    cr_assert_not_null(own_call_hear(&ws, "\"event\":\"media\"", 20));
    return ws;
}

/* Who still sends may miss the close frame, but else he is told why. */
static void is_cut(struct websocket *ws, int code)
{
    cr_expect(websocket_closed(ws, 20));
    cr_expect(ws->close_code == code || ws->close_code == 1006, "%d", ws->close_code);
    cr_expect(ws->close_code != 1008 || *ws->close_reason, "without a reason");
    websocket_end(ws);
}

Test(hostile, a_second_start_ends_the_call_that_sent_it, .timeout = 60)
{
    struct bystander by = begin();
    struct own_call call;
    struct websocket ws = started(&call);

    own_call_start(&call, &ws);
    is_cut(&ws, 1008);
    goes_on(&by);
}

Test(hostile, media_before_any_start_is_nobodys, .timeout = 60)
{
    struct bystander by = begin();
    struct own_call call = own_call_new();
    struct websocket ws = own_call_open(&call, stream_port());

    for (int i = 0; i < 100; i++)
        own_call_frame(&ws);
    websocket_say(&ws, "{\"event\":\"mark\",\"mark\":{\"name\":\"g1:x:0\"}}");
    is_cut(&ws, 1008);
    goes_on(&by);
}

Test(hostile, a_token_of_another_call_opens_nothing, .timeout = 60)
{
    struct bystander by = begin();
    struct own_call call = own_call_new();
    struct websocket ws = own_call_open(&call, stream_port()), forged;

    call.sid = by.call.sid;
    own_call_start(&call, &ws);
    is_cut(&ws, 1008);
    forged = websocket_open(
        stream_port(), say("/media-stream/%.*sAAAA", (int)strlen(call.token) - 4, call.token), "");
    cr_expect_eq(forged.status, 401);
    goes_on(&by);
}

Test(hostile, a_flood_of_marks_ends_the_socket_that_sends_it, .timeout = 60)
{
    struct bystander by = begin();
    struct own_call call;
    struct websocket ws = started(&call);

    for (int i = 0; i < 1000000 && !ws.is_broken; i++)
        websocket_say(&ws, "{\"event\":\"mark\",\"mark\":{\"name\":\"x\"}}");
    is_cut(&ws, 1008);
    goes_on(&by);
}

/* The header says how long the message will be; nobody waits for it. */
Test(hostile, a_message_of_a_gigabyte_is_refused_when_too_much_of_it_came, .timeout = 60)
{
    static const unsigned char head[] = {0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0};
    struct bystander by = begin();
    struct own_call call;
    struct websocket ws = started(&call);
    char *some = calloc(1, 1 << 20);

    websocket_raw(&ws, head, sizeof head);
    websocket_raw(&ws, some, 1 << 20);
    is_cut(&ws, 1009);
    free(some);
    goes_on(&by);
}

Test(hostile, a_message_in_endless_pieces_is_refused, .timeout = 60)
{
    static const unsigned char first[] = {0x01, 0x81, 0, 0, 0, 0, '{'};
    unsigned char piece[6 + 100] = {0x00, 0x80 | 100};
    struct bystander by = begin();
    struct own_call call;
    struct websocket ws = started(&call);

    memset(piece + 6, ' ', 100);
    websocket_raw(&ws, first, sizeof first);
    for (int i = 0; i < 10000 && !ws.is_broken; i++)
        websocket_raw(&ws, piece, sizeof piece);
    is_cut(&ws, 1009);
    goes_on(&by);
}

Test(hostile, pieces_that_bring_nothing_are_messages_without_end, .timeout = 60)
{
    static const unsigned char first[] = {0x01, 0x81, 0, 0, 0, 0, '{'};
    static const unsigned char nothing[] = {0x00, 0x80, 0, 0, 0, 0};
    struct bystander by = begin();
    struct own_call call;
    struct websocket ws = started(&call);

    websocket_raw(&ws, first, sizeof first);
    for (int i = 0; i < 100000 && !ws.is_broken; i++)
        websocket_raw(&ws, nothing, sizeof nothing);
    is_cut(&ws, 1008);
    goes_on(&by);
}

Test(hostile, frames_that_break_the_protocol_end_their_socket, .timeout = 60)
{
    static const unsigned char frames[][8] = {
        {0x81, 0x01, 'x', 0, 0, 0, 0, 0}, /* without a mask */
        {0x80, 0x81, 0, 0, 0, 0, 'x', 0}, /* goes on with nothing */
        {0x83, 0x81, 0, 0, 0, 0, 'x', 0}, /* of no known kind */
        {0xf1, 0x81, 0, 0, 0, 0, 'x', 0}, /* with reserved bits */
        {0x09, 0x81, 0, 0, 0, 0, 'x', 0}, /* a ping in pieces */
    };
    struct bystander by = begin();

    for (size_t i = 0; i < COUNT(frames); i++) {
        struct own_call call = own_call_new();
        struct websocket ws = own_call_open(&call, stream_port());

        websocket_raw(&ws, frames[i], sizeof frames[i]);
        cr_expect(websocket_closed(&ws, 20), "%zu", i);
        websocket_end(&ws);
    }
    goes_on(&by);
}

Test(hostile, noise_behind_the_upgrade_harms_nobody, .timeout = 90)
{
    struct bystander by = begin();
    unsigned seed = 1;

    for (int i = 0; i < 60; i++) {
        struct websocket ws = websocket_open(stream_port(), "/media-stream", "");
        unsigned char noise[512];

        for (size_t n = 0; n < sizeof noise; n++)
            noise[n] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
        websocket_raw(&ws, noise, sizeof noise);
        websocket_end(&ws);
    }
    goes_on(&by);
}

Test(hostile, pings_without_end_do_not_keep_a_stranger_in, .timeout = 60)
{
    unsigned char ping[6 + 125] = {0x89, 0x80 | 125};
    struct bystander by = begin();
    struct websocket ws = websocket_open(stream_port(), "/media-stream", "");

    for (int i = 0; i < 200000 && !ws.is_broken; i++)
        websocket_raw(&ws, ping, sizeof ping);
    is_cut(&ws, 1008);
    goes_on(&by);
}

/* Half a request, one byte now and then, and bytes that are no HTTP at all. */
Test(hostile, a_handshake_that_never_ends_is_cut_after_five_seconds, .timeout = 60)
{
    static const char *const starts[] = {"GET /media-stream HTTP/1.1\r\nHost: x\r\nUpgr", "",
                                         "\x16\x03\x01\x02"};
    struct bystander by = begin();
    struct websocket slow[COUNT(starts)], drip = websocket_connect(stream_port());
    int drips = 0;

    for (size_t i = 0; i < COUNT(starts); i++) {
        slow[i] = websocket_connect(stream_port());
        websocket_raw(&slow[i], starts[i], strlen(starts[i]));
    }
    websocket_raw(&drip, "GET /", 5);
    for (; drips < 100 && !websocket_is_cut(&drip, 200); drips++)
        websocket_raw(&drip, "a", 1);
    cr_expect_lt(drips, 100, "a byte now and then keeps nothing open");
    for (size_t i = 0; i < COUNT(starts); i++)
        cr_expect(websocket_is_cut(&slow[i], 20000), "%zu", i);
    goes_on(&by);
}
