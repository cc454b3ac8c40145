/*
 * core/arena.h - memory that is given back all at once.
 *
 * Whatever serves one request is taken from that request's arena and never freed by itself.
 * Taking memory cannot fail: a process without memory ends, and its manager starts another.
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena {
    struct arena_block *blocks;
};

/* Zeroed memory for "count" objects of a type. */
#define arena_new(arena, type, count) ((type *)arena_take((arena), sizeof(type), (count)))

/* The same without a type: zeroed, aligned for anything. */
void *arena_take(struct arena *arena, size_t size, size_t count);

/* A copy of "length" bytes with a NUL behind them. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

/* A copy of a text; NULL stays NULL. */
char *arena_text(struct arena *arena, const char *text);

/* A text as printf would write it. */
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Gives everything back; the arena is then empty and may be used again. */
void arena_free(struct arena *arena);

/* Like arena_free, but keeps a block for the next use: for loops of many requests. */
void arena_reset(struct arena *arena);

#endif
