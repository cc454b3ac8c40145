#include "stream/replay/inside.h"

#include <stdlib.h>

#include "core/text.h"
#include "stream/call_log.h"

static char *side_begin(struct outlet *outlet, enum message_kind kind, size_t most)
{
    struct side *side = (struct side *)outlet;

    if (!side->is_open)
        return NULL;
    side->message = kind;
    side->room = malloc(most + 1);
    if (!side->room)
        abort();
    return side->room;
}

static void side_end(struct outlet *outlet, size_t length)
{
    struct side *side = (struct side *)outlet;
    struct arena arena = {0};
    struct text text = {.arena = &arena};

    text_put(&text, "");
    call_log_describe(&text, side->message, side->room, length);
    replay_came_out(side->kind, text.at, text.length);
    arena_free(&arena);
    free(side->room);
    side->room = NULL;
}

static void side_drop(struct outlet *outlet)
{
    replay_came_out(((struct side *)outlet)->kind, "-", 1);
}

static void side_close(struct outlet *outlet, unsigned code, const char *reason)
{
    struct side *side = (struct side *)outlet;
    char text[16];
    int length = snprintf(text, sizeof text, "!%u", code);

    (void)reason;
    replay_came_out(side->kind, text, (size_t)length);
    side->is_open = false;
}

struct outlet *replay_open_side(struct side *side, char kind)
{
    *side = (struct side){.outlet = {.begin = side_begin,
                                     .end = side_end,
                                     .drop_audio = side_drop,
                                     .close = side_close},
                          .kind = kind,
                          .is_open = true};
    return &side->outlet;
}
