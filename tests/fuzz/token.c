// with: lib/domain/tokens.c
/*
 * Whatever stands in a path where a token is expected: only what we made is read, and it has one
 * spelling.  The first byte says where a token of ours is changed, or that the rest is taken as it
 * is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "domain/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config config = {.stream_auth_secret = "the primary secret",
                                     .stream_auth_secret_previous = "the previous one"};

static const struct token example = {
    .tenant_id = 7,
    .call = {{1, 2, 3}},
    .session = {{4, 5, 6}},
    .agent_version = {{7, 8, 9}},
    .expires_at = {1793620800000},
};

/* A token of ours with the input written over a part of it. */
static char *changed(struct work *work, const uint8_t *data, size_t size)
{
    char *text = token_make(work, TOKEN_STREAM, &example);
    size_t length = strlen(text), from = data[0] % length;

    for (size_t i = 1; i < size && from + i - 1 < length; i++)
        if (data[i])
            text[from + i - 1] = (char)data[i];
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct work work = {.id = "fuzz", .config = &config};
    struct token token;
    char *text;

    clock_set((instant){1793620700000});
    if (size == 0)
        return 0;
    text = data[0] < 200 ? changed(&work, data, size)
                         : arena_copy(&work.arena, (const char *)data + 1, size - 1);
    for (enum token_purpose purpose = TOKEN_STREAM; purpose <= TOKEN_AFTER; purpose++)
        if (token_read(&work, purpose, text, &token) &&
            strcmp(token_make(&work, purpose, &token), text) != 0)
            abort();
    work_end(&work);
    return 0;
}
