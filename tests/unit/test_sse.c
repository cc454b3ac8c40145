#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "remote/sse.h"

static char seen[4096];

static void note(void *with, const char *data, size_t length)
{
    cr_assert_eq(strlen(data), length);
    cr_assert_eq(with, (void *)seen);
    strcat(seen, "<");
    strcat(seen, data);
    strcat(seen, ">");
}

/* The text in pieces of so many bytes. */
static const char *read_in(const char *text, size_t piece)
{
    struct sse sse = {.most = 64, .event = note, .with = seen};
    size_t length = strlen(text);
    bool ok = true;

    seen[0] = '\0';
    for (size_t at = 0; at < length; at += piece)
        ok = sse_feed(&sse, text + at, length - at < piece ? length - at : piece) && ok;
    sse_end(&sse);
    sse_free(&sse);
    strcat(seen, ok ? "" : "!");
    return seen;
}

static void reads(const char *text, const char *events)
{
    for (size_t piece = 1; piece <= strlen(text); piece++)
        cr_expect_str_eq(read_in(text, piece), events, "%s in pieces of %zu", seen, piece);
}

Test(sse, an_event_is_its_data_however_the_bytes_are_split)
{
    reads("data: one\n\ndata: two\n\n", "<one><two>");
    reads("data: J\xc3\xbcrgen\r\n\r\ndata: \xf0\x9f\x98\x80\r\n\r\n",
          "<J\xc3\xbcrgen><\xf0\x9f\x98\x80>");
    reads("data: one\r\rdata: two\r\r", "<one><two>");
}

Test(sse, lines_of_one_event_are_joined)
{
    reads("data: a\ndata: b\ndata\n\n", "<a\nb\n>");
}

Test(sse, comments_and_other_fields_are_passed_over)
{
    reads(": keep-alive\n\nevent: ping\nid: 7\ndata: x\nretry: 9\n\n:\n\n", "<x>");
    reads("database: y\n\ndat: z\n\n", "");
}

Test(sse, one_space_behind_the_colon_is_none_of_the_data)
{
    reads("data:x\n\ndata:  x\n\n", "<x>< x>");
}

Test(sse, a_last_event_needs_no_empty_line)
{
    reads("data: x\n\ndata: [DONE]\n", "<x><[DONE]>");
    reads("data: [DONE]", "<[DONE]>");
}

Test(sse, what_is_too_long_ends_the_reading)
{
    char text[200];

    snprintf(text, sizeof text, "data: ok\n\ndata: %0100d\n\ndata: later\n\n", 7);
    cr_expect_str_eq(read_in(text, 1), "<ok>!");
    cr_expect_str_eq(read_in(text, 500), "<ok>!");
}
