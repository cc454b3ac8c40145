#include "domain/call_state.h"

#include <stddef.h>
#include <string.h>

const char *const call_states[] = {"created",     "queued",    "initiated", "ringing",
                                   "in_progress", "completed", "busy",      "no_answer",
                                   "failed",      "canceled",  NULL};

static const int64_t call_ranks[] = {10, 20, 30, 40, 60, 90, 90, 90, 90, 90};

const char *const session_states[] = {"pending", "connecting", "active",  "draining",
                                      "ended",   "lost",       "expired", NULL};

static const int64_t session_ranks[] = {10, 20, 40, 60, 90, 80, 90};

/* Where a word stands in a NULL-ended list; -1 when it does not. */
static int place_of(const char *const *words, const char *word)
{
    for (int i = 0; word && words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

int64_t call_state_rank(const char *state)
{
    int place = place_of(call_states, state);

    return place < 0 ? 0 : call_ranks[place];
}

int64_t session_state_rank(const char *state)
{
    int place = place_of(session_states, state);

    return place < 0 ? 0 : session_ranks[place];
}

bool call_state_is_terminal(const char *state)
{
    return call_state_rank(state) == RANK_TERMINAL;
}

const char *call_state_of_carrier(const char *call_status)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {
        {"queued", "queued"},
        {"initiated", "initiated"},
        {"ringing", "ringing"},
        {"answered", "in_progress"},
        {"in-progress", "in_progress"},
        {"completed", "completed"},
        {"busy", "busy"},
        {"no-answer", "no_answer"},
        {"failed", "failed"},
        {"canceled", "canceled"},
    };

    for (size_t i = 0; call_status && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].theirs, call_status) == 0)
            return words[i].ours;
    return NULL;
}

/* Rows in the order of call_states; the reference's table of 1.5, column by column. */
static const char *const vocabularies[][CALL_VOCABULARIES] = {
    /* clang-format off */
    /* twilio         callback       kwickphone     thruai         log            session      phony */
    {"queued",      "queued",      "queued",      "queued",      "in_progress", "active",    "queued"},
    {"queued",      "queued",      "queued",      "queued",      "in_progress", "active",    "queued"},
    {"queued",      "initiated",   "queued",      "queued",      "in_progress", "active",    "queued"},
    {"ringing",     "ringing",     "ringing",     "ringing",     "in_progress", "active",    "ringing"},
    {"in-progress", "in-progress", "in_progress", "in_progress", "in_progress", "active",    "active"},
    {"completed",   "completed",   "completed",   "completed",   "completed",   "completed", "completed"},
    {"busy",        "busy",        "busy",        "busy",        "busy",        "completed", "busy"},
    {"no-answer",   "no-answer",   "no_answer",   "no_answer",   "no_answer",   "completed", "no_answer"},
    {"failed",      "failed",      "failed",      "failed",      "failed",      "failed",    "failed"},
    {"canceled",    "canceled",    "canceled",    "canceled",    "canceled",    "completed", "canceled"},
    /* clang-format on */
};

const char *call_state_word(enum call_vocabulary vocabulary, const char *state, bool escalated)
{
    int place = place_of(call_states, state);

    if (place < 0)
        return "";
    if (escalated && strcmp(state, "completed") == 0 && vocabulary == CALL_AS_STATESET_LOG)
        return "escalated";
    if (escalated && strcmp(state, "completed") == 0 && vocabulary == CALL_AS_STATESET_SESSION)
        return "transferred";
    return vocabularies[place][vocabulary];
}
