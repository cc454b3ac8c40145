#include "core/redact_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/column.h" /* COUNT */

static const struct {
    const char *word, *value;
} spoken[] = {
    /* clang-format off */
    {"zero", "0"}, {"oh", "0"}, {"o", "0"}, {"nought", "0"}, {"one", "1"}, {"two", "2"},
    {"three", "3"}, {"four", "4"}, {"five", "5"}, {"six", "6"}, {"seven", "7"}, {"eight", "8"},
    {"nine", "9"}, {"niner", "9"}, {"ten", "10"}, {"eleven", "11"}, {"twelve", "12"},
    {"thirteen", "13"}, {"fourteen", "14"}, {"fifteen", "15"}, {"sixteen", "16"},
    {"seventeen", "17"}, {"eighteen", "18"}, {"nineteen", "19"}, {"twenty", "20"},
    {"thirty", "30"}, {"forty", "40"}, {"fifty", "50"}, {"sixty", "60"}, {"seventy", "70"},
    {"eighty", "80"}, {"ninety", "90"},
    {"null", "0"}, {"eins", "1"}, {"zwei", "2"}, {"zwo", "2"}, {"drei", "3"}, {"vier", "4"},
    {"f\u00fcnf", "5"}, {"sechs", "6"}, {"sieben", "7"}, {"acht", "8"}, {"neun", "9"},
    {"cero", "0"}, {"uno", "1"}, {"dos", "2"}, {"tres", "3"}, {"cuatro", "4"}, {"cinco", "5"},
    {"seis", "6"}, {"siete", "7"}, {"ocho", "8"}, {"nueve", "9"},
    {"z\u00e9ro", "0"}, {"un", "1"}, {"deux", "2"}, {"trois", "3"}, {"quatre", "4"},
    {"cinq", "5"}, {"sept", "7"}, {"huit", "8"}, {"neuf", "9"},
    /* clang-format on */
};

static const struct {
    const char *word;
    size_t times;
} repeats[] = {{"double", 2}, {"triple", 3}, {"treble", 3}, {"doble", 2}, {"doppel", 2}};

static const char *const fillers[] = {"uh", "um", "er", "erm", "and", "then", "dash", "\u00e4h"};

static bool is(const char *at, size_t length, const char *word)
{
    return strncasecmp(at, word, length) == 0 && !word[length];
}

static void classify_letters(struct word *word, const char *at)
{
    for (size_t i = 0; i < COUNT(spoken); i++)
        if (is(at, word->length, spoken[i].word)) {
            word->kind = WORD_SPOKEN;
            word->value = spoken[i].value;
            word->count = strlen(spoken[i].value);
            return;
        }
    for (size_t i = 0; i < COUNT(repeats); i++)
        if (is(at, word->length, repeats[i].word)) {
            word->kind = WORD_TIMES;
            word->count = repeats[i].times;
        }
    for (size_t i = 0; i < COUNT(fillers); i++)
        if (is(at, word->length, fillers[i]))
            word->kind = WORD_FILLER;
}

enum { LONGEST_WORD = 16 }; /* of those that mean something */

static void classify(struct word *word, const char *at)
{
    size_t digits = 0;

    while (digits < word->length && isdigit((unsigned char)at[digits]))
        digits++;
    if (digits == word->length) {
        word->kind = WORD_NUMBER;
        word->value = at;
        word->count = digits;
    } else if (word->length <= LONGEST_WORD) {
        classify_letters(word, at);
    }
}

/* A dash or a space that is no ASCII belongs to no word; how many bytes it has. */
static size_t foreign_gap(const char *at)
{
    static const char *const gaps[] = {"\u00a0", "\u2010", "\u2011", "\u2012", "\u2013",
                                       "\u2014", "\u202f", "\u2009", "\u3000"};

    for (size_t i = 0; (unsigned char)*at >= 0x80 && i < COUNT(gaps); i++)
        if (strncmp(at, gaps[i], strlen(gaps[i])) == 0)
            return strlen(gaps[i]);
    return 0;
}

static bool is_letter(const char *at)
{
    unsigned char c = (unsigned char)*at;

    return isalnum(c) || c == '_' || (c >= 0x80 && !foreign_gap(at));
}

struct word *words_of_text(struct arena *arena, const char *text, size_t *count)
{
    size_t room = 1;
    struct word *words;

    *count = 0;
    for (const char *at = text; *at; at++)
        room += is_letter(at) && (at == text || !is_letter(at - 1));
    words = arena_new(arena, struct word, room + 1);
    for (const char *at = text; *at;) {
        struct word *word = &words[*count];
        size_t gap = foreign_gap(at);

        if (!is_letter(at)) {
            at += gap ? gap : 1;
            continue;
        }
        word->at = (size_t)(at - text);
        while (is_letter(at))
            at++;
        word->length = (size_t)(at - text) - word->at;
        classify(word, text + word->at);
        if (*count < room)
            ++*count;
    }
    return words;
}

enum { WIDEST_GAP = 3 }; /* characters between two parts of a number: ", " or ") " */

bool words_touch(const char *text, const struct word *left, const struct word *right)
{
    const char *at = text + left->at + left->length, *end = text + right->at;
    size_t characters = 0;

    while (at < end) {
        size_t gap = foreign_gap(at);

        if (!gap && !strchr(" \t\n.,-/()+", *at))
            return false;
        at += gap ? gap : 1;
        if (++characters > WIDEST_GAP)
            return false;
    }
    return true;
}
