#include "core/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANGE = 64 };

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

bool address_read(const char *text, unsigned char address[16])
{
    if (inet_pton(AF_INET, text, address + 12) != 1)
        return inet_pton(AF_INET6, text, address) == 1;
    memcpy(address, mapped, sizeof mapped);
    return true;
}

/* "a.b.c.d/n" as an address and how many of its 128 bits count. */
static bool read_range(const char *text, unsigned char network[16], unsigned *bits)
{
    char address[MAX_RANGE], *slash, *end;
    bool is4;
    long given;

    if (strlen(text) >= sizeof address)
        return false;
    memcpy(address, text, strlen(text) + 1);
    if ((slash = strchr(address, '/')))
        *slash++ = '\0';
    if (!address_read(address, network))
        return false;
    is4 = memcmp(network, mapped, sizeof mapped) == 0 && !strchr(address, ':');
    *bits = 128;
    if (!slash)
        return true;
    given = strtol(slash, &end, 10);
    if (end == slash || *end || given < 0 || given > (is4 ? 32 : 128))
        return false;
    *bits = (unsigned)given + (is4 ? 96 : 0);
    return true;
}

bool address_range_is_valid(const char *range)
{
    unsigned char network[16];
    unsigned bits;

    return read_range(range, network, &bits);
}

bool address_in_range(const char *address, const char *range)
{
    unsigned char one[16], network[16];
    unsigned bits, whole, rest;

    if (!address_read(address, one) || !read_range(range, network, &bits))
        return false;
    whole = bits / 8;
    rest = bits % 8;
    return memcmp(one, network, whole) == 0 &&
           (!rest || (one[whole] ^ network[whole]) >> (8 - rest) == 0);
}

bool address_in_list(const char *address, const char *list)
{
    while (list && *list) {
        char range[MAX_RANGE];
        size_t length;

        list += strspn(list, ", ");
        length = strcspn(list, ", ");
        if (length && length < sizeof range) {
            memcpy(range, list, length);
            range[length] = '\0';
            if (address_in_range(address, range))
                return true;
        }
        list += length;
    }
    return false;
}
