#include "domain/relay_proof.h"

#include <string.h>

#include "core/config.h"
#include "domain/tenants.h"
#include "domain/tokens.h"
#include "remote/twilio.h"
#include "remote/twilio_signature.h"

void relay_handshake_read(struct work *work, const char *path, const char *host,
                          const char *signature, struct relay_handshake *handshake)
{
    const char *base = work->config->stream_public_url;
    size_t length = strlen(base), scheme = strcspn(base, ":");

    while (length && base[length - 1] == '/')
        length--;
    *handshake = (struct relay_handshake){.signature = arena_text(&work->arena, signature)};
    handshake->urls[0] = arena_format(&work->arena, "%.*s%s", (int)length, base, path);
    if (*host)
        handshake->urls[1] =
            arena_format(&work->arena, "%.*s://%s%s", (int)scheme, base, host, path);
}

static bool fits(struct work *work, const struct relay_handshake *handshake, const char *token)
{
    const struct twilio_message message = {.urls = handshake->urls, .socket = true};

    return token && *token &&
           twilio_signature_fits(&work->arena, token, handshake->signature, &message, NULL);
}

bool relay_is_ours(struct work *work, const struct relay_handshake *handshake)
{
    return fits(work, handshake, work->config->twilio_auth_token) ||
           fits(work, handshake, work->config->rehearsal_auth_token);
}

bool relay_prove(struct work *work, const struct relay_handshake *handshake, const char *token)
{
    struct carrier carrier;
    struct tenant tenant;
    struct token read;

    if (relay_is_ours(work, handshake))
        return true;
    if (!token_read(work, TOKEN_RELAY, token, &read))
        return false;
    work->tenant = read.tenant_id;
    if (!tenant_by_id(work, read.tenant_id, &tenant) || !carrier_of_tenant(work, &tenant, &carrier))
        return false;
    return fits(work, handshake, carrier.auth_token) ||
           fail(work, UNAUTHENTICATED, "The signature is not the carrier's");
}
