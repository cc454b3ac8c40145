/* twilio/signature.c - what is signed, and with what result. */
#include "twilio/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name_and_value(const void *a, const void *b)
{
    const struct form_pair *x = a, *y = b;
    int names = strcmp(x->name, y->name);

    return names ? names : strcmp(x->value, y->value);
}

static struct form_pair *sorted(const struct form *form)
{
    struct form_pair *pairs = malloc((form->count + 1) * sizeof *pairs);

    if (form->count)
        memcpy(pairs, form->pairs, form->count * sizeof *pairs);
    qsort(pairs, form->count, sizeof *pairs, by_name_and_value);
    return pairs;
}

/* The text that is signed. */
static char *signed_text(const char *url, const struct form *form)
{
    struct form_pair *pairs = sorted(form);
    size_t room = strlen(url) + 1;
    char *text, *at;

    for (size_t i = 0; i < form->count; i++)
        room += strlen(pairs[i].name) + strlen(pairs[i].value);
    text = malloc(room);
    at = stpcpy(text, url);
    for (size_t i = 0; i < form->count; i++) {
        if (i && !by_name_and_value(&pairs[i], &pairs[i - 1]))
            continue;
        at = stpcpy(stpcpy(at, pairs[i].name), pairs[i].value);
    }
    free(pairs);
    return text;
}

void signature_of(const char *token, const char *url, const struct form *form,
                  char signature[SIGNATURE_SIZE])
{
    static const struct form nothing;
    char *text = signed_text(url, form ? form : &nothing);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    HMAC(EVP_sha1(), token, (int)strlen(token), (unsigned char *)text, strlen(text), mac, &length);
    EVP_EncodeBlock((unsigned char *)signature, mac, (int)length);
    free(text);
}

char *url_without_fragment(const char *url)
{
    return strndup(url, strcspn(url, "#"));
}

/* Voice over http keeps the port; so does a message over either scheme. */
static int keeps_port(const char *url, enum signed_as kind)
{
    return kind == SIGNED_MESSAGE || !strncmp(url, "http:", 5) || !strncmp(url, "ws:", 3);
}

char *signature_url(const char *url, enum signed_as kind)
{
    char *copy = url_without_fragment(url), *result;
    char *authority = strstr(copy, "://"), *path, *at, *port;

    if (!authority)
        return copy;
    authority += 3;
    path = authority + strcspn(authority, "/?");
    at = memchr(authority, '@', (size_t)(path - authority));
    if (at)
        memmove(authority, at + 1, strlen(at + 1) + 1);
    path = authority + strcspn(authority, "/?");
    port = memchr(authority, ':', (size_t)(path - authority));
    if (port && !keeps_port(url, kind))
        memmove(port, path, strlen(path) + 1);
    result = strdup(copy);
    free(copy);
    return result;
}

void body_digest(const void *body, size_t length, char digest[65])
{
    unsigned char bytes[SHA256_DIGEST_LENGTH];

    SHA256(body, length, bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
}
