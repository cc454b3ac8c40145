#include "remote/http_url.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

static bool is_absolute(const char *text)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return scheme > 0 && strncmp(text + scheme, "://", 3) == 0 && text[scheme + 3];
}

static char *join(struct arena *arena, const char *base, const char *reference)
{
    CURLU *url = curl_url();
    char *joined = NULL, *copy = NULL;

    if (!url)
        abort();
    if (curl_url_set(url, CURLUPART_URL, base, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, reference, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_URL, &joined, 0) == CURLUE_OK)
        copy = arena_text(arena, joined);
    curl_free(joined);
    curl_url_cleanup(url);
    return copy;
}

char *http_url_join(struct arena *arena, const char *base, const char *reference)
{
    char *text = arena_text(arena, reference + strspn(reference, blanks));
    size_t length = strlen(text);

    while (length && strchr(blanks, text[length - 1]))
        text[--length] = '\0';
    if (strpbrk(text, blanks))
        return NULL;
    if (is_absolute(text))
        return text;
    if (!base)
        return NULL;
    return *text ? join(arena, base, text) : arena_copy(arena, base, strcspn(base, "#"));
}
