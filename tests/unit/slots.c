#include "slots.h"

#include <string.h>

struct slot slot_said(int64_t seq, enum speaker speaker, const char *text)
{
    return (struct slot){
        .seq = seq,
        .speaker = speaker,
        .text = {.at = (char *)(uintptr_t)text, .length = strlen(text)},
        .at = clock_now(),
        .start_ms = seq * 1000,
        .end_ms = seq * 1000 + 500,
        .heard_ms = NO_INTEGER,
        .first_token_ms = NO_INTEGER,
        .first_audio_ms = NO_INTEGER,
    };
}

void write_turn(const struct subject *subject, int64_t seq)
{
    struct slot slot = slot_said(seq, SPEAKER_USER, "word");

    fact_turn(subject, &slot);
}
