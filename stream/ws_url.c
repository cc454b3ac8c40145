#include "stream/ws_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_port(const char *text, const char *end, int *port)
{
    long number = 0;

    if (text == end || end - text > 5)
        return false;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (*text - '0');
    }
    *port = (int)number;
    return number > 0 && number <= 65535;
}

bool ws_url_read(const char *text, struct ws_url *url)
{
    const char *end, *colon, *path;

    url->tls = strncmp(text, "wss://", 6) == 0;
    if (!url->tls && strncmp(text, "ws://", 5) != 0)
        return false;
    text += url->tls ? 6 : 5;
    path = text + strcspn(text, "/?");
    colon = memchr(text, ':', (size_t)(path - text));
    end = colon ? colon : path;
    if (end == text || (size_t)(end - text) >= sizeof url->host)
        return false;
    memcpy(url->host, text, (size_t)(end - text));
    url->host[end - text] = '\0';
    url->port = url->tls ? 443 : 80;
    if (colon && !read_port(colon + 1, path, &url->port))
        return false;
    return snprintf(url->path, sizeof url->path, "%s%s", *path == '/' ? "" : "/", path) <
           (int)sizeof url->path;
}
