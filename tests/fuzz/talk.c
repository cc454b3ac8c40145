// with: stream/[!m]*.c stream/m[!a]*.c stream/socket/*.c stream/tools/*.c tests/unit/outlets.c
/*
 * Whatever a carrier, a model, a visitor or a stranger at the control listener says to a call that
 * is under way: it is taken or refused, and no byte too many is read.  Each line of the input is a
 * message; its first letter says whose.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "stream/control.h"
#include "stream/events_role.h"
#include "stream/media.h"
#include "stream/realtime.h"
#include "stream/visitor_frames.h"
#include "tests/unit/outlets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void control_asks(const char *text, size_t length)
{
    char *header = strndup(text, length);
    const struct control_request request = {
        .method = "GET", .path = "/control/status", .signature = header, .body = ""};

    if (control_is_signed("the control secret", &request, 1767225600))
        abort();
    free(header);
}

static void visitor_says(const char *text, size_t length)
{
    struct kept kept;
    struct visitor visitor = {.stage = &events_stage, .wants_all = true, .state = LISTENING};

    kept_open(&kept);
    visitor.outlet = &kept.outlet;
    visitor_frame(&visitor, text, length);
    kept_forget(&kept);
}

/* After a message that breaks the rules the socket is closed, and nothing more comes of it. */
static bool say(struct live *live, char whose, const char *text, size_t length)
{
    char *exact = malloc(length + 1); /* without a NUL, so that a byte too many is seen */
    bool ok = true;

    exact = realloc(exact, length ? length : 1);
    if (length)
        memcpy(exact, text, length);
    if (whose == 'c')
        ok = media_take(live, exact, length);
    else if (whose == 'm')
        ok = realtime_take(live, exact, length);
    else if (whose == 'v')
        visitor_says(exact, length);
    else
        control_asks(exact, length);
    free(exact);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;
    struct kept carrier, model;
    struct live *live = live_for_test(&carrier, &model);
    bool ok = true;

    facts_kept[0] = '\0';
    while (ok && at < end && live->state == LIVE_READY) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));

        line_end = line_end ? line_end : end;
        if (line_end > at)
            ok = say(live, *at, at + 1, (size_t)(line_end - at - 1));
        clock_advance_ms(20);
        sockets_send();
        at = line_end + (line_end < end);
    }
    live->state = LIVE_OVER;
    kept_forget(&carrier);
    kept_forget(&model);
    live->carrier = live->model = NULL;
    live_release(live);
    return 0;
}
