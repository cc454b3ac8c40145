#include "receiver/signature.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST = 32 };

struct expected {
    struct expected *next;
    char *path, *header, *secret;
};

static struct expected *all;

static void replace(char **text, const char *with)
{
    free(*text);
    if ((*text = strdup(with)) == NULL)
        abort();
}

void signature_expect(const char *path, const char *header, const char *secret)
{
    struct expected *expected = all;

    while (expected != NULL && strcmp(expected->path, path) != 0)
        expected = expected->next;
    if (expected == NULL) {
        if ((expected = calloc(1, sizeof *expected)) == NULL)
            abort();
        expected->next = all;
        all = expected;
    }
    replace(&expected->path, path);
    replace(&expected->header, header);
    replace(&expected->secret, secret);
    for (char *at = expected->header; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
}

void signature_forget_all(void)
{
    while (all != NULL) {
        struct expected *next = all->next;

        free(all->path);
        free(all->header);
        free(all->secret);
        free(all);
        all = next;
    }
}

static const struct expected *find(const char *path)
{
    const struct expected *best = NULL;

    for (const struct expected *one = all; one != NULL; one = one->next)
        if (strncmp(path, one->path, strlen(one->path)) == 0 &&
            (best == NULL || strlen(one->path) > strlen(best->path)))
            best = one;
    return best;
}

/* What the signature should be, in hexadecimal digits. */
static void sign(const char *secret, const char *seconds, size_t seconds_length, const char *body,
                 size_t length, char hex[2 * DIGEST + 1])
{
    unsigned char digest[DIGEST];
    size_t total = seconds_length + 1 + length;
    char *text = malloc(total + 1);

    if (text == NULL)
        abort();
    memcpy(text, seconds, seconds_length);
    text[seconds_length] = '.';
    memcpy(text + seconds_length + 1, body, length);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, total, digest,
         NULL);
    free(text);
    for (size_t i = 0; i < DIGEST; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* Whether one of the v1 in the header is the right one. */
static bool has_signature(const char *header, const char *hex)
{
    for (const char *at = strstr(header, "v1="); at != NULL; at = strstr(at + 3, "v1="))
        if (strncmp(at + 3, hex, 2 * DIGEST) == 0 && !isxdigit((unsigned char)at[3 + 2 * DIGEST]))
            return true;
    return false;
}

const char *signature_check(struct web_request *request)
{
    const struct expected *expected = find(web_path(request));
    const char *header, *seconds, *body;
    char hex[2 * DIGEST + 1];
    size_t length;

    if (expected == NULL)
        return "unchecked";
    header = web_header(request, expected->header);
    if (header == NULL)
        return "absent";
    seconds = strstr(header, "t=");
    if (seconds == NULL)
        return "invalid";
    body = web_body(request, &length);
    seconds += 2;
    sign(expected->secret, seconds, strspn(seconds, "0123456789"), body, length, hex);
    return has_signature(header, hex) ? "valid" : "invalid";
}
