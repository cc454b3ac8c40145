#include "core/config_check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/mailbox.h"

/* Whether a text is one of the schemes, "://", and something without white space and quotes. */
static bool has_scheme(const char *value, const char *const *schemes)
{
    for (; *schemes; schemes++) {
        size_t length = strlen(*schemes);

        if (strncmp(value, *schemes, length) == 0 && strncmp(value + length, "://", 3) == 0)
            break;
    }
    if (!*schemes)
        return false;
    value += strlen(*schemes) + 3;
    if (!*value || *value == '/')
        return false;
    for (; *value; value++)
        if (!isgraph((unsigned char)*value) || strchr("\"<>\\^`{|}", *value))
            return false;
    return true;
}

static bool is_web_url(const char *value)
{
    return has_scheme(value, (const char *const[]){"https", "http", NULL});
}

static bool is_socket_url(const char *value)
{
    return has_scheme(value, (const char *const[]){"wss", "ws", NULL});
}

static bool is_mail_url(const char *value)
{
    return has_scheme(value, (const char *const[]){"smtp", "smtps", NULL});
}

static bool is_database_url(const char *value)
{
    return has_scheme(value, (const char *const[]){"mysql", NULL});
}

/* Whether each part of a comma-separated list fits; white space around a part does not matter. */
static bool is_list(const char *value, bool (*fits)(const char *part))
{
    char part[256];

    for (;;) {
        size_t length = strcspn(value, ","), end = length, begin = strspn(value, " \t");

        while (end > begin && (value[end - 1] == ' ' || value[end - 1] == '\t'))
            end--;
        if (begin >= end || end - begin >= sizeof part)
            return false;
        memcpy(part, value + begin, end - begin);
        part[end - begin] = '\0';
        if (!fits(part))
            return false;
        if (!value[length])
            return true;
        value += length + 1;
    }
}

static bool is_origin(const char *part)
{
    return is_web_url(part) && !strpbrk(strstr(part, "://") + 3, "/?#@");
}

static bool is_origins(const char *value)
{
    return strcmp(value, "*") == 0 || is_list(value, is_origin);
}

/* "10.0.0.1", "10.0.0.0/8", "fd00::/8" */
static bool is_network(const char *part)
{
    char address[64];
    unsigned char raw[16];
    size_t length = strcspn(part, "/");
    long bits = 0, most;

    if (length >= sizeof address)
        return false;
    memcpy(address, part, length);
    address[length] = '\0';
    most = inet_pton(AF_INET, address, raw) == 1 ? 32 : 128;
    if (most == 128 && inet_pton(AF_INET6, address, raw) != 1)
        return false;
    if (!part[length])
        return true;
    part += length + 1;
    for (length = 0; isdigit((unsigned char)part[length]) && length < 3; length++)
        bits = bits * 10 + (part[length] - '0');
    return length && !part[length] && bits <= most;
}

static bool is_networks(const char *value)
{
    return is_list(value, is_network);
}

static bool is_port(const char *value)
{
    long port = 0;
    size_t length;

    for (length = 0; isdigit((unsigned char)value[length]) && length < 5; length++)
        port = port * 10 + (value[length] - '0');
    return length && !value[length] && port > 0 && port <= 65535;
}

/* "unix:/run/trunkline/api.sock", "127.0.0.1:9000", "[::1]:9000", ":9000" for any address */
static bool is_listener(const char *value)
{
    const char *colon = strrchr(value, ':');

    if (strncmp(value, "unix:", 5) == 0)
        return value[5] == '/' && value[6];
    return colon && !strpbrk(value, " \t/") && is_port(colon + 1);
}

/* It stands in paths, so it has no slash and no escape. */
static bool is_name(const char *value)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    return isalnum((unsigned char)*value) && !value[strspn(value, plain)];
}

static bool is_sha256(const char *value)
{
    return strlen(value) == 64 && strspn(value, "0123456789abcdefABCDEF") == 64;
}

static bool is_secret(const char *value)
{
    return strlen(value) >= 16;
}

static bool is_private_rule(const char *value)
{
    return strcmp(value, "no") == 0 || strcmp(value, "yes") == 0 || is_list(value, is_origin);
}

static bool is_store(const char *value)
{
    return strcmp(value, "database") == 0 || *value == '/';
}

static bool is_mailbox(const char *value)
{
    char address[ADDRESS_SIZE];

    return mailbox_read(value, address);
}

static bool is_domains(const char *value)
{
    return is_list(value, mailbox_is_domain);
}

#define WEB_URL is_web_url, "an address that begins with https:// or http://", true
#define SOCKET_URL is_socket_url, "an address that begins with wss:// or ws://", true
#define LISTENER is_listener, "host:port or unix:/path", false
#define STRONG is_secret, "16 characters or more", false

static const struct config_check checks[] = {
    /* clang-format off */
    {offsetof(struct config, public_base_url),             WEB_URL},
    {offsetof(struct config, stream_public_url),           SOCKET_URL},
    {offsetof(struct config, listen_api),                  LISTENER},
    {offsetof(struct config, listen_callbacks),            LISTENER},
    {offsetof(struct config, listen_stream),               LISTENER},
    {offsetof(struct config, listen_control),              LISTENER},
    {offsetof(struct config, trusted_proxies),             is_networks, "addresses or networks such as 10.0.0.0/8, separated by commas", false},
    {offsetof(struct config, cors_origins),                is_origins, "* or origins such as https://example.com, separated by commas", false},
    {offsetof(struct config, node_name),                   is_name, "letters, digits, points and dashes", false},
    {offsetof(struct config, database_url),                is_database_url, "an address that begins with mysql://", false},
    {offsetof(struct config, admin_password_sha256),       is_sha256, "64 hex digits", false},
    {offsetof(struct config, admin_api_key),               STRONG},
    {offsetof(struct config, secrets_key),                 STRONG},
    {offsetof(struct config, key_pepper),                  STRONG},
    {offsetof(struct config, control_secret),              STRONG},
    {offsetof(struct config, stream_auth_secret),          STRONG},
    {offsetof(struct config, twilio_api_base_url),         WEB_URL},
    {offsetof(struct config, rehearsal_api_base_url),      WEB_URL},
    {offsetof(struct config, openai_base_url),             WEB_URL},
    {offsetof(struct config, openai_chat_fallback_url),    WEB_URL},
    {offsetof(struct config, openai_realtime_url),         SOCKET_URL},
    {offsetof(struct config, openai_realtime_fallback_url), SOCKET_URL},
    {offsetof(struct config, elevenlabs_base_url),         WEB_URL},
    {offsetof(struct config, anthropic_base_url),          WEB_URL},
    {offsetof(struct config, resend_base_url),             WEB_URL},
    {offsetof(struct config, smtp_url),                    is_mail_url, "an address that begins with smtp:// or smtps://", false},
    {offsetof(struct config, mail_from),                   is_mailbox, "a mail address such as Desk <calls@example.com>", false},
    {offsetof(struct config, mail_domains),                is_domains, "domains such as example.com, separated by commas", false},
    {offsetof(struct config, stripe_base_url),             WEB_URL},
    {offsetof(struct config, billing_outcomes_url),        WEB_URL},
    {offsetof(struct config, allow_private_urls),          is_private_rule, "no, yes, or origins allowed by name, separated by commas", false},
    {offsetof(struct config, recording_store),             is_store, "the word database or a directory's full path", false},
    /* clang-format on */
};

const struct config_check *config_check_of(size_t offset)
{
    for (size_t i = 0; i < COUNT(checks); i++)
        if (checks[i].offset == offset)
            return &checks[i];
    return NULL;
}
