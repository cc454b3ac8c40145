// with: stream/news_json.c stream/frame.c
/*
 * Whatever another node, or who claims to be one, tells as news is read or refused; what was read
 * is written in a form that reads back the same.  And whatever is written as a frame can be taken
 * apart again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stream/frame.h"
#include "stream/news.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void read_news(const char *text, size_t length)
{
    struct work work = {.id = "fuzz"};
    struct text out = {.arena = &work.arena};
    struct event_news news, again;

    if (news_parse(&work, text, length, &news)) {
        news_write(&out, &news);
        if (!news_parse(&work, out.at, out.length, &again) || !uid_equal(news.id, again.id) ||
            !same(news.type, again.type) || !same(news.call_sid, again.call_sid))
            abort();
    }
    work_end(&work);
}

/* A frame's header says how long it is, and its mask gives the text back. */
static void write_frame(const uint8_t *data, size_t size)
{
    unsigned char *out = malloc(FRAME_HEAD + size);
    const unsigned char *mask = size > 4 && data[0] & 1 ? data + 1 : NULL;
    size_t length = frame_write(out, (const char *)data, size, mask), head = length - size;

    for (size_t i = 0; i < size; i++)
        if ((out[head + i] ^ (mask ? mask[i % FRAME_MASK] : 0)) != data[i])
            abort();
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_news((const char *)data, size);
    write_frame(data, size);
    return 0;
}
