#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "api_of_things.h"
#include "domain/idempotency.h"

static void setup(void)
{
    things_api_begin();
    clock_set((instant){1762077600000});
}

TestSuite(idempotency, .init = setup, .fini = things_api_end);

/* Sends it under a key; the answer is in "req" until request_end(). */
static struct request keyed(const char *line, const char *body, const char *key)
{
    struct request req = things_request(line, body);

    with_header(&req, "Idempotency-Key", key);
    answered(&req);
    return req;
}

static int status_of(const char *line, const char *body, const char *key)
{
    struct request req = keyed(line, body, key);
    int status = req.status;

    request_end(&req);
    return status;
}

Test(idempotency, gives_the_first_answer_again)
{
    struct request first = keyed("POST /things", "{'code':'a'}", "k");
    struct request again = keyed("POST /things", "{'code':'a'}", "k");

    cr_expect_eq(first.status, 201);
    cr_expect_eq(again.status, 201);
    cr_expect_str_eq(again.reply.at, first.reply.at);
    cr_expect_null(answered_header(&first, "X-Idempotent-Replayed"));
    cr_expect_str_eq(answered_header(&again, "X-Idempotent-Replayed"), "true");
    cr_expect_eq(things_count(&things_work, "a"), 1);
    request_end(&first);
    request_end(&again);
}

Test(idempotency, is_nothing_without_a_key)
{
    struct request req = things_request("POST /things", "{'code':'a'}");

    answered(&req);
    cr_expect_eq(req.status, 201);
    request_end(&req);
    req = things_request("POST /things", "{'code':'a'}");
    answered(&req);
    cr_expect_eq(req.status, 409);
    request_end(&req);
}

Test(idempotency, refuses_another_request_under_the_same_key)
{
    cr_expect_eq(status_of("POST /things", "{'code':'a'}", "k"), 201);
    cr_expect_eq(status_of("POST /things", "{'code':'b'}", "k"), 409);
    cr_expect_eq(things_count(&things_work, "b"), 0);
}

Test(idempotency, tells_keys_routes_and_tenants_apart)
{
    cr_expect_eq(status_of("POST /things", "{'code':'a'}", "k"), 201);
    cr_expect_eq(status_of("POST /things", "{'code':'b'}", "l"), 201);
    cr_expect_eq(status_of("POST /strict", "{'code':'c'}", "k"), 201);
    things_work.tenant++;
    cr_expect_eq(status_of("POST /things", "{'code':'b'}", "k"), 201);
}

Test(idempotency, keeps_refusals)
{
    cr_expect_eq(status_of("POST /things/order", "{'who':'too long a name'}", "k"), 400);
    cr_expect_eq(status_of("POST /things/order", "{'who':'too long a name'}", "k"), 400);
    cr_expect_eq(handled, 1);
}

Test(idempotency, keeps_what_was_answered_beside_the_body)
{
    struct request req;

    cr_expect_eq(status_of("POST /things/slow", "", "k"), 202);
    req = keyed("POST /things/slow", "", "k");
    cr_expect_eq(req.status, 202);
    cr_expect_eq(handled, 1);
    cr_expect_str_eq(req.reply.at, "done");
    cr_expect_str_eq(req.reply_type, "text/plain");
    cr_expect_str_eq(answered_header(&req, "Location"), "/things/7");
    request_end(&req);
}

/* What may go better a moment later is tried again. */
Test(idempotency, keeps_no_failure_of_ours)
{
    static const enum failure failures[] = {INTERNAL, BUSY, UPSTREAM, RATE_LIMITED};

    slow_fails = true;
    for (size_t i = 0; i < COUNT(failures); i++) {
        slow_failure = failures[i];
        cr_expect_geq(status_of("POST /things/slow", "", "k"), 429);
    }
    cr_expect_eq(handled, (int)COUNT(failures));
    slow_fails = false;
    cr_expect_eq(status_of("POST /things/slow", "", "k"), 202);
}

Test(idempotency, keeps_secrets_sealed)
{
    static const char sql[] = "SELECT COUNT(*) FROM idempotency_keys WHERE tenant_id = ?"
                              " AND body_sealed AND INSTR(body, 'whsec') = 0";
    const struct param params[] = {PARAM(things_work.tenant)};
    struct request req = keyed("POST /things/secret", "", "k");
    int64_t sealed;

    request_end(&req);
    req = keyed("POST /things/secret", "", "k");
    cr_expect_str_eq(req.reply.at, "{\"secret\":\"whsec_1\"}");
    cr_expect_eq(handled, 1);
    cr_assert(db_number(&things_work, sql, params, COUNT(params), 0, &sealed));
    cr_expect_eq(sealed, 1);
    request_end(&req);
}

Test(idempotency, refuses_keys_that_are_none)
{
    char key[300];

    memset(key, 'x', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    cr_expect_eq(status_of("POST /things/order", "{'who':'ann'}", key), 400);
    cr_expect_eq(status_of("POST /things/order", "{'who':'ann'}", ""), 400);
    cr_expect_eq(status_of("POST /things/order", "{'who':'ann'}", "a b"), 400);
    cr_expect_eq(status_of("POST /things/order", "{'who':'ann'}", "\xc3\xbc"), 400);
    cr_expect_eq(handled, 0);
    key[255] = '\0';
    cr_expect_eq(status_of("POST /things/order", "{'who':'ann'}", key), 201);
}

Test(idempotency, forgets_after_a_day)
{
    cr_expect_eq(status_of("POST /things/order", "{'who':'ann'}", "k"), 201);
    clock_advance_ms(24 * 3600 * 1000 - 1000);
    cr_expect_eq(status_of("POST /things/order", "{'who':'ann'}", "k"), 201);
    cr_expect_eq(handled, 1);
    clock_advance_ms(2000);
    cr_expect_eq(status_of("POST /things/order", "{'who':'bob'}", "k"), 201);
    cr_expect_eq(handled, 2);
}

/* Who has no tenant is told apart by the address. */
Test(idempotency, tells_addresses_apart_where_nobody_is_known)
{
    struct request req;
    char *key = arena_format(&things_work.arena, "k%lld", (long long)things_work.tenant);

    cr_expect_eq(status_of("POST /things/open", "", key), 202);
    cr_expect_eq(status_of("POST /things/open", "", key), 202);
    cr_expect_eq(handled, 1);
    req = things_request("POST /things/open", "");
    req.client_ip = "203.0.113.8";
    with_header(&req, "Idempotency-Key", key);
    answered(&req);
    cr_expect_eq(handled, 2);
    request_end(&req);
}

/* Claims. */

static struct kept_answer answer_of(const char *key)
{
    return (struct kept_answer){.key = sha256(key, strlen(key)), .request = sha256("r", 1)};
}

Test(idempotency, lets_one_of_two_run)
{
    struct kept_answer one = answer_of("k"), other = one;
    enum claim claim;

    cr_assert(idempotency_claim(&things_work, &one, 60, &claim));
    cr_expect_eq(claim, CLAIM_RUN);
    cr_assert(idempotency_claim(&things_work, &other, 60, &claim));
    cr_expect_eq(claim, CLAIM_RUNNING);
    idempotency_abandon(&things_work, &one);
    cr_assert(idempotency_claim(&things_work, &other, 60, &claim));
    cr_expect_eq(claim, CLAIM_RUN);
}

Test(idempotency, takes_over_from_the_dead)
{
    struct kept_answer one = answer_of("k"), other = one;
    enum claim claim;

    cr_assert(idempotency_claim(&things_work, &one, 60, &claim));
    clock_advance_ms(60001);
    cr_assert(idempotency_claim(&things_work, &other, 60, &claim));
    cr_expect_eq(claim, CLAIM_RUN);
    cr_assert(idempotency_claim(&things_work, &one, 60, &claim));
    cr_expect_eq(claim, CLAIM_RUNNING);
}

Test(idempotency, says_when_to_come_back)
{
    struct request req = things_request("POST /things/order", "{'who':'ann'}");
    struct request held = things_request("POST /things/order", "{'who':'ann'}");

    with_header(&req, "Idempotency-Key", "k");
    with_header(&held, "Idempotency-Key", "k");
    answered(&held);
    cr_assert(db_execute(&things_work,
                         "UPDATE idempotency_keys SET state = 'running'"
                         " WHERE tenant_id = ?",
                         (const struct param[]){PARAM(things_work.tenant)}, 1, NULL));
    answered(&req);
    cr_expect_eq(req.status, 409);
    cr_expect_str_eq(answered_header(&req, "Retry-After"), "1");
    request_end(&req);
    request_end(&held);
}

/* Long before the other tests of the database, so that it takes nothing from them. */
Test(idempotency, sweeps_what_expired)
{
    static const char sql[] = "SELECT COUNT(*) FROM idempotency_keys WHERE tenant_id = ?";
    const struct param params[] = {PARAM(things_work.tenant)};
    struct kept_answer one = answer_of("k");
    enum claim claim;
    int64_t left = 1;

    clock_set((instant){1000000000000});
    cr_assert(idempotency_claim(&things_work, &one, 60, &claim));
    clock_advance_ms(25 * 3600 * 1000);
    for (int i = 0; i < 20 && left; i++) {
        cr_assert(idempotency_sweep(&things_work));
        cr_assert(db_number(&things_work, sql, params, COUNT(params), 0, &left));
    }
    cr_expect_eq(left, 0);
}

/* Eight processes send the same request at once: it happens once, and nobody is refused for good.
 */
Test(idempotency, lets_many_at_once_do_it_once)
{
    int64_t tenant = things_work.tenant;
    int gate[2], status, wrong = 0;

    cr_assert_eq(pipe(gate), 0);
    for (int i = 0; i < 8; i++)
        if (fork() == 0) {
            char byte;
            int answered_with;

            close(gate[1]);
            things_work = things_begin();
            things_work.tenant = tenant;
            (void)!read(gate[0], &byte, 1);
            answered_with = status_of("POST /things", "{'code':'once'}", "k");
            _exit(answered_with == 201 || answered_with == 409 ? 0 : 1);
        }
    close(gate[0]);
    close(gate[1]);
    while (wait(&status) > 0)
        wrong += status != 0;
    cr_expect_eq(wrong, 0);
    cr_expect_eq(things_count(&things_work, "once"), 1);
    cr_expect_eq(status_of("POST /things", "{'code':'once'}", "k"), 201);
}
