#include "remote/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/config.h"

/* An address range, its bits beyond the prefix zero. */
struct range4 {
    uint32_t network;
    unsigned prefix;
};

struct range6 {
    unsigned char network[16];
    unsigned prefix;
};

#define IP4(a, b, c, d)                                                                            \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* What IANA's registry of special addresses keeps from the public internet. */
static const struct range4 closed4[] = {
    {IP4(0, 0, 0, 0), 8},      {IP4(10, 0, 0, 0), 8},     {IP4(100, 64, 0, 0), 10},
    {IP4(127, 0, 0, 0), 8},    {IP4(169, 254, 0, 0), 16}, {IP4(172, 16, 0, 0), 12},
    {IP4(192, 0, 0, 0), 24},   {IP4(192, 0, 2, 0), 24},   {IP4(192, 88, 99, 0), 24},
    {IP4(192, 168, 0, 0), 16}, {IP4(198, 18, 0, 0), 15},  {IP4(198, 51, 100, 0), 24},
    {IP4(203, 0, 113, 0), 24}, {IP4(224, 0, 0, 0), 4},    {IP4(240, 0, 0, 0), 4},
};

/* Only 2000::/3 is given out; of that these are not public. */
static const struct range6 closed6[] = {
    {{0x20, 0x01}, 23},             /* IETF protocols, Teredo and ORCHID among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof closed4 / sizeof closed4[0]; i++)
        if ((address ^ closed4[i].network) >> (32 - closed4[i].prefix) == 0)
            return false;
    return true;
}

static uint32_t read4(const unsigned char *at)
{
    return IP4(at[0], at[1], at[2], at[3]);
}

static bool in_range6(const unsigned char *address, const struct range6 *range)
{
    unsigned whole = range->prefix / 8, rest = range->prefix % 8;

    return memcmp(address, range->network, whole) == 0 &&
           (!rest || (address[whole] ^ range->network[whole]) >> (8 - rest) == 0);
}

static bool is_public6(const unsigned char *address)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char translated[12] = {0x00, 0x64, 0xff, 0x9b};

    if (memcmp(address, mapped, 12) == 0 || memcmp(address, translated, 12) == 0)
        return is_public4(read4(address + 12));
    if (address[0] == 0x20 && address[1] == 0x02) /* 6to4 carries an IPv4 address */
        return is_public4(read4(address + 2));
    if (address[0] >> 5 != 1)
        return false;
    for (size_t i = 0; i < sizeof closed6 / sizeof closed6[0]; i++)
        if (in_range6(address, &closed6[i]))
            return false;
    return true;
}

bool guard_is_public(const struct sockaddr *address)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    case AF_INET6:
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    default:
        return false;
    }
}

/* Scheme, host and port of a URL. */
struct origin {
    bool https;
    char host[256];
    long port;
};

/* Reads ":port" behind a host, or takes the scheme's. */
static bool read_port(const char *text, size_t length, struct origin *origin)
{
    char *end;

    origin->port = origin->https ? 443 : 80;
    if (!length)
        return true;
    if (*text != ':' || length < 2 || length > 6 || strspn(text + 1, "0123456789") < length - 1)
        return false;
    origin->port = strtol(text + 1, &end, 10);
    return origin->port > 0 && origin->port < 65536;
}

/* How much of "host:port" is the host; 0 when a bracket is not closed. */
static size_t host_length(const char *authority, size_t length)
{
    const char *end = memchr(authority, *authority == '[' ? ']' : ':', length);

    if (*authority == '[')
        return end ? (size_t)(end - authority) + 1 : 0;
    return end ? (size_t)(end - authority) : length;
}

/* How much of a URL behind its scheme is "host:port"; 0 when it holds what no host holds. */
static size_t authority_length(const char *text, size_t length)
{
    size_t at = 0;

    for (; at < length && !strchr("/?#", text[at]); at++)
        if (text[at] == '@' || text[at] == '\\' || (unsigned char)text[at] <= ' ')
            return 0;
    return at;
}

/* False for anything but http and https, and for URLs that carry a user. */
static bool read_origin(const char *url, size_t length, struct origin *origin)
{
    size_t scheme = length > 8 && strncasecmp(url, "https://", 8) == 0 ? 8 : 7, authority, host;

    origin->https = scheme == 8;
    if (length <= scheme || (!origin->https && strncasecmp(url, "http://", 7) != 0))
        return false;
    authority = authority_length(url + scheme, length - scheme);
    host = authority ? host_length(url + scheme, authority) : 0;
    if (!host || host >= sizeof origin->host)
        return false;
    memcpy(origin->host, url + scheme, host);
    origin->host[host] = '\0';
    return read_port(url + scheme + host, authority - host, origin);
}

static bool same_origin(const struct origin *a, const struct origin *b)
{
    return a->https == b->https && a->port == b->port && strcasecmp(a->host, b->host) == 0;
}

bool guard_is_allowed(const char *allow_private_urls, const char *url)
{
    const char *at = allow_private_urls ? allow_private_urls : "no";
    struct origin wanted, listed;

    if (strcmp(at, "yes") == 0)
        return true;
    if (strcmp(at, "no") == 0 || !read_origin(url, strlen(url), &wanted))
        return false;
    while (*at) {
        size_t length = strcspn(at, ", ");

        if (length && read_origin(at, length, &listed) && same_origin(&wanted, &listed))
            return true;
        at += length + strspn(at + length, ", ");
    }
    return false;
}

/* Whether a host is written as an address, in any of its spellings, that is not public. */
static bool is_closed_literal(const char *host)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    char inner[256];

    if (*host == '[') {
        memcpy(inner, host + 1, strlen(host));
        inner[strcspn(inner, "]%")] = '\0';
        return inet_pton(AF_INET6, inner, &in6.sin6_addr) != 1 ||
               !guard_is_public((const struct sockaddr *)&in6);
    }
    return inet_aton(host, &in.sin_addr) && !guard_is_public((const struct sockaddr *)&in);
}

static bool check(struct work *work, const char *field, const char *url, size_t max, bool plain)
{
    bool allowed = guard_is_allowed(work->config ? work->config->allow_private_urls : NULL, url);
    struct origin origin;

    if (strlen(url) > max)
        return fail_field(work, field, "%s is longer than %zu bytes", field, max);
    if (!read_origin(url, strlen(url), &origin) || strchr(url, '#') ||
        strpbrk(url, " \t\r\n\"<>\\"))
        return fail_field(work, field, "%s must be an http%s URL", field, plain ? "" : "s");
    if (allowed)
        return true;
    if (!origin.https && !plain)
        return fail_field(work, field, "%s must be an https URL", field);
    if (is_closed_literal(origin.host) || strcasecmp(origin.host, "localhost") == 0)
        return fail_field(work, field, "%s must lead to a public address", field);
    return true;
}

bool guard_check_url(struct work *work, const char *field, const char *url, size_t max)
{
    return check(work, field, url, max, false);
}

bool guard_check_web_url(struct work *work, const char *field, const char *url, size_t max)
{
    return check(work, field, url, max, true);
}
