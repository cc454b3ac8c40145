#include "domain/remote_address.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/address.h"
#include "core/text.h"

#define MAPPED "::ffff:"

const char *remote_address_text(struct arena *arena, const char *ip)
{
    unsigned char address[16];
    char text[INET6_ADDRSTRLEN];

    if (!ip || !address_read(ip, address) || !inet_ntop(AF_INET6, address, text, sizeof text))
        return NULL;
    return arena_text(arena, text);
}

const char *remote_address_plain(const char *stored)
{
    return stored && strncmp(stored, MAPPED, strlen(MAPPED)) == 0 ? stored + strlen(MAPPED)
                                                                  : stored;
}

const char *cut_text(struct arena *arena, const char *text, size_t most)
{
    struct text kept = {.arena = arena};
    size_t left = text ? strlen(text) : 0, length;

    if (!text)
        return NULL;
    text_put(&kept, "");
    for (; left; text += length ? length : 1, left -= length ? length : 1) {
        length = text_utf8(text, left);
        if (kept.length + length > most)
            break;
        text_bytes(&kept, text, length);
    }
    return kept.at;
}
