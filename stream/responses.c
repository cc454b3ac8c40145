#include "stream/responses.h"

#include <stdio.h>
#include <string.h>

enum { BEGIN_US = 5 * 1000000, SILENT_US = 15 * 1000000, LEFT_US = 2 * 1000000 };

void responses_event(struct responses *responses, const char *purpose, char event[EVENT_SIZE])
{
    snprintf(event, EVENT_SIZE, "cl_%04u_%s", ++responses->events % 10000, purpose);
}

/* ---- what waits ---- */

struct list {
    struct speak all[1 + WAIT_BEHIND];
    size_t count;
};

static struct list list_of(const struct responses *responses)
{
    struct list list = {.all = {responses->waiting}, .count = responses->is_waiting};

    for (size_t i = 0; responses->is_waiting && i < responses->nbehind; i++)
        list.all[list.count++] = responses->behind[i];
    return list;
}

static void keep(struct responses *responses, const struct list *list)
{
    responses->is_waiting = list->count > 0;
    responses->nbehind = list->count > 0 ? list->count - 1 : 0;
    if (responses->is_waiting)
        responses->waiting = list->all[0];
    for (size_t i = 0; i < responses->nbehind; i++)
        responses->behind[i] = list->all[i + 1];
}

static void drop(struct list *list, size_t at)
{
    list->count--;
    memmove(list->all + at, list->all + at + 1, (list->count - at) * sizeof list->all[0]);
}

/* What another request may stand for. */
static void drop_optional(struct list *list)
{
    for (size_t i = list->count; i-- > 0;)
        if (!list->all[i].must)
            drop(list, i);
}

/* Takes the place of another that need not be said; of too many the newest is dropped. */
static void add(struct responses *responses, const struct speak *speak)
{
    struct list list = list_of(responses);
    size_t at = 0;

    while (at < list.count && (speak->must || list.all[at].must))
        at++;
    if (at == sizeof list.all / sizeof list.all[0])
        at--;
    list.all[at] = *speak;
    list.count += at == list.count;
    keep(responses, &list);
}

static void put_first(struct responses *responses, const struct speak *speak)
{
    struct list list = list_of(responses), all = {.all = {*speak}, .count = 1};

    if (!speak->must)
        drop_optional(&list);
    for (size_t i = 0; i < list.count && all.count < sizeof all.all / sizeof all.all[0]; i++)
        all.all[all.count++] = list.all[i];
    keep(responses, &all);
}

/* It is asked for now: it waits no longer, nor does what it stands for. */
static void settle(struct responses *responses, const struct speak *speak)
{
    struct list list = list_of(responses);

    if (list.count && list.all[0].purpose == speak->purpose &&
        list.all[0].instructions == speak->instructions)
        drop(&list, 0);
    else if (!speak->must)
        drop_optional(&list);
    keep(responses, &list);
}

bool responses_withdraw(struct responses *responses, const char *purpose)
{
    struct list list = list_of(responses);

    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.all[i].purpose, purpose) == 0) {
            drop(&list, i);
            keep(responses, &list);
            return true;
        }
    return false;
}

void responses_forget_waiting(struct responses *responses)
{
    keep(responses, &(struct list){.count = 0});
}

/* ---- what runs ---- */

bool responses_ask(struct responses *responses, const struct speak *speak, int64_t now_us)
{
    if (responses->phase != RESPONSE_NONE || responses->caller_speaks) {
        add(responses, speak);
        return false;
    }
    responses->current = *speak;
    settle(responses, &responses->current);
    responses->is_ours = true;
    responses->has_come = responses->has_words = false;
    responses->phase = RESPONSE_ASKED;
    responses->active[0] = '\0';
    responses->cancel_wanted = false;
    responses->since_us = now_us;
    responses_event(responses, speak->purpose, responses->event);
    return true;
}

static void discard(struct responses *responses, const char *id)
{
    char *slot = responses->discarded[responses->next_discarded++ % DISCARDED];

    snprintf(slot, ID_SIZE, "%s", id);
}

bool responses_is_discarded(const struct responses *responses, const char *id)
{
    for (size_t i = 0; i < DISCARDED; i++)
        if (responses->discarded[i][0] && strcmp(responses->discarded[i], id) == 0)
            return true;
    return false;
}

/* A response that the model began by itself leaves a request of ours that it overtook waiting. */
bool responses_created(struct responses *responses, const char *id, const char *event,
                       int64_t now_us)
{
    bool ours = event && responses->event[0] && strcmp(event, responses->event) == 0;
    bool cancel = ours && responses->cancel_wanted;

    snprintf(responses->active, sizeof responses->active, "%s", id);
    responses->phase = cancel ? RESPONSE_CANCELED : RESPONSE_RUNS;
    responses->since_us = now_us;
    responses->cancel_wanted = responses->has_come = responses->has_words = false;
    responses->is_ours = ours;
    if (cancel)
        discard(responses, id);
    return cancel;
}

void responses_alive(struct responses *responses, int64_t now_us)
{
    responses->since_us = now_us;
}

static bool is_free_for_waiting(const struct responses *responses)
{
    return responses->phase == RESPONSE_NONE && responses->is_waiting && !responses->caller_speaks;
}

bool responses_done(struct responses *responses, const char *id)
{
    for (size_t i = 0; i < DISCARDED; i++)
        if (strcmp(responses->discarded[i], id) == 0)
            responses->discarded[i][0] = '\0';
    if (!responses->active[0] || strcmp(responses->active, id) == 0) {
        responses->phase = RESPONSE_NONE;
        responses->active[0] = responses->event[0] = '\0';
    }
    return is_free_for_waiting(responses);
}

bool responses_caller_speaks(struct responses *responses, bool speaks)
{
    responses->caller_speaks = speaks;
    return is_free_for_waiting(responses);
}

void responses_turn_taken(struct responses *responses)
{
    struct list list = list_of(responses);

    responses->caller_speaks = false;
    drop_optional(&list);
    keep(responses, &list);
}

bool responses_interrupt(struct responses *responses, bool by_model)
{
    switch (responses->phase) {
    case RESPONSE_NONE:
    case RESPONSE_CANCELED:
        return false;
    case RESPONSE_ASKED:
        responses->cancel_wanted = true;
        return false;
    case RESPONSE_RUNS:
        break;
    }
    discard(responses, responses->active);
    responses->phase = RESPONSE_CANCELED;
    return !by_model;
}

bool responses_refused(struct responses *responses, const char *event, const char *code)
{
    if (!responses->event[0] || strcmp(event, responses->event) != 0)
        return false;
    if (strcmp(code, "conversation_already_has_active_response") == 0) {
        responses->phase = RESPONSE_RUNS;
        put_first(responses, &responses->current);
        responses->event[0] = '\0';
        return false;
    }
    responses_forget(responses);
    return true;
}

bool responses_is_overdue(const struct responses *responses, int64_t now_us)
{
    if (responses->phase == RESPONSE_NONE)
        return false;
    return now_us - responses->since_us >
           (responses->phase == RESPONSE_ASKED ? (int64_t)BEGIN_US : (int64_t)SILENT_US);
}

bool responses_is_left(const struct responses *responses, int64_t now_us)
{
    return is_free_for_waiting(responses) && now_us - responses->since_us > LEFT_US;
}

void responses_forget(struct responses *responses)
{
    responses->phase = RESPONSE_NONE;
    responses->active[0] = responses->event[0] = '\0';
    responses->cancel_wanted = false;
}
