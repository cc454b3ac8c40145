/* What nobody should keep is taken out of a text, and nothing else. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/column.h"
#include "core/redact.h"
#include "core/text.h"

static struct arena arena;

static const char *all_out(const char *text)
{
    return redact_text(&arena, text, REDACT_ALL, NULL);
}

static const char *cards_out(const char *text)
{
    return redact_text(&arena, text, REDACT_USUAL, NULL);
}

/* Pairs of a text and what is left of it. */
struct pair {
    const char *given, *kept;
};

static void expect_all(const char *(*clean)(const char *text), const struct pair *pairs,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_str_eq(clean(pairs[i].given), pairs[i].kept, "\"%s\" became \"%s\"",
                         pairs[i].given, clean(pairs[i].given));
}

Test(redact, takes_out_cards_however_they_are_written)
{
    static const struct pair pairs[] = {
        {"My card is 4111111111111111, thanks", "My card is [card], thanks"},
        {"4111 1111 1111 1111", "[card]"},
        {"4111-1111-1111-1111 expires 12/27", "[card] expires 12/27"},
        {"amex 3782 822463 10005.", "amex [card]."},
        {"master 5555 5555 5555 4444 or 2223003122003222", "master [card] or [card]"},
        {"4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1", "[card]"},
        {"first 7 then 4111 1111 1111 1111 and 12 27", "first 7 then [card] and 12 27"},
        {"4111\u00a01111\u00a01111\u00a01111", "[card]"},
    };

    expect_all(cards_out, pairs, COUNT(pairs));
}

Test(redact, takes_out_cards_that_are_read_out)
{
    static const struct pair pairs[] = {
        {"It's four one one one, one one one one, uh, one one one one, one one one one. OK?",
         "It's [card]. OK?"},
        {"four triple one triple one one double one double one triple one one", "[card]"},
        {"forty-one eleven eleven eleven eleven eleven eleven eleven", "[card]"},
        {"Four 1 1 one 1111 1111 double one double one", "[card]"},
        {"vier eins eins eins eins eins eins eins eins eins eins eins eins eins eins eins",
         "[card]"},
        {"five five five five five five five five five five five five four four four four",
         "[card]"},
    };

    expect_all(cards_out, pairs, COUNT(pairs));
}

Test(redact, leaves_numbers_that_are_no_cards)
{
    static const struct pair pairs[] = {
        {"4111111111111112", "4111111111111112"},
        {"it was 1767225600000 ms", "it was 1767225600000 ms"},
        {"ticket four two one seven", "ticket four two one seven"},
        {"call +1 312 555 0123 or mail jo@example.com",
         "call +1 312 555 0123 or mail jo@example.com"},
        {"41111111111111110000000000001", "41111111111111110000000000001"},
        {"x4111111111111111", "x4111111111111111"},
        {"", ""},
    };

    expect_all(cards_out, pairs, COUNT(pairs));
}

Test(redact, takes_out_ibans)
{
    static const struct pair pairs[] = {
        {"to DE89370400440532013000 please", "to [iban] please"},
        {"DE89 3704 0044 0532 0130 00", "[iban]"},
        {"gb29 nwbk 6016 1331 9268 19.", "[iban]."},
        {"D E eight nine three seven zero four zero zero four four zero five three two zero one "
         "three zero zero zero",
         "[iban]"},
        {"DE88 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00"},
        {"Be sure at 10", "Be sure at 10"},
    };

    expect_all(cards_out, pairs, COUNT(pairs));
}

Test(redact, takes_out_phone_numbers)
{
    static const struct pair pairs[] = {
        {"call +1 (312) 555-0123 now", "call [phone] now"},
        {"+49 30 123456", "[phone]"},
        {"312-555-0123 or 555-0123", "[phone] or [phone]"},
        {"five five five zero one two three", "[phone]"},
        {"on 2026-11-21 at 10:30", "on 2026-11-21 at 10:30"},
        {"1,000,000,000 dollars", "1,000,000,000 dollars"},
        {"room 12, floor 3", "room 12, floor 3"},
    };

    expect_all(all_out, pairs, COUNT(pairs));
}

Test(redact, takes_out_mail_addresses)
{
    static const struct pair pairs[] = {
        {"write to jo.bell+x@mail.example.com.", "write to [email]."},
        {"<jo@example.org>", "<[email]>"},
        {"jo dot bell at example dot com please", "[email] please"},
        {"meet me at noon", "meet me at noon"},
        {"a@b", "a@b"},
    };

    expect_all(all_out, pairs, COUNT(pairs));
}

Test(redact, takes_out_digits_that_are_read_out)
{
    static const struct pair pairs[] = {
        {"my pin is one two three four", "my pin is [digits]"},
        {"double five double two", "[digits]"},
        {"my pin is 1 2 3 4", "my pin is [digits]"},
        {"one or two of them", "one or two of them"},
        {"the year 2026, twenty twenty six", "the year 2026, twenty twenty six"},
    };

    for (size_t i = 0; i < COUNT(pairs) - 1; i++)
        cr_expect_str_eq(redact_text(&arena, pairs[i].given, REDACT_DIGITS, NULL), pairs[i].kept);
}

Test(redact, counts_what_it_took_and_copies_nothing_when_there_is_nothing)
{
    const char *plain = "nothing to see";
    int64_t count = 0;

    redact_text(&arena, "4111111111111111 and 5555555555554444", REDACT_CARDS, &count);
    cr_expect_eq(count, 2);
    cr_expect_eq(redact_text(&arena, plain, REDACT_ALL, &count), plain);
    cr_expect_eq(count, 2);
    cr_expect_null(redact_text(&arena, NULL, REDACT_ALL, NULL));
    cr_expect_str_eq(redact_text(&arena, "4111111111111111", 0, NULL), "4111111111111111");
}

Test(redact, keeps_json_json)
{
    cr_expect_str_eq(redact_json(&arena,
                                 "{\"card\":4111111111111111,\"n\":[1.50,true,null],"
                                 "\"say\":\"it \\\"is\\\" 4111 1111 1111 1111\"}",
                                 REDACT_CARDS, NULL),
                     "{\"card\":\"[card]\",\"n\":[1.50,true,null],"
                     "\"say\":\"it \\\"is\\\" [card]\"}");
    cr_expect_str_eq(redact_json(&arena, "{\"4111111111111111\":{}}", REDACT_CARDS, NULL),
                     "{\"[card]\":{}}");
    cr_expect_str_eq(redact_json(&arena, "{\"broken\": 4111111111111111", REDACT_CARDS, NULL),
                     "{\"broken\": [card]");
}

static unsigned rules(const char *json)
{
    json_object *tree = json_parse(json);
    unsigned kinds = redact_rules(tree, REDACT_USUAL);

    json_object_put(tree);
    return kinds;
}

Test(redact, reads_rules)
{
    cr_expect_eq(rules("{}"), REDACT_USUAL);
    cr_expect_eq(rules("{\"phones\":true}"), REDACT_USUAL | REDACT_PHONES);
    cr_expect_eq(rules("{\"cards\":false,\"emails\":true}"), REDACT_IBANS | REDACT_EMAILS);
    cr_expect_eq(rules("{\"all\":true}"), REDACT_ALL);
    cr_expect_eq(rules("{\"enabled\":false,\"phones\":true}"), 0);
    cr_expect_eq(rules("{\"cards\":\"yes\"}"), REDACT_USUAL);
}

Test(redact, takes_out_an_absurd_number_of_digits_whole)
{
    struct text text = {.arena = &arena};

    for (int i = 0; i < 3000; i++)
        text_put(&text, "one ");
    text_put(&text, "and on");
    cr_expect_str_eq(redact_text(&arena, text.at, REDACT_CARDS, NULL), "[digits] and on");
}
