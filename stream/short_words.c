#include "stream/short_words.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "core/column.h" /* COUNT */

enum { WORDS = 128, WORD_SIZE = 32, BACKCHANNEL_WORDS = 4 };

/* Of one language; several words may follow each other. */
static const struct {
    const char *language, *words; /* a blank before and behind each */
} backchannels[] = {
    {"en",
     " uh huh uhuh uhhuh mhm mm mmm hm hmm mmhmm hmmm yeah yes yep yup ok okay right sure aha "
     "ah oh i see got it alright really good great wow "},
    {"de", " mhm hm hmm ja jaja jo okay ok genau aha ach so richtig klar gut stimmt alles klar "},
    {"es", " mhm hm sí si ya ok okay vale claro ajá aja bueno entiendo "},
    {"fr", " mhm hm oui ouais ok okay d'accord daccord voilà voila ah bon bien "},
    {"it", " mhm hm sì si ok okay certo già gia ah va bene capito "},
    {"nl", " mhm hm ja jaja ok okay oké precies klopt goed aha "},
    {"pt", " mhm hm sim ok okay certo claro tá ta pois é "},
    {"pl", " mhm hm tak no ok okay dobrze jasne aha rozumiem "},
    {"tr", " hı hıhı evet tamam ok okay peki anladım "},
    {"sv", " mhm hm ja jo ok okay precis just det aha bra "},
    {"da", " mhm hm ja jo ok okay præcis nå aha godt "},
    {"nb", " mhm hm ja jo ok okay akkurat nettopp aha bra "},
};

/* Signs beyond ASCII that stand in sentences: quotes, dashes and dots, and those of Spanish. */
static bool is_sign(const char *at)
{
    return strncmp(at, "\xe2\x80", 2) == 0 || strncmp(at, "\xc2\xbf", 2) == 0 ||
           strncmp(at, "\xc2\xa1", 2) == 0;
}

static bool is_letter(const char *at)
{
    return isalnum((unsigned char)*at) || (((unsigned char)*at & 0x80) && !is_sign(at));
}

/* Goes to the next letter.  What stands in brackets is no word. */
static void skip_signs(const char **at)
{
    while (**at && !is_letter(*at)) {
        if (**at == '(' || **at == '[' || **at == '*')
            *at += strcspn(*at + 1, ")]*") + 1;
        else if (is_sign(*at))
            *at += strlen(*at) > 2 && **at == '\xe2' ? 2 : 1;
        if (**at)
            (*at)++;
    }
}

/* Reads the next word in small letters; false at the end. */
static bool next_word(const char **at, char word[WORD_SIZE])
{
    size_t length = 0;

    skip_signs(at);
    for (; is_letter(*at) || **at == '\''; (*at)++)
        if (length < WORD_SIZE - 1)
            word[length++] = (char)tolower((unsigned char)**at);
    word[length] = '\0';
    return length > 0;
}

bool words_are_any(const char *text)
{
    char word[WORD_SIZE];

    return next_word(&text, word);
}

static bool is_listed(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at++)
        if (at > list && at[-1] == ' ' && at[length] == ' ')
            return true;
    return false;
}

static bool is_backchannel(const char *word, const char *language)
{
    for (size_t i = 0; i < COUNT(backchannels); i++)
        if ((!language || strcmp(language, backchannels[i].language) == 0) &&
            is_listed(backchannels[i].words, word))
            return true;
    return false;
}

/* A language that we have no words of is taken for English, which is understood on phones. */
static const char *known(const char *language)
{
    for (size_t i = 0; language && i < COUNT(backchannels); i++)
        if (strcmp(language, backchannels[i].language) == 0)
            return language;
    return language ? "en" : NULL;
}

bool words_are_backchannel(const char *text, const char *language)
{
    char word[WORD_SIZE];
    size_t count = 0;

    language = known(language);
    while (next_word(&text, word))
        if (++count > BACKCHANNEL_WORDS || !is_backchannel(word, language))
            return false;
    return count > 0;
}

static size_t read_words(const char *text, char words[WORDS][WORD_SIZE])
{
    size_t count = 0;

    while (count < WORDS && next_word(&text, words[count]))
        count++;
    return count;
}

/* The longest run of words that both have in order, others between them or not. */
double words_likeness(const char *text, const char *other)
{
    char mine[WORDS][WORD_SIZE], theirs[WORDS][WORD_SIZE];
    size_t nmine = read_words(text, mine), ntheirs = read_words(other, theirs);
    unsigned char length[WORDS + 1] = {0};

    if (!nmine)
        return 0;
    for (size_t i = 0; i < nmine; i++) {
        unsigned char above_left = 0;

        for (size_t j = 1; j <= ntheirs; j++) {
            unsigned char above = length[j];

            if (strcmp(mine[i], theirs[j - 1]) == 0)
                length[j] = (unsigned char)(above_left + 1);
            else if (length[j - 1] > above)
                length[j] = length[j - 1];
            above_left = above;
        }
    }
    return (double)length[ntheirs] / (double)nmine;
}

bool words_hold(const char *text, const char *phrase)
{
    char theirs[WORDS][WORD_SIZE], mine[WORDS][WORD_SIZE];
    size_t count = read_words(text, mine), wanted = read_words(phrase, theirs);

    for (size_t i = 0; wanted && i + wanted <= count; i++) {
        size_t same = 0;

        while (same < wanted && strcmp(mine[i + same], theirs[same]) == 0)
            same++;
        if (same == wanted)
            return true;
    }
    return false;
}
