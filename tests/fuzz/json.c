#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

/* Whatever a client sends, what passes is parsed, and written down it passes again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct work work = {.id = "fuzz"};
    json_object *tree;
    size_t at;

    if (json_read(&work, (const char *)data, size, NULL, &tree)) {
        const char *text = json_write(&work.arena, tree);

        if (json_check(text, strlen(text), NULL, &at))
            abort();
        json_object_put(tree);
    } else if (!json_check((const char *)data, size, NULL, &at) || at > size) {
        abort(); /* json-c refused what we let pass */
    }
    work_end(&work);
    return 0;
}
