/*
 * Addresses of hosts: asked once, kept for a while.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "stream/offloop.h"
#include "stream/resolver.h"

static const struct config config;
static _Atomic int looked_up; /* by the system, so far */
static _Atomic bool is_away;  /* the name server */

/*
 * Hosts that begin with "lost" have no address, others one that ends in their length, and another
 * that ends in the number after that.
 */
static bool stand_in(const char *host, const char *avoided, char *address, size_t size)
{
    looked_up++;
    snprintf(address, size, "192.0.2.%zu", strlen(host));
    if (strcmp(address, avoided) == 0)
        snprintf(address, size, "192.0.2.%zu", strlen(host) + 1);
    return !is_away && strncmp(host, "lost", 4) != 0;
}

static void setup(void)
{
    clock_set((instant){1767225600000});
    resolver_look_up_by(stand_in);
    cr_assert(resolver_start(&config));
}

static void end(void)
{
    resolver_stop();
    clock_release();
}

TestSuite(resolver, .init = setup, .fini = end);

struct asked {
    char address[64]; /* "-": told that there is none, "": not told yet */
    int times;
    const char *asks_again; /* a host that it asks for as soon as it is told */
};

static void told(void *with, const char *address)
{
    struct asked *asked = with;

    asked->times++;
    snprintf(asked->address, sizeof asked->address, "%s", address ? address : "-");
    if (asked->asks_again && asked->times < 3)
        resolver_find(asked->asks_again, told, asked);
}

static struct asked *find(struct asked *asked, const char *host)
{
    *asked = (struct asked){0};
    resolver_find(host, told, asked);
    return asked;
}

/* All that was asked is answered. */
static void settle(void)
{
    resolver_stop();
    offloop_collect();
    cr_assert(resolver_start(&config));
}

Test(resolver, a_number_needs_nobody)
{
    struct asked one;

    cr_expect_str_eq(find(&one, "127.0.0.1")->address, "127.0.0.1");
    cr_expect_str_eq(find(&one, "::1")->address, "::1");
    cr_expect_eq(looked_up, 0);
}

Test(resolver, equal_questions_are_asked_once)
{
    struct asked first, second, other;

    find(&first, "model.test");
    find(&other, "voice.example.test");
    find(&second, "model.test");
    cr_expect_str_eq(first.address, "", "in a later turn of the loop");
    settle();
    cr_expect_str_eq(first.address, "192.0.2.10");
    cr_expect_str_eq(second.address, "192.0.2.10");
    cr_expect_str_eq(other.address, "192.0.2.18");
    cr_expect_eq(looked_up, 2);
}

Test(resolver, eight_hosts_are_remembered_at_once)
{
    static const char *const hosts[] = {"a",      "bb",      "ccc",      "dddd",     "eeeee",
                                        "ffffff", "ggggggg", "hhhhhhhh", "iiiiiiiii"};
    struct asked one;

    for (int i = 0; i < RESOLVER_HOSTS; i++) {
        clock_advance_ms(1);
        find(&one, hosts[i]);
        settle();
    }
    for (int i = 0; i < RESOLVER_HOSTS; i++)
        cr_expect_neq(find(&one, hosts[i])->times, 0, "%s is told at once", hosts[i]);
    cr_expect_eq(looked_up, RESOLVER_HOSTS);
    find(&one, hosts[RESOLVER_HOSTS]);
    settle();
    cr_expect_str_eq(one.address, "192.0.2.9");
    cr_expect_neq(find(&one, hosts[1])->times, 0);
    cr_expect_eq(find(&one, hosts[0])->times, 0, "the oldest made room");
    settle();
}

Test(resolver, what_is_known_is_forgotten_after_a_while)
{
    struct asked one;

    find(&one, "model.test");
    settle();
    clock_advance_us(RESOLVER_KEPT_US - 1);
    cr_expect_eq(find(&one, "model.test")->times, 1);
    clock_advance_us(1);
    cr_expect_eq(find(&one, "model.test")->times, 0);
    settle();
    cr_expect_str_eq(one.address, "192.0.2.10");
    cr_expect_eq(looked_up, 2);
}

Test(resolver, that_there_is_no_address_is_forgotten_soon)
{
    struct asked one;

    find(&one, "lost.test");
    settle();
    cr_expect_str_eq(one.address, "-");
    find(&one, "lost.test");
    settle();
    cr_expect_str_eq(one.address, "-");
    cr_expect_eq(looked_up, 1, "nobody waits for a name server again");
    clock_advance_us(RESOLVER_FAILED_US);
    find(&one, "lost.test");
    settle();
    cr_expect_eq(looked_up, 2);
}

Test(resolver, who_tries_again_at_once_does_so_in_a_later_turn)
{
    struct asked one = {.asks_again = "lost.test"};

    resolver_find("lost.test", told, &one);
    settle();
    cr_expect_eq(one.times, 1);
    offloop_collect();
    cr_expect_eq(one.times, 2);
    offloop_collect();
    cr_expect_eq(one.times, 3);
    cr_expect_eq(looked_up, 1);
}

Test(resolver, a_host_keeps_its_address_while_the_name_server_is_away)
{
    struct asked one;

    find(&one, "model.test");
    settle();
    is_away = true;
    clock_advance_us(RESOLVER_KEPT_US);
    find(&one, "model.test");
    settle();
    cr_expect_str_eq(one.address, "192.0.2.10");
    cr_expect_eq(looked_up, 2);
    clock_advance_us(RESOLVER_FAILED_US);
    find(&one, "model.test");
    settle();
    cr_expect_eq(looked_up, 3, "but is asked for again soon");
}

Test(resolver, an_address_that_is_of_no_use_is_avoided)
{
    struct asked one;

    find(&one, "model.test");
    settle();
    resolver_forget("model.test", "192.0.2.10");
    cr_expect_eq(find(&one, "model.test")->times, 0, "it is looked up anew");
    settle();
    cr_expect_str_eq(one.address, "192.0.2.11");
    resolver_forget("model.test", "192.0.2.10");
    cr_expect_eq(find(&one, "model.test")->times, 1, "that other one was not of no use");
    cr_expect_eq(looked_up, 2);
}

Test(resolver, an_address_of_no_use_is_better_than_none)
{
    struct asked one;

    find(&one, "model.test");
    settle();
    resolver_forget("model.test", "192.0.2.10");
    is_away = true;
    find(&one, "model.test");
    settle();
    cr_expect_str_eq(one.address, "192.0.2.10");
    is_away = false;
    clock_advance_us(RESOLVER_FAILED_US);
    find(&one, "model.test");
    settle();
    cr_expect_str_eq(one.address, "192.0.2.11", "it is avoided still");
}
