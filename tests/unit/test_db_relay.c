/* What happens over a network that loses answers: nothing is done twice. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "db/url.h"
#include "relay.h"
#include "things.h"

static struct work work;   /* straight to the database */
static struct work remote; /* by way of the relay */
static struct relay relay;

static void setup(void)
{
    struct address address;

    work = things_begin();
    cr_assert(url_read(&work.arena, getenv("TEST_DATABASE_URL"), &address));
    relay_begin(&relay, address.socket);
    remote = (struct work){.id = "remote", .tenant = work.tenant};
    remote.db = db_open(arena_format(&work.arena, "mysql://%s@127.0.0.1:%u/%s", address.user,
                                     relay.port, address.name));
    thing_add(&remote, "first", 1);
    things_count(&remote, "first"); /* from here on both statements are prepared */
}

static void end(void)
{
    things_end(&remote);
    relay_end(&relay);
    things_end(&work);
}

TestSuite(db_relay, .init = setup, .fini = end);

static bool add(struct work *given, const char *code)
{
    struct thing thing = thing_new();

    thing.code = code;
    thing.amount = 1;
    return store_insert(given, &thing_entity, &thing, columns_union(THING(code), THING(amount)));
}

Test(db_relay, asks_again_when_the_answer_to_a_read_is_lost)
{
    relay.losses = 1;
    cr_expect_eq(things_count(&remote, "first"), 1);
    cr_expect_eq(relay.ended, 1);
}

Test(db_relay, does_not_write_again_when_the_answer_to_a_write_is_lost)
{
    relay.losses = 1;
    cr_expect(!add(&remote, "second"));
    cr_expect_eq(remote.error.what, BUSY);
    cr_expect_eq(things_count(&work, "second"), 1);
    cr_expect(add(&remote, "third"), "the next one has a new connection");
}

/* A write into a closed connection is taken by the network, so it must not even be tried. */
Test(db_relay, notices_a_closed_connection_before_it_writes)
{
    kill_connection(&remote);
    relay_wait(&relay, 1);
    cr_expect(add(&remote, "second"), "%s", remote.error.message);
    cr_expect_eq(things_count(&work, "second"), 1);
}

struct steps {
    int runs;
    bool lose, kill;
};

static bool add_one(struct work *given, void *with)
{
    struct steps *steps = with;
    bool ok = add(given, "second");

    if (steps->runs++ == 0 && steps->kill) {
        kill_connection(given);
        relay_wait(&relay, 1);
    }
    if (steps->lose)
        relay.losses = 1;
    return ok;
}

Test(db_relay, does_not_commit_again_when_the_answer_is_lost)
{
    struct steps steps = {.lose = true};

    cr_expect(!db_transaction(&remote, add_one, &steps));
    cr_expect_eq(remote.error.what, BUSY);
    cr_expect_eq(steps.runs, 1);
    cr_expect_eq(things_count(&work, "second"), 1);
}

Test(db_relay, notices_a_closed_connection_before_it_commits)
{
    struct steps steps = {.kill = true};

    cr_expect(db_transaction(&remote, add_one, &steps), "%s", remote.error.message);
    cr_expect_eq(steps.runs, 2);
    cr_expect_eq(things_count(&work, "second"), 1);
}
