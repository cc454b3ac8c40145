/*
 * Strangers who ask for an account.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(access_requests, .timeout = 60);

#define ASK "/api/v1/access-requests"
#define LIST "/api/v1/admin/api-access-requests"
#define NEEDED                                                                                     \
    "\"company_name\":\"Bakery\",\"contact_name\":\"Ann\",\"work_email\":\"ann@bakery.example\","  \
    "\"use_case\":\"Orders by phone\""

static const char *new_address(void)
{
    const char *sid = new_call_sid();

    return say("X-Forwarded-For: 2001:db8:%.4s:%.4s:%.4s::2", sid + 2, sid + 6, sid + 10);
}

/* The row of that id in the operator's list; NULL when it is not there. */
static json_object *listed(const char *query, const char *id)
{
    struct reply reply = admin("GET", say(LIST "?limit=200%s", query), NULL);
    json_object *rows = json_object_object_get(reply.json, "requests");

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    for (size_t i = 0; i < json_object_array_length(rows); i++)
        if (strcmp(at(json_object_array_get_idx(rows, i), "id"), id) == 0)
            return json_object_array_get_idx(rows, i);
    return NULL;
}

Test(access_requests, are_taken_from_anyone_and_shown_to_the_operator)
{
    struct reply reply = ask("POST", ASK, NULL,
                             "{" NEEDED ",\"role\":\"Owner\",\"phone\":null,"
                             "\"timeline\":\"soon\",\"company_website_confirm\":\"\"}",
                             new_address());
    json_object *row;

    cr_assert_eq(reply.status, 202, "%ld %s", reply.status, reply.body);
    cr_expect_str_eq(at(reply.json, "ok"), "true");
    cr_expect(*at(reply.json, "message"));
    row = listed("&status=open", at(reply.json, "request_id"));
    cr_assert_not_null(row);
    cr_expect_str_eq(at(row, "company_name"), "Bakery");
    cr_expect_str_eq(at(row, "role"), "Owner");
    cr_expect_str_eq(at(row, "phone"), "");
    cr_expect_str_eq(at(row, "status"), "open");
    cr_expect_str_eq(at(row, "source"), "voice_landing_page");
    cr_expect_not_null(strstr(at(row, "remote_addr"), "2001:db8:"), "%s", at(row, "remote_addr"));
}

Test(access_requests, of_robots_are_answered_alike_and_kept_as_spam)
{
    struct reply reply = ask(
        "POST", ASK, NULL, "{" NEEDED ",\"company_website_confirm\":\"http://x\"}", new_address());

    cr_assert_eq(reply.status, 202, "%ld %s", reply.status, reply.body);
    cr_expect_null(listed("&status=open", at(reply.json, "request_id")));
    cr_expect_not_null(listed("&status=spam", at(reply.json, "request_id")));
    cr_expect_null(listed("&status=nonsense", at(reply.json, "request_id")));
    reply =
        ask("POST", ASK, NULL,
            "{\"company_name\":\" \",\"contact_name\":\"\",\"work_email\":\"none\",\"use_case\":"
            "\"\",\"company_website_confirm\":\"http://x\"}",
            new_address());
    cr_expect_eq(reply.status, 202, "nor told what it did wrong: %s", reply.body);
}

Test(access_requests, say_what_is_missing_or_wrong)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "{\"company_name\":\"B\"}",
        "{\"company_name\":\" "
        "\",\"contact_name\":\"A\",\"work_email\":\"a@b.example\",\"use_case\":\"x\"}",
        "{\"company_name\":\"B\",\"contact_name\":\"A\",\"work_email\":\"a.b.example\",\"use_"
        "case\":\"x\"}",
        "{\"company_name\":\"B\",\"contact_name\":\"A\",\"work_email\":\"a@b\",\"use_case\":\"x\"}",
        "{\"company_name\":7,\"contact_name\":\"A\",\"work_email\":\"a@b.example\",\"use_case\":"
        "\"x\"}"};
    const char *from = new_address();

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = ask("POST", ASK, NULL, wrong[i], from);

        admin_refused(&reply, 400);
    }
}

Test(access_requests, are_five_an_hour_from_one_address)
{
    const char *from = new_address();
    struct reply reply;

    for (int i = 0; i < 5; i++)
        cr_expect_eq(ask("POST", ASK, NULL, "{" NEEDED "}", from).status, 202);
    reply = ask("POST", ASK, NULL, "{" NEEDED "}", from);
    admin_refused(&reply, 429);
    cr_expect_not_null(reply_header_of(&reply, "Retry-After"));
    cr_expect_eq(ask("POST", ASK, NULL, "{" NEEDED "}", new_address()).status, 202);
}

/* Where in the list, newest first, the request with this id stands; -1 when it is not on the page.
 */
static int place_of(const struct reply *list, const char *id)
{
    for (int i = 0; i < atoi(at(list->json, "count")); i++)
        if (strcmp(at(list->json, say("requests.%d.id", i)), id) == 0)
            return i;
    return -1;
}

Test(access_requests, are_listed_newest_first)
{
    struct reply first = ask("POST", ASK, NULL, "{" NEEDED "}", new_address());
    struct reply second = ask("POST", ASK, NULL, "{" NEEDED "}", new_address());
    struct reply list = admin("GET", LIST "?limit=200", NULL);
    int older = place_of(&list, at(first.json, "request_id"));
    int newer = place_of(&list, at(second.json, "request_id"));

    cr_expect(newer >= 0);
    cr_expect_gt(older, newer);
}

/* Others ask for access meanwhile, so a page's place moves; its size does not. */
Test(access_requests, are_listed_a_page_at_a_time)
{
    struct reply reply;

    for (int i = 0; i < 3; i++)
        cr_assert_eq(ask("POST", ASK, NULL, "{" NEEDED "}", new_address()).status, 202);
    reply = admin("GET", LIST "?limit=1", NULL);
    cr_expect_str_eq(at(reply.json, "count"), "1");
    reply = admin("GET", LIST "?limit=2&offset=1", NULL);
    cr_expect_str_eq(at(reply.json, "count"), "2");
}

Test(access_requests, are_no_strangers_business)
{
    struct customer customer = customer_new();
    struct reply reply = ask("GET", LIST, NULL, NULL, NULL);

    admin_refused(&reply, 401);
    reply = ask("GET", LIST, customer.stateset, NULL, NULL);
    admin_refused(&reply, 401);
}
