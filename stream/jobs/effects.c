/*
 * What the outbox owes.  A topic that has no row here has no consumer yet: its rows wait, and
 * nobody looks at them.
 */
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/rand.h"
#include "domain/call_prices.h"
#include "domain/mails.h"
#include "domain/number_webhooks.h"
#include "domain/outbox.h"
#include "domain/recording_copies.h"
#include "domain/sms_sending.h"
#include "domain/taskrouter/links.h"
#include "domain/webhooks.h"
#include "stream/jobs/jobs.h"
#include "stream/jobs/runs.h"
#include "stream/signals.h"

struct effect {
    const char *topic;
    int64_t at_once, lease_ms; /* the lease holds for all that were claimed together */
    int64_t round_ms;          /* so long one claim follows another while more is due */
    bool (*bring_about)(struct work *work, const struct outbox_row *row);
};

/* Like deliveries, an effect that fails is tried again for a day. */
static bool put_off(struct work *work, const struct outbox_row *row)
{
    struct error error = work->error;
    int64_t delay_ms = delivery_delay_ms(row->attempts, (int64_t)rand_below(1000));
    instant again = delay_ms < 0 ? NO_INSTANT : instant_after(clock_now(), delay_ms);

    log_warning(work, "effect.failed", "topic=%s attempt=%lld again_ms=%lld code=%s text=\"%s\"",
                row->topic, (long long)row->attempts, (long long)delay_ms, failure_code(error.what),
                error.message);
    return outbox_failed(work, row, error.message, again);
}

/* A store that is away leaves the lease to run out. */
static bool settle(struct work *work, const struct effect *effect, const struct outbox_row *row)
{
    work->tenant = row->tenant_id;
    if (effect->bring_about(work, row))
        return outbox_delivered(work, row);
    return work->error.what == BUSY ? false : put_off(work, row);
}

/* As many as are claimed together; says how many. */
static bool bring_about_some(struct work *work, const struct effect *effect, size_t *count)
{
    struct rows rows;
    bool ok = true;

    if (!outbox_claim(work, effect->topic, jobs_owner(), effect->lease_ms, effect->at_once, &rows))
        return false;
    for (size_t i = 0; i < rows.count && ok && !signals_ended(); i++)
        ok = settle(work, effect, (const struct outbox_row *)rows.at + i);
    work->tenant = 0;
    *count = rows.count;
    return ok;
}

/* What is due, but the other jobs of the lane get their turn. */
static bool bring_about_due(struct work *work, const struct effect *effect)
{
    int64_t until_us = clock_monotonic_us() + effect->round_ms * 1000;
    size_t count;

    do {
        if (!bring_about_some(work, effect, &count))
            return false;
    } while (count == (size_t)effect->at_once && clock_monotonic_us() < until_us &&
             !signals_ended());
    return true;
}

bool run_fan_out(struct work *work)
{
    static const struct effect effect = {"webhook", 100, 30000, 0, webhooks_fan_out};

    return bring_about_due(work, &effect);
}

static bool copy_recording(struct work *work, const struct outbox_row *row)
{
    return recording_copy(work, row, delivery_delay_ms(row->attempts, 0) < 0);
}

bool run_recordings(struct work *work)
{
    static const struct effect effect = {"recording", 1, 60000, 2000, copy_recording};

    return bring_about_due(work, &effect);
}

bool run_messages(struct work *work)
{
    static const struct effect effect = {"sms", 5, 60000, 2000, sms_send};

    return bring_about_due(work, &effect);
}

static bool send_mail(struct work *work, const struct outbox_row *row)
{
    return mail_send_owed(work, row, delivery_delay_ms(row->attempts, 0) < 0);
}

bool run_mail(struct work *work)
{
    static const struct effect effect = {"email", 2, 60000, 2000, send_mail};

    return bring_about_due(work, &effect);
}

/* What the carrier is asked for: the price of a call, or that a number calls us. */
static bool ask_carrier(struct work *work, const struct outbox_row *row)
{
    bool of_number = row->event_type && strcmp(row->event_type, NUMBER_WEBHOOKS) == 0;

    return of_number ? number_webhooks_set(work, row) : call_price_ask(work, row);
}

bool run_prices(struct work *work)
{
    static const struct effect effect = {"carrier", 5, 60000, 2000, ask_carrier};

    return bring_about_due(work, &effect);
}

bool run_task_links(struct work *work)
{
    static const struct effect effect = {"taskrouter", 10, 60000, 0, tr_link_carry_out};

    return bring_about_due(work, &effect);
}
