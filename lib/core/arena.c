#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* gcc says it with a macro, clang with a feature. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EVERY_BYTE_COUNTS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define EVERY_BYTE_COUNTS
#endif

#ifdef EVERY_BYTE_COUNTS
/* A block for every object, so that no overrun stays unseen. */
enum { FIRST_BLOCK = 1, MOST_BLOCK = 1, ALIGN = 1 };
#else
/* Most arenas of a call stay small, and a request's soon have the block that they need. */
enum { FIRST_BLOCK = 1024, MOST_BLOCK = 16 * 1024, ALIGN = alignof(max_align_t) };
#endif

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    max_align_t bytes[];
};

/* Each block is twice as large as the one before. */
static size_t usual_size(const struct arena *arena)
{
    size_t size = arena->blocks ? 2 * arena->blocks->size : FIRST_BLOCK;

    return size < MOST_BLOCK ? size : MOST_BLOCK;
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
    struct arena_block *block;

    if (size < usual_size(arena))
        size = usual_size(arena);
    block = malloc(sizeof *block + size);
    if (!block)
        abort();
    *block = (struct arena_block){.next = arena->blocks, .size = size};
    arena->blocks = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size, size_t count)
{
    struct arena_block *block = arena->blocks;
    void *memory;

    if (count && size > SIZE_MAX / 2 / count)
        abort();
    size = (size * count + ALIGN - 1) / ALIGN * ALIGN;
    if (!block || block->size - block->used < size)
        block = add_block(arena, size);
    memory = (char *)block->bytes + block->used;
    block->used += size;
    return memset(memory, 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_take(arena, 1, length + 1);

    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    char *text;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        abort();
    text = arena_take(arena, 1, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;

        free(arena->blocks);
        arena->blocks = next;
    }
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = NULL;

    while (arena->blocks) {
        struct arena_block *block = arena->blocks;

        arena->blocks = block->next;
        if (!kept && MOST_BLOCK > 1 && block->size <= MOST_BLOCK)
            kept = block;
        else
            free(block);
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    arena->blocks = kept;
}
