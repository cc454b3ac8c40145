#include <criterion/criterion.h>

#include <string.h>

#include "domain/tickets.h"
#include "tenancy.h"

static struct work work;
static struct tenant tenant;

static void setup(void)
{
    work = tenancy_begin(&tenant, NULL);
}

static void end(void)
{
    tenancy_end(&work);
}

TestSuite(tickets, .init = setup, .fini = end);

static const char *issue(const struct ticket *ticket, int64_t life_ms)
{
    const char *text;

    cr_assert(ticket_issue(&work, ticket, life_ms, &text), "%s", work.error.message);
    return text;
}

/* Redeems as a socket does, which does not know whose ticket it is. */
static bool redeem(const char *text, const char *role, struct ticket *ticket)
{
    work.tenant = 0;
    work.error = (struct error){0};
    return ticket_redeem(&work, text, role, ticket);
}

Test(tickets, say_whose_they_are_and_what_they_open)
{
    struct ticket ticket = {.role = "monitor",
                            .call = uid_new(),
                            .session = uid_new(),
                            .mode = "barge",
                            .by = "Ann \"Boss\" Lee"};
    struct ticket read;
    const char *text = issue(&ticket, 1000);

    cr_assert(redeem(text, "monitor", &read), "%s", work.error.message);
    cr_expect_eq(work.tenant, tenant.id);
    cr_expect(uid_equal(read.call, ticket.call));
    cr_expect(uid_equal(read.session, ticket.session));
    cr_expect_str_eq(read.mode, "barge");
    cr_expect_str_eq(read.by, "Ann \"Boss\" Lee");
    cr_expect_eq(strlen(text), 43);
}

Test(tickets, open_once)
{
    struct ticket read;
    const char *text = issue(&(struct ticket){.role = "events"}, 1000);

    cr_expect(redeem(text, "events", &read));
    cr_expect_not(redeem(text, "events", &read));
    cr_expect_eq(work.error.what, UNAUTHENTICATED);
    cr_expect_eq(work.tenant, 0);
}

Test(tickets, for_one_door_do_not_open_another_and_are_not_spent_there)
{
    struct ticket read;
    const char *text = issue(&(struct ticket){.role = "events"}, 1000);

    cr_expect_not(redeem(text, "monitor", &read));
    cr_expect_eq(work.error.what, UNAUTHENTICATED);
    cr_expect(redeem(text, "events", &read));
    cr_expect(uid_is_none(read.session));
    cr_expect_null(read.mode);
}

Test(tickets, run_out)
{
    struct ticket read;
    const char *text = issue(&(struct ticket){.role = "logs"}, -1);

    cr_expect_not(redeem(text, "logs", &read));
    cr_expect_eq(work.error.what, UNAUTHENTICATED);
}

Test(tickets, nobody_made_open_nothing)
{
    struct ticket read;

    cr_expect_not(redeem(NULL, "logs", &read));
    cr_expect_not(redeem("", "logs", &read));
    cr_expect_not(redeem("0123456789012345678901234567890123456789012", "logs", &read));
    cr_expect_not(redeem("01234567890123456789012345678901234567890123456789012345678901234567890",
                         "logs", &read));
}
