#include "domain/words.h"

#include <ctype.h>
#include <string.h>

#include "core/text.h"

char *word_ascii(struct arena *arena, const char *text, size_t most)
{
    size_t length = text ? strnlen(text, most) : 0;
    char *word;

    if (!length)
        return NULL;
    word = arena_copy(arena, text, length);
    for (char *c = word; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return word;
}

/* How many bytes the character at "text" has; 0 when it is no UTF-8. */
static size_t character_length(const unsigned char *text)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = *text < 0x80 ? 1 : *text < 0xC2 ? 0 : *text < 0xE0 ? 2 : *text < 0xF0 ? 3 : 4;
    unsigned code = length < 2 ? *text : *text & (0x7Fu >> length);

    if (*text > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3F);
    }
    if (length > 1 &&
        (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)))
        return 0;
    return length;
}

char *word_text(struct arena *arena, const char *text, size_t most)
{
    struct text word = {.arena = arena};

    for (size_t count = 0; text && *text && count < most; count++) {
        size_t length = character_length((const unsigned char *)text);
        bool control = length == 1 && iscntrl((unsigned char)*text) && !strchr("\t\n", *text);

        if (length == 0 || control)
            text_put(&word, length ? " " : "\xEF\xBF\xBD");
        else
            text_bytes(&word, text, length);
        text += length ? length : 1;
    }
    return word.at;
}

const char *word_sid(const char *text)
{
    if (!text || strlen(text) != 34 || !isupper((unsigned char)text[0]) ||
        !isupper((unsigned char)text[1]))
        return NULL;
    for (const char *c = text + 2; *c; c++)
        if (!isxdigit((unsigned char)*c))
            return NULL;
    return text;
}
