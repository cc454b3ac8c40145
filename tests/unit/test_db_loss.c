/* What happens when the connection goes, or cannot be made. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <sys/socket.h>

#include "things.h"

static struct work work;

static void setup(void)
{
    work = things_begin();
}

static void end(void)
{
    things_end(&work);
}

TestSuite(db_loss, .init = setup, .fini = end);

Test(db_loss, is_not_noticed_by_a_read)
{
    thing_add(&work, "a", 1);
    cr_expect_eq(things_count(&work, "a"), 1);
    kill_connection(&work);
    cr_expect_eq(things_count(&work, "a"), 1);
}

Test(db_loss, between_statements_does_not_harm_a_write)
{
    thing_add(&work, "a", 1);
    kill_connection(&work);
    thing_add(&work, "b", 1);
    cr_expect_eq(things_count(&work, "b"), 1);
}

Test(db_loss, by_the_servers_patience_is_mended)
{
    struct work other = things_begin();
    int64_t connection = number_of(&work, "SELECT CONNECTION_ID()");

    cr_assert(db_execute(&work, "SET SESSION wait_timeout = 1", NULL, 0, NULL));
    wait_for_end_of(&other, connection);
    thing_add(&work, "a", 1);
    cr_expect_eq(things_count(&work, "a"), 1);
    cr_expect_neq(number_of(&work, "SELECT CONNECTION_ID()"), connection);
    things_end(&other);
}

Test(db_loss, is_mended_by_a_ping)
{
    cr_expect(db_ping(&work));
    kill_connection(&work);
    cr_expect(db_ping(&work));
}

Test(db_loss, gives_the_new_connection_the_same_manners)
{
    static const char sql[] = "SELECT @@time_zone = '+00:00' AND @@sql_mode LIKE '%STRICT_ALL%'"
                              " AND @@tx_isolation = 'READ-COMMITTED'"
                              " AND @@character_set_client = 'utf8mb4'";

    cr_expect_eq(number_of(&work, sql), 1);
    kill_connection(&work);
    cr_expect_eq(number_of(&work, sql), 1);
}

/* Kills the connection of the statement that runs on it. */
Test(db_loss, in_the_middle_of_a_write_is_told_and_not_tried_again)
{
    cr_expect(!db_execute(&work, "KILL CONNECTION_ID()", NULL, 0, NULL));
    cr_expect_eq(work.error.what, BUSY);
    thing_add(&work, "a", 1);
    cr_expect_eq(things_count(&work, "a"), 1);
}

struct lossy {
    int runs, losses;
};

static bool add_and_lose(struct work *given, void *with)
{
    struct lossy *lossy = with;
    struct thing thing = thing_new();

    lossy->runs++;
    thing.code = "first";
    if (!store_insert(given, &thing_entity, &thing, THING(code)))
        return false;
    if (lossy->runs <= lossy->losses)
        kill_connection(given);
    thing = thing_new();
    thing.code = "second";
    return store_insert(given, &thing_entity, &thing, THING(code));
}

Test(db_loss, within_a_transaction_repeats_it)
{
    struct lossy lossy = {.losses = 2};

    cr_expect(db_transaction(&work, add_and_lose, &lossy), "%s", work.error.message);
    cr_expect_eq(lossy.runs, 3);
    cr_expect_eq(things_count(&work, "first"), 1);
    cr_expect_eq(things_count(&work, "second"), 1);
}

Test(db_loss, without_end_is_given_up)
{
    struct lossy lossy = {.losses = 100};

    cr_expect(!db_transaction(&work, add_and_lose, &lossy));
    cr_expect_eq(work.error.what, BUSY);
    cr_expect_eq(lossy.runs, 5);
    cr_expect_eq(things_count(&work, "first"), 0);
}

static bool add_and_lose_before_commit(struct work *given, void *with)
{
    struct lossy *lossy = with;
    struct thing thing = thing_new();

    lossy->runs++;
    thing.code = "only";
    if (!store_insert(given, &thing_entity, &thing, THING(code)))
        return false;
    if (lossy->runs == 1)
        kill_connection(given);
    return true;
}

/* On a local socket the commit cannot be sent any more, so it is certain that nothing was stored.
 */
Test(db_loss, before_the_commit_repeats_the_transaction)
{
    struct lossy lossy = {0};

    cr_expect(db_transaction(&work, add_and_lose_before_commit, &lossy), "%s", work.error.message);
    cr_expect_eq(things_count(&work, "only"), 1);
}

/* A server that hangs up on everybody and counts them. */
struct rude {
    int fd;
    unsigned port;
    _Atomic int visitors;
};

static void *hang_up(void *with)
{
    struct rude *rude = with;
    int fd;

    while ((fd = accept(rude->fd, NULL, NULL)) >= 0) {
        rude->visitors++;
        close(fd);
    }
    return NULL;
}

static void rude_begin(struct rude *rude, pthread_t *thread)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;

    rude->fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(rude->fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(rude->fd, 16), 0);
    cr_assert_eq(getsockname(rude->fd, (struct sockaddr *)&address, &size), 0);
    rude->port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(thread, NULL, hang_up, rude), 0);
}

static bool succeed(struct work *given, void *with)
{
    (void)given;
    (void)with;
    return true;
}

Test(db_loss, of_a_dead_server_costs_one_attempt_for_many_requests)
{
    static struct rude rude;
    struct work lost = {.id = "lost"};
    pthread_t thread;

    rude_begin(&rude, &thread);
    lost.db = db_open(arena_format(&work.arena, "mysql://u@127.0.0.1:%u/d", rude.port));
    clock_set((instant){1762077600000});
    for (int i = 0; i < 10; i++) {
        cr_expect(!db_ping(&lost));
        cr_expect_eq(lost.error.what, BUSY);
        cr_expect_str_eq(lost.error.message, "The store cannot be reached now");
    }
    cr_expect(!db_transaction(&lost, succeed, NULL));
    cr_expect_eq(lost.error.what, BUSY);
    cr_expect_eq(rude.visitors, 1);
    clock_advance_ms(1000);
    cr_expect(!db_ping(&lost));
    cr_expect_eq(rude.visitors, 2);
    shutdown(rude.fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(rude.fd);
    things_end(&lost);
}

Test(db_loss, of_a_server_that_was_never_there_is_busy)
{
    struct work lost = {.id = "lost",
                        .db = db_open("mysql://u@localhost/d?socket=/nowhere/at/all")};

    cr_expect(!db_ping(&lost));
    cr_expect_eq(lost.error.what, BUSY);
    things_end(&lost);
}

Test(db_loss, is_not_feared_by_a_handle_that_was_never_used)
{
    db_close(db_open("mysql://u@localhost/d?socket=/nowhere/at/all"));
    db_close(NULL);
    cr_expect_null(db_open("mysql://nothing"));
}
