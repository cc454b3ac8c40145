// with: lib/remote/sse.c lib/remote/openai_answer.c
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "remote/openai.h"
#include "remote/sse.h"

enum { MOST = 4096 };

/* What was read of a stream: its events' data, and what they mean. */
struct reading {
    struct chat_answer answer;
    struct chat_words words, data;
};

static void take(void *with, const char *data, size_t length)
{
    struct reading *reading = with;

    if (strlen(data) > length || length > MOST)
        abort();
    chat_event_read(&reading->answer, data, length, &reading->words);
    chat_words_add(&reading->data, data, length);
    chat_words_add(&reading->data, "\n", 1);
}

static bool read_all(struct reading *reading, const char *bytes, size_t length, size_t piece)
{
    struct sse sse = {.most = MOST, .event = take, .with = reading};
    bool ok = true;

    for (size_t at = 0; at < length; at += piece)
        ok = sse_feed(&sse, bytes + at, length - at < piece ? length - at : piece) && ok;
    sse_end(&sse);
    sse_free(&sse);
    return ok;
}

static void reading_free(struct reading *reading)
{
    chat_answer_free(&reading->answer);
    free(reading->words.at);
    free(reading->data.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* However a server's bytes are split, they mean the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole = {0}, pieces = {0};
    size_t piece = size ? data[0] % 7 + 1 : 1;
    bool a = read_all(&whole, (const char *)data, size, size ? size : 1);
    bool b = read_all(&pieces, (const char *)data, size, piece);

    if (a != b || whole.data.length != pieces.data.length ||
        (whole.data.length && memcmp(whole.data.at, pieces.data.at, whole.data.length) != 0) ||
        whole.answer.ncalls != pieces.answer.ncalls)
        abort();
    reading_free(&whole);
    reading_free(&pieces);
    return 0;
}
