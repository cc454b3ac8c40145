/*
 * Keys of every dialect at random: made, revoked, run out, their tenant suspended and served again.
 * Each opens what it was made for, as long as it does.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/keys.h"
#include "tenancy.h"
#include "walks.h"

static struct work work;
static struct tenant tenant;

static void begin(void)
{
    work = tenancy_begin(&tenant, NULL);
    clock_set(clock_now());
}

static void end(void)
{
    clock_release();
    tenancy_end(&work);
}

TestSuite(key_walks, .init = begin, .fini = end, .timeout = 120);

enum { MOST = 14, MINUTE_MS = 60 * 1000 };

struct one {
    uid id;
    const char *kind, *secret;
    instant expires; /* NO_INSTANT: never */
    bool is_revoked;
};

struct model {
    struct one all[MOST];
    int count;
    bool is_suspended;
};

static bool is_expired(const struct one *one)
{
    return !instant_is_none(one->expires) && one->expires.ms <= clock_now().ms;
}

static int live_of(const struct model *m, const char *kind)
{
    int count = 0;

    for (int i = 0; i < m->count; i++)
        count +=
            strcmp(m->all[i].kind, kind) == 0 && !m->all[i].is_revoked && !is_expired(&m->all[i]);
    return count;
}

/* Of two kinds a tenant has only so many. */
static bool has_room(const struct model *m, const char *kind)
{
    int most = strcmp(kind, "kwickphone") == 0 ? 5 : strcmp(kind, "twilio") == 0 ? 2 : MOST;

    return live_of(m, kind) < most;
}

static void make(struct model *m)
{
    static const char *const usual[] = {"twilio", "kwickphone", "kwickphone", "kwickphone"};
    const char *kind = walk_once_in(2) ? usual[walk_draw(4)] : key_kinds[walk_draw(5)];
    struct key_order order = {.kind = kind, .expires_at = NO_INSTANT};
    struct api_key key;
    const char *secret;
    bool may = has_room(m, kind), made;

    if (m->count == MOST)
        return;
    if (walk_once_in(3))
        order.expires_at = instant_after(clock_now(), 1 + walk_draw(20) * MINUTE_MS);
    made = key_create(&work, &order, &key, &secret);
    cr_assert_eq(made, may, "%s: %s", kind, made ? "one too many" : work.error.message);
    if (!made) {
        cr_assert_eq(work.error.what, LIMIT_REACHED);
        return;
    }
    m->all[m->count++] = (struct one){key.id, kind, secret, order.expires_at, false};
}

static void revoke(struct one *one)
{
    struct api_key key;

    cr_assert(key_revoke(&work, one->id, &key), "%s", work.error.message);
    cr_assert_not(instant_is_none(key.revoked_at));
    one->is_revoked = true;
}

static void suspend(struct model *m)
{
    static const char sql[] = "UPDATE tenants SET status = ? WHERE id = ?";
    const char *status = m->is_suspended ? "active" : "suspended";
    const struct param params[] = {PARAM(status), PARAM(work.tenant)};

    cr_assert(db_execute(&work, sql, params, COUNT(params), NULL));
    m->is_suspended = !m->is_suspended;
}

static enum key_verdict expected(const struct model *m, const struct one *one, const char *kind)
{
    return strcmp(kind, one->kind) != 0 ? KEY_BAD
           : one->is_revoked            ? KEY_REVOKED
           : is_expired(one)            ? KEY_EXPIRED
           : m->is_suspended            ? KEY_SUSPENDED
                                        : KEY_GOOD;
}

static void compare(const struct model *m, unsigned seed, int step)
{
    for (int i = 0; i < m->count; i++) {
        const struct one *one = &m->all[i];
        const char *kind = walk_once_in(4) ? key_kinds[walk_draw(5)] : one->kind;
        struct tenant found;
        struct api_key key;
        enum key_verdict verdict = key_authenticate(&work, kind, one->secret, NULL, &key, &found);

        cr_assert_eq(verdict, expected(m, one, kind), "seed %u step %d: a key of %s for %s: %d",
                     seed, step, one->kind, kind, verdict);
        if (verdict == KEY_GOOD)
            cr_assert_eq(found.id, tenant.id);
    }
}

static void take_step(struct model *m)
{
    struct one *one = m->count ? &m->all[walk_draw(m->count)] : NULL;
    int what = walk_draw(8);

    if (!one || what < 4)
        make(m);
    else if (what < 6)
        revoke(one);
    else if (what == 6)
        clock_advance_ms(walk_draw(10 * MINUTE_MS));
    else if (walk_once_in(3))
        suspend(m);
}

static void walk(unsigned seed)
{
    struct model m = {.count = 0};

    walk_begin(seed);
    for (int step = 0; step < 24; step++) {
        clock_advance_ms(10);
        take_step(&m);
        compare(&m, seed, step);
    }
    if (m.is_suspended)
        suspend(&m);
    for (int i = 0; i < m.count; i++)
        revoke(&m.all[i]);
}

Test(key_walks, open_what_they_are_for_while_they_last)
{
    for (unsigned seed = 1; seed <= 20; seed++)
        walk(seed);
}
