#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "stream/queue.h"

static struct queue queue = {.limit = 4096};

static void end(void)
{
    queue_free(&queue);
}

TestSuite(queue, .fini = end);

static bool push(enum message_kind kind, const char *text)
{
    char *room = queue_begin(&queue, kind, strlen(text));

    if (!room)
        return false;
    memcpy(room, text, strlen(text));
    queue_end(&queue, strlen(text));
    return true;
}

/* Takes the first message; "" when there is none. */
static const char *pull(void)
{
    static char text[512];
    size_t length;
    char *message = queue_first(&queue, &length);

    if (!message)
        return "";
    snprintf(text, sizeof text, "%.*s", (int)length, message);
    queue_drop_first(&queue);
    return text;
}

Test(queue, gives_messages_in_their_order)
{
    cr_assert(push(MESSAGE_CONTROL, "one") && push(MESSAGE_AUDIO, "two"));
    cr_expect_str_eq(pull(), "one");
    cr_assert(push(MESSAGE_AUDIO, "three"));
    cr_expect_str_eq(pull(), "two");
    cr_expect_str_eq(pull(), "three");
    cr_expect_str_eq(pull(), "");
}

Test(queue, keeps_order_however_often_it_wraps_and_grows)
{
    char text[40];
    unsigned in = 0, out = 0;

    for (int round = 0; round < 400; round++) {
        for (int i = 0; i < 1 + round % 7; i++) {
            snprintf(text, sizeof text, "message %u", in++);
            cr_assert(push(MESSAGE_CONTROL, text));
        }
        while (in - out > (unsigned)(round % 5)) {
            snprintf(text, sizeof text, "message %u", out++);
            cr_assert_str_eq(pull(), text);
        }
    }
}

Test(queue, takes_a_shorter_message_than_it_made_room_for)
{
    char *room = queue_begin(&queue, MESSAGE_CONTROL, 100);

    memcpy(room, "short", 5);
    queue_end(&queue, 5);
    cr_assert(push(MESSAGE_CONTROL, "next"));
    cr_expect_str_eq(pull(), "short");
    cr_expect_str_eq(pull(), "next");
}

Test(queue, a_full_one_drops_its_oldest_audio_and_counts_it)
{
    char frame[300];

    memset(frame, 'a', sizeof frame - 1);
    frame[sizeof frame - 1] = '\0';
    cr_assert(push(MESSAGE_CONTROL, "first"));
    for (int i = 0; i < 100; i++) {
        snprintf(frame, sizeof frame, "%02d%0200d", i, 0);
        cr_assert(push(MESSAGE_AUDIO, frame));
    }
    cr_expect_gt(queue.dropped, 70);
    cr_expect_str_eq(pull(), "first");
    snprintf(frame, sizeof frame, "%02zu%0200d", queue.dropped, 0);
    cr_expect_str_eq(pull(), frame);
}

Test(queue, has_no_room_for_what_does_not_fit_beside_other_messages)
{
    char text[512];

    memset(text, 'c', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 7; i++)
        cr_assert(push(MESSAGE_CONTROL, text));
    cr_expect_not(push(MESSAGE_CONTROL, text));
    cr_expect_not(push(MESSAGE_AUDIO, text));
    cr_expect_eq(queue.dropped, 0);
}

Test(queue, forgets_audio_and_nothing_else)
{
    push(MESSAGE_AUDIO, "a1");
    push(MESSAGE_CONTROL, "c1");
    push(MESSAGE_AUDIO, "a2");
    push(MESSAGE_AUDIO, "a3");
    push(MESSAGE_CONTROL, "c2");
    cr_expect_eq(queue_drop_audio(&queue), 3);
    cr_expect_str_eq(pull(), "c1");
    cr_expect_str_eq(pull(), "c2");
    cr_expect(queue_is_empty(&queue));
    push(MESSAGE_AUDIO, "a4");
    cr_expect_eq(queue_drop_audio(&queue), 1);
    cr_expect(queue_is_empty(&queue));
}

Test(queue, shows_every_message_without_taking_it)
{
    size_t length, count = 0;

    for (int i = 0; i < 5; i++)
        push(MESSAGE_CONTROL, "text");
    for (char *at = queue_first(&queue, &length); at; at = queue_next(&queue, at, &length))
        count += length == 4;
    cr_expect_eq(count, 5);
    cr_expect_str_eq(pull(), "text");
}
