#include "domain/call_search.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/column.h"
#include "core/text.h"
#include "db/db.h"

/* Longer phrases are cut in the statement's interest; InnoDB holds no word over 84 characters. */
enum { MOST_WORDS = 16, LONGEST_WORD = 84, USUAL_SHORTEST = 3 };

/* Words that InnoDB's indexes leave out. */
static const char *const common[] = {
    "a",    "about", "an",  "are",  "as",   "at",    "be",  "by",   "com",  "de",  "en",   "for",
    "from", "how",   "i",   "in",   "is",   "it",    "la",  "of",   "on",   "or",  "that", "the",
    "this", "to",    "was", "what", "when", "where", "who", "will", "with", "und", "www",
};

static bool is_common(const char *word, size_t length)
{
    for (size_t i = 0; i < COUNT(common); i++)
        if (strlen(common[i]) == length && strncasecmp(common[i], word, length) == 0)
            return true;
    return false;
}

static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '\'' || (unsigned char)c >= 0x80;
}

/* Whether the index holds the word as it stands here. */
static bool is_indexed(const char *word, size_t length, int64_t shortest)
{
    size_t characters = 0;

    for (size_t i = 0; i < length; i++) {
        if (word[i] == '\'' || (unsigned char)word[i] >= 0xe0)
            return false;
        characters += ((unsigned char)word[i] & 0xc0) != 0x80;
    }
    return characters >= (size_t)shortest && characters <= LONGEST_WORD && !is_common(word, length);
}

/* The word that begins here may be the beginning of a longer one when the phrase ends with it. */
static const char *add_word(struct text *out, const char *word, int64_t shortest, size_t *count)
{
    size_t length = 0;

    while (is_of_word(word[length]))
        length++;
    bool last = word[length] == '\0';
    bool held = is_indexed(word, length, shortest);

    if (held && *count < MOST_WORDS) {
        text_add(out, " +%.*s%s", (int)length, word, last ? "*" : "");
        ++*count;
    }
    return word + length;
}

static const char *words_of(struct work *work, const char *phrase, int64_t shortest)
{
    struct text out = {.arena = &work->arena};
    size_t count = 0;

    text_add(&out, "+tnt%lld", (long long)work->tenant);
    while (*phrase)
        phrase = is_of_word(*phrase) ? add_word(&out, phrase, shortest, &count) : phrase + 1;
    return count ? out.at : NULL;
}

static const char *like_of(struct arena *arena, const char *phrase, size_t length)
{
    struct text out = {.arena = arena};

    text_char(&out, '%');
    for (size_t i = 0; i < length; i++) {
        if (strchr("%_\\", phrase[i]))
            text_char(&out, '\\');
        text_char(&out, phrase[i]);
    }
    text_char(&out, '%');
    return out.at;
}

bool call_search_read(struct work *work, const char *field, const char *phrase,
                      struct call_search *search)
{
    int64_t shortest;
    size_t length;

    phrase += strspn(phrase, " \t\r\n");
    length = strlen(phrase);
    while (length && strchr(" \t\r\n", phrase[length - 1]))
        length--;
    if (length == 0)
        return fail_field(work, field, "%s is empty", field);
    if (!db_number(work, "SELECT @@innodb_ft_min_token_size", NULL, 0, USUAL_SHORTEST, &shortest))
        return false;
    search->like = like_of(&work->arena, phrase, length);
    search->words =
        words_of(work, arena_format(&work->arena, "%.*s", (int)length, phrase), shortest);
    return true;
}
