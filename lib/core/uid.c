#include "core/uid.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/crypto.h"
#include "core/rand.h"

static void put_milliseconds(uid *id, int64_t ms)
{
    for (int i = 0; i < 6; i++)
        id->bytes[i] = (unsigned char)((uint64_t)ms >> (40 - 8 * i));
}

/*
 * The twelve bits behind the version count up within a millisecond, so that keys keep order; when
 * they are used up, the next millisecond is begun early.  Threads share the count.
 */
uid uid_new(void)
{
    static _Atomic uint64_t last; /* milliseconds and count */
    uint64_t now = (uint64_t)clock_now().ms << 12 | rand_below(2048), before = last, next;
    unsigned count;
    uid id;

    do
        next = now > before ? now : before + 1;
    while (!atomic_compare_exchange_weak(&last, &before, next));
    count = next & 4095;
    put_milliseconds(&id, (int64_t)(next >> 12));
    rand_bytes(id.bytes + 8, 8);
    id.bytes[6] = (unsigned char)(0x70 | count >> 8);
    id.bytes[7] = (unsigned char)count;
    id.bytes[8] = (unsigned char)(0x80 | (id.bytes[8] & 0x3F));
    return id;
}

uid uid_at(instant when)
{
    uid id = NO_UID;

    put_milliseconds(&id, when.ms);
    return id;
}

bool uid_is_none(uid id)
{
    return uid_equal(id, NO_UID);
}

bool uid_equal(uid a, uid b)
{
    return uid_compare(a, b) == 0;
}

int uid_compare(uid a, uid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

void uid_write_hex(uid id, char text[33])
{
    hex_write(id.bytes, sizeof id.bytes, text);
}

bool uid_read_hex(const char *text, uid *id)
{
    uid read;

    if (!hex_read(text, read.bytes, sizeof read.bytes))
        return false;
    *id = read;
    return true;
}

void uid_write_uuid(uid id, char text[37])
{
    char hex[33];

    uid_write_hex(id, hex);
    snprintf(text, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

bool uid_read_uuid(const char *text, uid *id)
{
    char hex[33];
    size_t length = 0;

    if (strlen(text) != 36)
        return false;
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash != (text[i] == '-'))
            return false;
        if (!dash)
            hex[length++] = text[i];
    }
    hex[length] = '\0';
    return uid_read_hex(hex, id);
}

/* Crockford's alphabet; 26 digits of five bits each, the first of three. */
static void write_base32(uid id, const char *digits, char text[27])
{
    uint64_t high = 0, low = 0;

    for (int i = 0; i < 8; i++) {
        high = high << 8 | id.bytes[i];
        low = low << 8 | id.bytes[i + 8];
    }
    for (int i = 25; i >= 0; i--) {
        text[i] = digits[low & 31];
        low = low >> 5 | high << 59;
        high >>= 5;
    }
    text[26] = '\0';
}

void uid_write_base32(uid id, char text[27])
{
    write_base32(id, "0123456789abcdefghjkmnpqrstvwxyz", text);
}

void uid_write_base32_upper(uid id, char text[27])
{
    write_base32(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", text);
}

static int base32_digit(char c)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    const char *at;

    c = (char)tolower((unsigned char)c);
    if (c == 'i' || c == 'l')
        return 1;
    if (c == 'o')
        return 0;
    at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool uid_read_base32(const char *text, uid *id)
{
    uint64_t high = 0, low = 0;

    if (strlen(text) != 26 || base32_digit(text[0]) > 7)
        return false;
    for (int i = 0; i < 26; i++) {
        int digit = base32_digit(text[i]);

        if (digit < 0)
            return false;
        high = high << 5 | low >> 59;
        low = low << 5 | (uint64_t)digit;
    }
    for (int i = 0; i < 8; i++) {
        id->bytes[i] = (unsigned char)(high >> (56 - 8 * i));
        id->bytes[i + 8] = (unsigned char)(low >> (56 - 8 * i));
    }
    return true;
}

static bool read_bare(const char *text, uid *id)
{
    return uid_read_uuid(text, id) || uid_read_base32(text, id) || uid_read_hex(text, id);
}

bool uid_read(const char *text, const char *const *prefixes, uid *id)
{
    for (; prefixes && *prefixes; prefixes++) {
        size_t length = strlen(*prefixes);

        if (strncmp(text, *prefixes, length) == 0 && read_bare(text + length, id))
            return true;
    }
    return read_bare(text, id);
}
