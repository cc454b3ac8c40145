#include <criterion/criterion.h>

#include <string.h>

#include "stream/wording.h"

static struct arena arena;
static char commands[400];

static void note(void *with, const char *name, const char *value)
{
    (void)with;
    strcat(commands, name);
    strcat(commands, "=");
    strcat(commands, value);
    strcat(commands, ";");
}

static void end(void)
{
    arena_free(&arena);
}

TestSuite(wording, .fini = end);

/* What is spoken of a text that comes in pieces of so many bytes. */
static const char *spoken_of(const char *text, size_t piece)
{
    struct wording wording = {0};
    struct text out = {.arena = &arena};

    commands[0] = '\0';
    for (size_t at = 0; at < strlen(text); at += piece)
        wording_take(&wording, arena_copy(&arena, text + at, strnlen(text + at, piece)), false,
                     &out, note, NULL);
    wording_take(&wording, "", true, &out, note, NULL);
    return out.at ? out.at : "";
}

static void speaks(const char *text, const char *spoken)
{
    for (size_t piece = 1; piece <= strlen(text); piece++)
        cr_expect_str_eq(spoken_of(text, piece), spoken, "in pieces of %zu", piece);
}

Test(wording, plain_words_pass_as_they_are)
{
    speaks("We open at 9:30, don't we?", "We open at 9:30, don't we?");
    speaks("Gr\xc3\xbc\xc3\x9f Gott", "Gr\xc3\xbc\xc3\x9f Gott");
}

Test(wording, commands_are_told_and_never_spoken)
{
    speaks("Sure. [[press: 12#]]Done.", "Sure. Done.");
    cr_expect_str_eq(commands, "press=12#;");
    speaks("[[end_call]]", "");
    cr_expect_str_eq(commands, "end_call=;");
    speaks("Bye [[transfer:+1 312 555 0100]]", "Bye ");
    cr_expect_str_eq(commands, "transfer=+1 312 555 0100;");
}

Test(wording, a_command_that_never_ends_is_not_spoken_either)
{
    speaks("Well [[press:1", "Well ");
    cr_expect_str_eq(commands, "");
}

Test(wording, marks_of_markdown_are_not_spoken)
{
    speaks("This is **very** _nice_ and `short`.", "This is very nice and short.");
    speaks("# Hours\n- Monday\n* Tuesday", " Hours  Monday  Tuesday");
    speaks("Press the # key or * key", "Press the # key or * key");
}

Test(wording, of_a_link_its_text_is_left_and_of_an_address_the_host)
{
    speaks("See [our page](https://example.com/a?b=c) now", "See our page now");
    speaks("Go to https://www.example.com/path/x.html.", "Go to www.example.com.");
}

Test(wording, whole_words_are_passed_on_as_soon_as_they_are_there)
{
    struct wording wording = {0};
    struct text out = {.arena = &arena};

    wording_take(&wording, "We op", false, &out, note, NULL);
    cr_expect_str_eq(out.at, "We ");
    wording_take(&wording, "en at", false, &out, note, NULL);
    cr_expect_str_eq(out.at, "We open ");
}

Test(wording, a_word_without_end_is_held_no_longer_than_it_must)
{
    struct wording wording = {0};
    struct text out = {.arena = &arena};

    for (int i = 0; i < 3000; i++)
        wording_take(&wording, "a", false, &out, note, NULL);
    cr_expect_gt(out.length, 2900);
}
