/*
 * Calls as a carrier's records list them, and what each list costs.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/call_records.h"
#include "domain/call_state.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

enum { CALLS = 150, PAGE = 10 };

static const instant START = {1790000000000};

#define MANY "+13125550101"
#define FEW "+13125550102"

static uid parent;

/* Where one call of ten is rare, and two began at the same time. */
static uid put_call(int i)
{
    static const char *const rare[] = {"busy", "no_answer", "failed", "canceled"};
    bool is_rare = i % 10 == 0;
    struct call call;

    call_begin(work, &call);
    call.carrier = "sim";
    call.origin = "carrier";
    call.direction = "inbound";
    call.state = is_rare ? rare[i / 10 % 4] : "completed";
    call.state_rank = RANK_TERMINAL;
    call.from_addr = is_rare ? FEW : MANY;
    call.to_addr = is_rare ? MANY : FEW;
    call.started_at = instant_after(START, (int64_t)(i / 2) * 1000);
    call.answered_at = is_rare ? NO_INSTANT : instant_after(call.started_at, 5000);
    call.ended_at = instant_after(call.started_at, 65000);
    call.parent_call_id = i % 10 == 1 ? parent : NO_UID;
    cr_assert(call_insert(work, &call), "%s", work->error.message);
    if (i == 0)
        parent = call.id;
    return call.id;
}

static void setup(void)
{
    world_begin(&world, NULL, false);
    for (int i = 0; i < CALLS; i++)
        put_call(i);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(call_records, .init = setup, .fini = end);

static struct rows list(const struct call_record_filter *filter, struct page *page)
{
    struct rows records;

    cr_assert(call_records_list(work, filter, page, &records), "%s", work->error.message);
    return records;
}

/* All calls but for one thing. */
static struct call_record_filter narrowed;
#define ALL (narrowed = ALL_CALL_RECORDS)
#define WITH(member, value) (narrowed = ALL_CALL_RECORDS, narrowed.member = (value), narrowed)

static size_t count(struct call_record_filter filter)
{
    struct page page = {.size = 2 * CALLS, .before_time = NO_INSTANT};

    return list(&filter, &page).count;
}

Test(call_records, are_narrowed_by_what_is_known_of_a_call)
{
    cr_expect_eq(count(ALL), 150);
    cr_expect_eq(count(WITH(from, FEW)), 15);
    cr_expect_eq(count(WITH(to, MANY)), 15);
    cr_expect_eq(count(WITH(to, "+13125550109")), 0);
    cr_expect_eq(count(WITH(status, "completed")), 135);
    cr_expect_eq(count(WITH(status, "no-answer")), 4);
    cr_expect_eq(count(WITH(status, "in-progress")), 0);
    cr_expect_eq(count(WITH(parent, parent)), 15);
    cr_expect_eq(count(WITH(talk_since, instant_after(START, 79000))), 2 + 12,
                 "what nobody answered counts by its end");
    cr_expect_eq(count(WITH(talk_before, instant_after(START, 6000))), 1);
    cr_expect_eq(count(WITH(ended_since, instant_after(START, 139000))), 2);
    cr_expect_eq(count(WITH(ended_before, instant_after(START, 66000))), 2);
}

Test(call_records, narrowed_twice_fit_both)
{
    struct call_record_filter filter = WITH(from, FEW);

    filter.status = "busy";
    cr_expect_eq(count(filter), 4);
    filter.ended_since = instant_after(START, 65000 + 20000);
    cr_expect_eq(count(filter), 3);
    filter.talk_before = instant_after(START, 65000 + 40000);
    cr_expect_eq(count(filter), 1);
}

/* Every state is one of the words that records are asked for by. */
Test(call_records, have_the_status_that_they_are_found_by)
{
    struct call call;

    for (size_t i = 0; call_states[i]; i++) {
        const char *word = call_state_word(CALL_AS_TWILIO, call_states[i], false);
        size_t before = count(WITH(status, word));

        call_begin(work, &call);
        call.carrier = "sim";
        call.origin = "carrier";
        call.direction = "inbound";
        call.state = call_states[i];
        call.state_rank = call_state_rank(call_states[i]);
        cr_assert(call_insert(work, &call), "%s", work->error.message);
        cr_expect_eq(count(WITH(status, word)), before + 1, "%s", call_states[i]);
    }
}

Test(call_records, that_are_hidden_are_in_no_list)
{
    struct call_record_filter filters[] = {ALL, WITH(from, FEW), WITH(status, "busy"),
                                           WITH(ended_since, START)};
    uid id = put_call(0);

    for (size_t i = 0; i < COUNT(filters); i++) {
        size_t before = count(filters[i]);

        cr_assert(call_record_hide(work, id));
        cr_expect_eq(count(filters[i]), before - 1, "filter %zu", i);
        id = put_call(0);
    }
}

Test(call_records, pages_hold_every_call_once_either_way)
{
    const struct call_record_filter filters[] = {ALL, WITH(parent, parent), WITH(talk_since, START),
                                                 WITH(ended_before, instant_after(START, 900000))};

    for (size_t i = 0; i < COUNT(filters); i++) {
        struct page page = {.size = PAGE, .before_time = NO_INSTANT};
        uid ids[CALLS];
        size_t seen = 0, all = count(filters[i]);

        do {
            struct rows rows = list(&filters[i], &page);
            const struct call_record *records = rows.at;

            cr_assert_leq(seen + rows.count, COUNT(ids));
            for (size_t j = 0; j < rows.count; j++)
                ids[seen++] = records[j].id;
            page.before_id = ids[seen - 1];
        } while (page.more);
        cr_expect_eq(seen, all, "filter %zu", i);
        page.oldest_first = true;
        for (size_t up = seen - 1; up > 0;) {
            struct rows rows = list(&filters[i], &page);
            const struct call_record *records = rows.at;

            cr_assert_eq(rows.count, up < PAGE ? up : PAGE);
            for (size_t j = 0; j < rows.count; j++)
                cr_expect(uid_equal(records[j].id, ids[--up]), "filter %zu", i);
            page.before_id = ids[up];
        }
        cr_expect_not(page.more);
    }
}

/* A page at the beginning of each list and one further down read what they show, and one. */
Test(call_records, cost_no_more_rows_than_a_page_and_one)
{
    struct call_record_filter filters[] = {
        ALL,
        WITH(from, FEW),
        WITH(to, MANY),
        WITH(from, MANY),
        WITH(status, "no-answer"),
        WITH(status, "completed"),
        WITH(status, "queued"),
        WITH(parent, parent),
        WITH(talk_since, START),
        WITH(talk_before, instant_after(START, 60000)),
        WITH(ended_since, instant_after(START, 100000)),
        WITH(ended_before, instant_after(START, 120000)),
    };

    for (size_t i = 0; i < COUNT(filters); i++) {
        struct page page = {.size = PAGE, .before_time = NO_INSTANT};

        for (int pages = 0; pages < 2; pages++) {
            int64_t reads = rows_read(&world), sorts = rows_sorted(&world);
            struct rows rows = list(&filters[i], &page);

            sorts = rows_sorted(&world) - sorts;
            reads = rows_read(&world) - reads;
            /* Two calls began in the same millisecond as the last of the page before. */
            cr_expect_leq(reads, (int64_t)rows.count + 1 + (pages ? 2 : 0),
                          "page %d of filter %zu read %lld for %zu", pages, i, (long long)reads,
                          rows.count);
            cr_expect_eq(sorts, 0, "filter %zu sorted %lld", i, (long long)sorts);
            if (rows.count)
                page.before_id = ((struct call_record *)rows.at)[rows.count - 1].id;
        }
    }
}
