#include "domain/tokens.h"

#include <string.h>

#include "core/config.h"

/*
 * The body: version, purpose, two bytes of nothing, tenant (4), expiry in ms (8), call, session,
 * agent version (16 each); numbers big-endian.
 */
enum { BODY_SIZE = 4 + 4 + 8 + 3 * 16, VERSION = 1, CLOCKS_DIFFER_MS = 30 * 1000 };

enum { AT_PURPOSE = 1, AT_TENANT = 4, AT_EXPIRY = 8, AT_KEYS = 16 };

static void put_number(unsigned char *at, size_t size, uint64_t number)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(number >> 8 * (size - 1 - i));
}

static uint64_t take_number(const unsigned char *at, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

/* The signature covers the version word too, so that a token of one form is none of another. */
static char *sign(struct work *work, const char *secret, const char *body_text, size_t length)
{
    const char *text = arena_format(&work->arena, "v1.%.*s", (int)length, body_text);
    hash256 mac = hmac_sha256(secret, strlen(secret), text, strlen(text));

    return base64url_write(&work->arena, mac.bytes, sizeof mac.bytes);
}

char *token_make(struct work *work, enum token_purpose purpose, const struct token *token)
{
    unsigned char body[BODY_SIZE] = {VERSION, (unsigned char)purpose};
    const char *text;

    put_number(body + AT_TENANT, 4, (uint64_t)token->tenant_id);
    put_number(body + AT_EXPIRY, 8, (uint64_t)token->expires_at.ms);
    memcpy(body + AT_KEYS, token->call.bytes, 16);
    memcpy(body + AT_KEYS + 16, token->session.bytes, 16);
    memcpy(body + AT_KEYS + 32, token->agent_version.bytes, 16);
    text = base64url_write(&work->arena, body, sizeof body);
    return arena_format(&work->arena, "v1.%s.%s", text,
                        sign(work, work->config->stream_auth_secret, text, strlen(text)));
}

/* Whether it is signed with one of our secrets; texts are compared, so that one has one spelling.
 */
static bool is_signed(struct work *work, const char *body_text, size_t length, const char *mac)
{
    const char *const secrets[] = {work->config->stream_auth_secret,
                                   work->config->stream_auth_secret_previous};

    for (size_t i = 0; i < COUNT(secrets); i++)
        if (secrets[i] && *secrets[i] &&
            secret_equal_text(sign(work, secrets[i], body_text, length), mac))
            return true;
    return false;
}

static void read_body(const unsigned char *body, struct token *token)
{
    token->tenant_id = (int64_t)take_number(body + AT_TENANT, 4);
    token->expires_at.ms = (int64_t)take_number(body + AT_EXPIRY, 8);
    memcpy(token->call.bytes, body + AT_KEYS, 16);
    memcpy(token->session.bytes, body + AT_KEYS + 16, 16);
    memcpy(token->agent_version.bytes, body + AT_KEYS + 32, 16);
}

/* Splits the text at its dots; false when it has not the form of a token. */
static bool split(const char *text, const char **body, size_t *length, const char **mac)
{
    const char *dot;

    if (!text || strnlen(text, TOKEN_LIMIT + 1) > TOKEN_LIMIT || strncmp(text, "v1.", 3) != 0)
        return false;
    dot = strchr(text + 3, '.');
    if (!dot || strchr(dot + 1, '.'))
        return false;
    *body = text + 3;
    *length = (size_t)(dot - *body);
    *mac = dot + 1;
    return true;
}

bool token_read(struct work *work, enum token_purpose purpose, const char *text,
                struct token *token)
{
    const char *body_text, *mac;
    size_t length;
    bytes body;

    if (!split(text, &body_text, &length, &mac))
        return fail(work, UNAUTHENTICATED, "The token is malformed");
    body = base64_read(&work->arena, body_text, length);
    if (!body.at || body.length != BODY_SIZE || body.at[0] != VERSION ||
        !is_signed(work, body_text, length, mac))
        return fail(work, UNAUTHENTICATED, "The token is not valid");
    if (body.at[AT_PURPOSE] != purpose)
        return fail(work, UNAUTHENTICATED, "The token is for something else");
    read_body(body.at, token);
    if (token->expires_at.ms + CLOCKS_DIFFER_MS < clock_now().ms)
        return fail(work, UNAUTHENTICATED, "The token has expired");
    return true;
}

hash256 token_hash(const char *text)
{
    return sha256(text, strlen(text));
}
