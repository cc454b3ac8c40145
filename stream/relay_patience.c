#include "stream/relay_patience.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "stream/line.h"
#include "stream/relay.h"

enum {
    FIRST_US = 4500 * 1000,
    LATER_US = 9 * 1000000,
    SPOKEN_MS = 65, /* of a character of speech, about */
    BYTES_PER_MS = 8,
};

static const struct {
    const char *language, *first, *later;
} sentences[] = {
    {"en", "One moment, please.", "Thank you for waiting, I am still here."},
    {"es", "Un momento, por favor.", "Gracias por esperar, sigo aquí."},
    {"de", "Einen Moment bitte.", "Danke fürs Warten, ich bin noch da."},
    {"fr", "Un instant, s'il vous plaît.", "Merci de patienter, je suis toujours là."},
    {"pt", "Um momento, por favor.", "Obrigado por esperar, ainda estou aqui."},
};

static const char *sentence_of(const struct live *live)
{
    const struct relay *relay = live->relay;
    const char *language = relay->language[0] ? relay->language : live->settings.language;
    size_t row = 0;

    for (size_t i = 0; language && i < COUNT(sentences); i++)
        if (strncmp(sentences[i].language, language, 2) == 0)
            row = i;
    return relay->patience.said ? sentences[row].later : sentences[row].first;
}

static void say(struct live *live, const char *sentence)
{
    struct relay_patience *patience = &live->relay->patience;
    int64_t ms = (int64_t)strlen(sentence) * SPOKEN_MS, now_us = sockets_now_us();
    char item[ID_SIZE], mark[MARK_SIZE];
    struct slot *slot;

    snprintf(item, sizeof item, "hold_%u", ++patience->serial);
    slot = transcript_reserve(&live->transcript, item, NULL, SPEAKER_ASSISTANT, now_us);
    if (!slot)
        return;
    slot->start_ms = live_elapsed_ms(live);
    slot->end_ms = slot->start_ms + ms;
    live->line->words(live, sentence, true);
    playback_sent(&live->playback, item, item, 0, (size_t)ms * BYTES_PER_MS, now_us);
    if (playback_end(&live->playback, item, mark))
        live->line->mark(live, mark);
    transcript_complete(slot, sentence);
    live_write_turns(live);
}

/* Whether the agent has something to say and does not say it. */
static bool is_owed(const struct live *live)
{
    return live->state == LIVE_CONNECTING || live->responses.phase != RESPONSE_NONE ||
           live->responses.is_waiting || live->tools.running > 0 || live->ladder.lost_us;
}

void relay_patience_tick(struct live *live)
{
    struct relay_patience *patience = &live->relay->patience;
    int64_t now_us = sockets_now_us();
    bool owed = is_owed(live);

    if (!owed)
        patience->said = 0;
    if (!patience->since_us || !owed || !playback_is_idle(&live->playback) ||
        live->responses.caller_speaks || live->relay->is_silenced)
        patience->since_us = now_us;
    if (now_us - patience->since_us < (patience->said ? LATER_US : FIRST_US))
        return;
    say(live, sentence_of(live));
    patience->said++;
    patience->since_us = now_us;
}
