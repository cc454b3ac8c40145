#include "remote/twilio_signature.h"

#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "core/text.h"

/* By name, then by value, in byte order. */
static int compare_fields(const void *a, const void *b)
{
    const struct twilio_field *left = a, *right = b;
    int names = strcmp(left->name, right->name);

    return names ? names : strcmp(left->value, right->value);
}

/* The fields as they are signed: sorted, a pair that stands twice counted once. */
static char *sorted_fields(struct arena *arena, const struct twilio_field *fields, size_t nfields)
{
    struct twilio_field *sorted = arena_new(arena, struct twilio_field, nfields);
    struct text text = {.arena = arena};

    text_put(&text, "");
    if (nfields) {
        memcpy(sorted, fields, nfields * sizeof *fields);
        qsort(sorted, nfields, sizeof *sorted, compare_fields);
    }
    for (size_t i = 0; i < nfields; i++)
        if (i == 0 || compare_fields(&sorted[i - 1], &sorted[i]) != 0) {
            text_put(&text, sorted[i].name);
            text_put(&text, sorted[i].value);
        }
    return text.at;
}

static char *sign(struct arena *arena, const char *token, const char *url, const char *fields)
{
    const char *signed_text = arena_format(arena, "%s%s", url, fields);
    unsigned char digest[20];

    hmac_sha1(token, strlen(token), signed_text, strlen(signed_text), digest);
    return base64_write(arena, digest, sizeof digest);
}

char *twilio_signature(struct arena *arena, const char *token, const char *url,
                       const struct twilio_field *fields, size_t nfields)
{
    return sign(arena, token, url, sorted_fields(arena, fields, nfields));
}

/* One check: what is compared with what. */
struct check {
    struct arena *arena;
    const char *token, *signature, *fields;
    const char *matched;
};

static bool fits(struct check *check, const char *url)
{
    if (!secret_equal_text(sign(check->arena, check->token, url, check->fields), check->signature))
        return false;
    check->matched = url;
    return true;
}

/* A URL cut where variants differ. */
struct parts {
    const char *scheme, *host, *port, *path, *query; /* "https://", "a.b", ":443", "/x", "?y=1" */
};

static struct parts split(struct arena *arena, const char *url)
{
    const char *host = strstr(url, "://"), *path, *port, *query;

    host = host ? host + 3 : url;
    path = host + strcspn(host, "/?");
    query = path + strcspn(path, "?");
    port = host + (*host == '[' ? strcspn(host, "]/?") : 0);
    port += strcspn(port, ":/?");
    return (struct parts){
        .scheme = arena_copy(arena, url, (size_t)(host - url)),
        .host = arena_copy(arena, host, (size_t)(port - host)),
        .port = arena_copy(arena, port, (size_t)(path - port)),
        .path = arena_copy(arena, path, (size_t)(query - path)),
        .query = query,
    };
}

static char *join(struct arena *arena, const struct parts *parts)
{
    return arena_format(arena, "%s%s%s%s%s", parts->scheme, parts->host, parts->port, parts->path,
                        parts->query);
}

/* Replaces one text by another wherever it stands. */
static char *exchange(struct arena *arena, const char *text, const char *what, const char *by)
{
    struct text out = {.arena = arena};

    text_put(&out, "");
    for (const char *found; (found = strstr(text, what)); text = found + strlen(what)) {
        text_bytes(&out, text, (size_t)(found - text));
        text_put(&out, by);
    }
    text_put(&out, text);
    return out.at;
}

/* The query as it stands, and with its apostrophes written the other way. */
static bool fits_with_queries(struct check *check, struct parts parts)
{
    const char *query = parts.query;

    if (fits(check, join(check->arena, &parts)))
        return true;
    if (strstr(query, "%27")) {
        parts.query = exchange(check->arena, query, "%27", "'");
        return fits(check, join(check->arena, &parts));
    }
    if (strchr(query, '\'')) {
        parts.query = exchange(check->arena, query, "'", "%27");
        return fits(check, join(check->arena, &parts));
    }
    return false;
}

/* Without a port, with the one that stands there, with the default one. */
static bool fits_with_ports(struct check *check, struct parts parts)
{
    const char *port = parts.port;
    bool https = strcmp(parts.scheme, "https://") == 0, wss = strcmp(parts.scheme, "wss://") == 0;

    parts.port = "";
    if (fits_with_queries(check, parts))
        return true;
    if (*port) {
        parts.port = port;
        return fits_with_queries(check, parts);
    }
    parts.port = https || wss ? ":443" : ":80";
    if (fits_with_queries(check, parts))
        return true;
    parts.port = ":80"; /* which some senders take for every scheme but https */
    return wss && fits_with_queries(check, parts);
}

/* The path with a slash more, or less. */
static const char *other_path(struct arena *arena, const char *path)
{
    size_t length = strlen(path);

    if (length > 1 && path[length - 1] == '/')
        return arena_copy(arena, path, length - 1);
    return arena_format(arena, "%s/", path);
}

/* Only websocket handshakes may be signed with a slash more; a request's path is what it is. */
static bool fits_url(struct check *check, const char *url, bool socket)
{
    struct parts parts = split(check->arena, url);

    if (fits_with_ports(check, parts))
        return true;
    parts.path = other_path(check->arena, parts.path);
    return socket && fits_with_ports(check, parts);
}

/* The body of a request that is no form is signed by its hash in the query. */
static bool body_fits(const struct twilio_message *message)
{
    const char *query = message->urls[0] ? strstr(message->urls[0], "bodySHA256=") : NULL;
    char hex[65];
    hash256 hash;

    if (!message->body)
        return true;
    if (!query || (query[-1] != '?' && query[-1] != '&'))
        return false;
    hash = sha256(message->body, message->body_length);
    hex_write(hash.bytes, sizeof hash.bytes, hex);
    query += strlen("bodySHA256=");
    return strcspn(query, "&") == 64 && secret_equal(query, 64, hex, 64);
}

bool twilio_signature_fits(struct arena *arena, const char *token, const char *signature,
                           const struct twilio_message *message, const char **matched)
{
    struct check check = {arena, token, signature, .matched = NULL};

    if (!signature || strlen(signature) != 28 || !body_fits(message))
        return false;
    check.fields = sorted_fields(arena, message->fields, message->nfields);
    for (const char *const *url = message->urls; *url; url++)
        if (fits_url(&check, *url, message->socket)) {
            if (matched)
                *matched = check.matched;
            return true;
        }
    return false;
}

/* One host in both schemes, the path as it is and with the other ending. */
static bool fits_host(struct check *check, struct parts parts, bool socket)
{
    static const char *const schemes[][2] = {{"https://", "http://"}, {"wss://", "ws://"}};
    const char *path = parts.path;

    for (size_t i = 0; i < 2; i++) {
        parts.scheme = schemes[socket][i];
        parts.path = path;
        if (fits_with_ports(check, parts))
            return true;
        parts.path = other_path(check->arena, path);
        if (fits_with_ports(check, parts))
            return true;
    }
    return false;
}

const char *twilio_signature_hint(struct arena *arena, const char *token, const char *signature,
                                  const struct twilio_message *message, const char *const *hosts)
{
    struct check check = {arena, token, signature, .matched = NULL};

    if (!signature || strlen(signature) != 28)
        return NULL;
    check.fields = sorted_fields(arena, message->fields, message->nfields);
    for (const char *const *url = message->urls; *url; url++) {
        struct parts parts = split(arena, *url), other;

        if (fits_host(&check, parts, message->socket))
            return check.matched;
        for (const char *const *host = hosts; host && *host; host++) {
            other = split(arena, arena_format(arena, "https://%s", *host));
            parts.host = other.host;
            parts.port = other.port;
            if (fits_host(&check, parts, message->socket))
                return check.matched;
        }
    }
    return NULL;
}
