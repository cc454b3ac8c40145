/*
 * What watchers are told, and when, while the table cannot be read: no helper reads it here, as if
 * the store hung.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "stream/news.h"

enum { TENANT = 7, OTHER = 8 };

static char told[256]; /* what the watcher was told, in its order */

static void tell(struct watcher *watcher, const struct event_news *news)
{
    size_t length = strlen(told);

    (void)watcher;
    snprintf(told + length, sizeof told - length, "%s ", news->type);
}

static struct watcher watcher = {.tell = tell};

static void setup(void)
{
    clock_set((instant){1767225600000});
    news_watch(TENANT, &watcher);
}

static void end(void)
{
    news_unwatch(TENANT, &watcher);
    clock_release();
}

TestSuite(news_held, .init = setup, .fini = end);

static void happens(int64_t tenant, uid call, const char *what)
{
    news_publish(&(struct event_news){.tenant_id = tenant,
                                      .id = uid_new(),
                                      .call_id = call,
                                      .type = what,
                                      .level = "info",
                                      .source = "daemon",
                                      .payload = {"{}"},
                                      .occurred_at = clock_now(),
                                      .duration_seconds = NO_INTEGER});
}

static void pass(int64_t ms)
{
    clock_advance_ms(ms);
    news_tick();
}

/* A call whose beginning was told. */
static uid known_call(void)
{
    uid call = uid_new();

    happens(TENANT, call, "first");
    pass(NEWS_HELD_MS);
    cr_assert_str_eq(told, "first ");
    told[0] = '\0';
    return call;
}

Test(news_held, a_new_call_waits_for_the_table_but_no_longer_than_a_second)
{
    uid call = uid_new();

    happens(TENANT, call, "one");
    pass(NEWS_HELD_MS - 1);
    happens(TENANT, call, "two");
    cr_expect_str_eq(told, "");
    pass(1);
    cr_expect_str_eq(told, "one two ", "all of it, in its order");
    happens(TENANT, call, "three");
    cr_expect_str_eq(told, "one two three ", "from then on it waits no more");
}

Test(news_held, those_who_follow_other_calls_do_not_notice)
{
    uid call = known_call(), new_call = uid_new();

    happens(TENANT, new_call, "new");
    happens(TENANT, call, "known");
    happens(TENANT, NO_UID, "of-none");
    cr_expect_str_eq(told, "known of-none ");
    pass(NEWS_HELD_MS / 2);
    happens(TENANT, call, "known");
    cr_expect_str_eq(told, "known of-none known ");
    pass(NEWS_HELD_MS / 2);
    cr_expect_str_eq(told, "known of-none known new ");
}

Test(news_held, each_new_call_waits_its_own_second)
{
    uid early = uid_new(), late = uid_new();

    happens(TENANT, early, "early");
    pass(NEWS_HELD_MS / 2);
    happens(TENANT, late, "late");
    happens(TENANT, early, "early");
    pass(NEWS_HELD_MS / 2);
    cr_expect_str_eq(told, "early early ");
    pass(NEWS_HELD_MS / 2);
    cr_expect_str_eq(told, "early early late ");
}

Test(news_held, nobody_hears_of_another_tenants_calls)
{
    happens(OTHER, uid_new(), "theirs");
    pass(NEWS_HELD_MS);
    cr_expect_str_eq(told, "");
}
