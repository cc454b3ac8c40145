/*
 * Whatever is said: what is left has no card any more (redacting twice changes nothing for kinds
 * that are whole words), JSON stays JSON, and nothing is read outside of the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    const char *text, *clean, *again;
    unsigned kinds;
    size_t at;

    if (size == 0)
        return 0;
    kinds = data[0] & REDACT_ALL;
    text = arena_copy(&arena, (const char *)data + 1, size - 1);
    clean = redact_text(&arena, text, kinds, NULL);
    again = redact_text(&arena, clean, kinds, NULL);
    if (strlen(clean) > strlen(text) + 4 * strlen(text))
        abort();
    if (!(kinds & ~(unsigned)REDACT_CARDS) && strcmp(again, clean) != 0)
        abort();
    clean = redact_json(&arena, text, kinds, NULL);
    if (!json_check(text, strlen(text), NULL, &at) && json_check(clean, strlen(clean), NULL, &at))
        abort();
    arena_free(&arena);
    return 0;
}
