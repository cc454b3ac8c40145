#include "db/url.h"

#include <stddef.h>
#include <string.h>

#include "core/crypto.h"

/* A part of the URL, not yet decoded. */
struct part {
    const char *at, *end;
};

/* A decoded copy of the part; NULL when a % is not followed by two digits, or by 00. */
static const char *decode(struct arena *arena, struct part part)
{
    char *text = arena_take(arena, 1, (size_t)(part.end - part.at) + 1), *to = text;

    while (part.at < part.end) {
        char c = *part.at++;

        if (c == '%') {
            int high = part.end - part.at < 2 ? -1 : hex_digit(part.at[0]);
            int low = high < 0 ? -1 : hex_digit(part.at[1]);

            if (low < 0 || high + low == 0)
                return NULL;
            c = (char)(high << 4 | low);
            part.at += 2;
        }
        *to++ = c;
    }
    return text;
}

/* Decodes a part that may be missing; an empty one counts as missing. */
static bool decode_to(struct arena *arena, struct part part, const char **text)
{
    if (part.at == part.end)
        return true;
    *text = decode(arena, part);
    return *text;
}

/* The first place of the character in the part, or its end. */
static const char *find(struct part part, char c)
{
    const char *found = memchr(part.at, c, (size_t)(part.end - part.at));

    return found ? found : part.end;
}

static bool read_port(struct part part, unsigned *port)
{
    unsigned value = 0;

    for (; part.at < part.end; part.at++) {
        if (*part.at < '0' || *part.at > '9' || value > 6553)
            return false;
        value = value * 10 + (unsigned)(*part.at - '0');
    }
    *port = value;
    return value > 0 && value < 65536;
}

/* host, host:port, [::1] or [::1]:port */
static bool read_host(struct arena *arena, struct part part, struct address *address)
{
    struct part host = part;
    const char *behind;

    if (part.at < part.end && *part.at == '[') {
        host = (struct part){part.at + 1, find(part, ']')};
        if (host.end == part.end)
            return false;
        behind = host.end + 1;
    } else {
        behind = host.end = find(part, ':');
    }
    if (behind < part.end &&
        (*behind != ':' || !read_port((struct part){behind + 1, part.end}, &address->port)))
        return false;
    return decode_to(arena, host, &address->host);
}

/* user:password@host:port; the last @ counts, because people forget to encode theirs. */
static bool read_authority(struct arena *arena, struct part part, struct address *address)
{
    const char *at = NULL, *colon;

    for (const char *c = part.at; c < part.end; c++)
        if (*c == '@')
            at = c;
    if (!at)
        return read_host(arena, part, address);
    colon = find((struct part){part.at, at}, ':');
    return decode_to(arena, (struct part){part.at, colon}, &address->user) &&
           (colon == at || decode_to(arena, (struct part){colon + 1, at}, &address->password)) &&
           read_host(arena, (struct part){at + 1, part.end}, address);
}

static bool read_option(struct arena *arena, struct part part, struct address *address)
{
    const char *equals = find(part, '=');
    const char *name = decode(arena, (struct part){part.at, equals});

    if (!name || equals == part.end)
        return false;
    part.at = equals + 1;
    if (strcmp(name, "socket") == 0)
        return decode_to(arena, part, &address->socket);
    if (strcmp(name, "ssl-ca") == 0)
        return decode_to(arena, part, &address->ssl_ca);
    return false;
}

static bool read_options(struct arena *arena, struct part part, struct address *address)
{
    while (part.at < part.end) {
        const char *end = find(part, '&');

        if (!read_option(arena, (struct part){part.at, end}, address))
            return false;
        part.at = end < part.end ? end + 1 : end;
    }
    return true;
}

bool url_read(struct arena *arena, const char *url, struct address *address)
{
    struct part rest, name;
    const char *slash;

    *address = (struct address){0};
    if (strncmp(url, "mysql://", 8) != 0 && strncmp(url, "mariadb://", 10) != 0)
        return false;
    rest = (struct part){strstr(url, "://") + 3, url + strlen(url)};
    slash = find(rest, '/');
    if (slash == rest.end)
        return false;
    name = (struct part){slash + 1, rest.end};
    name.end = find(name, '?');
    if (name.end < rest.end && !read_options(arena, (struct part){name.end + 1, rest.end}, address))
        return false;
    return read_authority(arena, (struct part){rest.at, slash}, address) &&
           decode_to(arena, name, &address->name) && address->name;
}
