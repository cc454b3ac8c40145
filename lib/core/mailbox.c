#include "core/mailbox.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LABEL_MOST = 63, DOMAIN_MOST = 253, LOCAL_MOST = 64 };

/* ---- domains ---- */

static bool is_label(const char *text, size_t length)
{
    if (!length || length > LABEL_MOST || text[0] == '-' || text[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '-')
            return false;
    return true;
}

bool mailbox_is_domain(const char *text)
{
    size_t labels = 0;

    if (strlen(text) > DOMAIN_MOST)
        return false;
    for (;;) {
        size_t length = strcspn(text, ".");

        if (!is_label(text, length))
            return false;
        labels++;
        if (!text[length])
            return labels > 1;
        text += length + 1;
    }
}

bool mailbox_is_of(const char *address, const char *domains)
{
    const char *at = strrchr(address, '@');

    while (at && domains && *domains) {
        size_t begin = strspn(domains, " \t,"), length = strcspn(domains + begin, " \t,");

        domains += begin;
        if (length && strlen(at + 1) == length && strncasecmp(at + 1, domains, length) == 0)
            return true;
        domains += length;
    }
    return false;
}

/* ---- mailboxes ---- */

/* What may stand before the @ without quotes. */
static bool is_local(const char *text, size_t length)
{
    if (!length || length > LOCAL_MOST || text[0] == '.' || text[length - 1] == '.')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("!#$%&'*+-/=?^_`{|}~.", text[i]))
            return false;
    return true;
}

static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at && is_local(text, (size_t)(at - text)) && mailbox_is_domain(at + 1);
}

/* A name of words and commas, or one in quotes; it ends where the address begins. */
static bool is_name(const char *text, size_t length)
{
    bool quoted = length > 1 && text[0] == '"' && text[length - 1] == '"';
    const char *never = quoted ? "\"\\" : "\"\\<>()[]@;:";

    for (size_t i = quoted; i < length - quoted; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7F || strchr(never, text[i]))
            return false;
    return true;
}

/* A comma stands for the end of a mailbox unless it is in quotes. */
static bool wants_quotes(const char *text, size_t name)
{
    return *text != '"' && memchr(text, ',', name);
}

bool mailbox_read(const char *text, char address[ADDRESS_SIZE])
{
    const char *open = strrchr(text, '<'), *begin = open ? open + 1 : text;
    size_t length = strlen(begin), name = open ? (size_t)(open - text) : 0;

    if (strlen(text) > MAILBOX_MOST)
        return false;
    if (open && (!length || begin[--length] != '>'))
        return false;
    if (length >= ADDRESS_SIZE)
        return false;
    while (name && text[name - 1] == ' ')
        name--;
    memcpy(address, begin, length);
    address[length] = '\0';
    if (wants_quotes(text, name) && strlen(text) + sizeof "\"\"" > MAILBOX_MOST)
        return false; /* with quotes and a space it would be too long */
    return is_name(text, name) && is_address(address);
}

char *mailbox_write(struct arena *arena, const char *text)
{
    const char *open = strrchr(text, '<');
    size_t length = open ? (size_t)(open - text) : 0;

    while (length && text[length - 1] == ' ')
        length--;
    if (!wants_quotes(text, length))
        return arena_text(arena, text);
    return arena_format(arena, "\"%.*s\" %s", (int)length, text, open);
}
