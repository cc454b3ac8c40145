/*
 * TaskRouter's requests as they stand on the wire: who may ask, pages and their links, revisions,
 * bodies that are none; and what every operation of the document says of these.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <criterion/criterion.h>

#include "api/twilio/router.h"

TestSuite(taskrouter_requests, .timeout = 120);

/* ---- every operation of the document ---- */

/* The path of an operation in this workspace, with SIDs of things that exist. */
struct things {
    const char *workspace, *activity, *worker, *queue, *workflow, *task, *reservation;
};

static struct things things_of(const struct router *router)
{
    struct things all = {.workspace = router->workspace,
                         .activity = named(router, "Activities", "Available"),
                         .queue = named(router, "TaskQueues", "Everyone"),
                         .workflow = named(router, "Workflows", "Default Workflow")};
    struct reply reply;

    all.worker = made(router, "Workers", say("FriendlyName=Ann&ActivitySid=%s", all.activity));
    all.task = made(router, "Tasks", "");
    reply = route(router, "GET", in_space(router, "Tasks/%s/Reservations", all.task), NULL);
    all.reservation = at(reply.json, "reservations.0.sid");
    cr_assert(*all.reservation, "%s", reply.body);
    return all;
}

static const char *sid_for(const struct things *all, const char *path, const char *name)
{
    if (strcmp(name, "WorkspaceSid") == 0 || strstr(path, "Workspaces/{Sid}"))
        return all->workspace;
    if (strcmp(name, "TaskSid") == 0)
        return all->task;
    if (strcmp(name, "WorkerSid") == 0)
        return all->worker;
    return strstr(path, "/Reservations/") ? all->reservation
           : strstr(path, "/Activities/") ? all->activity
           : strstr(path, "/Workers/")    ? all->worker
           : strstr(path, "/TaskQueues/") ? all->queue
           : strstr(path, "/Workflows/")  ? all->workflow
                                          : all->task;
}

static const char *filled(const struct things *all, const char *path)
{
    const char *out = "";

    while (*path) {
        size_t length = strcspn(path, "{"), name = strcspn(path + length, "}");

        out = say("%s%.*s", out, (int)length, path);
        if (path[length])
            out =
                say("%s%s", out, sid_for(all, path, say("%.*s", (int)name - 1, path + length + 1)));
        path += length + name + (path[length + name] == '}');
    }
    return out;
}

struct operation {
    const char *method, *template, *path;
    bool may_be[600]; /* documented statuses */
};

/* Asks something of each of TaskRouter's operations that documents a status. */
static size_t each(const struct things *all, int status,
                   void (*ask_it)(const struct operation *one, const void *with), const void *with)
{
    json_object *paths = json_object_object_get(
        kept(json_object_get(http("GET", "/api-docs/twilio.json", NULL, NULL).json)), "paths");
    size_t count = 0;

    json_object_object_foreach(paths, path, item)
    {
        if (!strstr(path, "/v1/Workspaces"))
            continue;
        json_object_object_foreach(item, method, operation)
        {
            struct operation one = {.template = path, .path = filled(all, path)};
            char *upper = say("%s", method);

            for (char *c = upper; *c; c++)
                *c = (char)(*c & ~0x20);
            one.method = upper;
            if (!has(operation, say("responses.%d", status)))
                continue;
            ask_it(&one, with);
            count++;
        }
    }
    return count;
}

static const char *fields_of(const struct operation *one)
{
    return strcmp(one->method, "POST") == 0 ? "Priority=1" : NULL;
}

static void ask_nobody(const struct operation *one, const void *with)
{
    struct reply reply = http(one->method, one->path, NULL, fields_of(one));

    (void)with;
    twilio_refused(&reply, 401, 20003);
    cr_expect_str_eq(reply_header_of(&reply, "WWW-Authenticate"), "Basic realm=\"Twilio API\"");
}

Test(taskrouter_requests, without_a_credential_are_401)
{
    struct router router = router_new();
    struct things all = things_of(&router);

    cr_expect_eq(each(&all, 401, ask_nobody, NULL), 36);
}

static void ask_stranger(const struct operation *one, const void *with)
{
    struct reply reply = route(with, one->method, one->path, fields_of(one));

    twilio_refused(&reply, 404, 20404);
    cr_expect(strstr(at(reply.json, "message"), one->path), "%s", reply.body);
}

Test(taskrouter_requests, for_another_accounts_things_are_404)
{
    struct router router = router_new(), stranger = router_new();
    struct things all = things_of(&router);
    struct reply reply;

    cr_expect_eq(each(&all, 404, ask_stranger, &stranger), 34);
    reply = route(&router, "GET", in_space(&router, "Workers/%s", all.worker), NULL);
    cr_expect_str_eq(at(reply.json, "friendly_name"), "Ann");
    reply = route(&router, "GET", in_space(&router, "Tasks/%s", all.task), NULL);
    cr_expect_str_eq(at(reply.json, "priority"), "0");
}

static void ask_outdated(const struct operation *one, const void *with)
{
    struct reply reply =
        route_with(with, one->method, one->path, fields_of(one), "If-Match: \"0\"");

    twilio_refused(&reply, 412, 20412);
}

Test(taskrouter_requests, for_another_revision_are_412)
{
    struct router router = router_new();
    struct things all = things_of(&router);

    cr_expect_eq(each(&all, 412, ask_outdated, &router), 14);
}

static void ask_again(const struct operation *one, const void *with)
{
    struct reply reply = route(with, one->method, one->path, NULL);
    const char *etag = reply_header_of(&reply, "ETag");

    cr_assert(reply.status == 200 && etag, "%s: %ld %s", one->path, reply.status, reply.body);
    reply = route_with(with, "GET", one->path, NULL, say("If-None-Match: W/\"9\", %s", etag));
    cr_expect_eq(reply.status, 304, "%s: %ld", one->path, reply.status);
    cr_expect_eq(reply.length, 0);
    cr_expect_str_eq(reply_header_of(&reply, "ETag"), etag);
    reply = route_with(with, "GET", one->path, NULL, "If-None-Match: \"0\"");
    cr_expect_eq(reply.status, 200);
}

Test(taskrouter_requests, for_what_is_known_are_304)
{
    struct router router = router_new();
    struct things all = things_of(&router);

    cr_expect_eq(each(&all, 304, ask_again, &router), 8);
}

static void ask_badly(const struct operation *one, const void *with)
{
    bool get = strcmp(one->method, "GET") == 0;
    struct reply reply =
        route(with, one->method, get ? say("%s?PageToken=x", one->path) : one->path,
              get ? NULL : "FriendlyName=%FF");

    if (strcmp(one->method, "DELETE") != 0) /* has tests of its own */
        twilio_refused(&reply, 400, 20001);
}

Test(taskrouter_requests, with_a_query_or_a_body_that_is_none_are_400)
{
    struct router router = router_new();
    struct things all = things_of(&router);

    /* Deleting is refused where something is used. */
    change(&router, say("Tasks/%s/Reservations/%s", all.task, all.reservation),
           "ReservationStatus=accepted");
    cr_expect_eq(each(&all, 400, ask_badly, &router), 8 + 6 + 8 + 4);
}

static void ask_too_often(const struct operation *one, const void *with)
{
    struct reply reply = route(with, one->method, one->path, fields_of(one));

    twilio_refused(&reply, 429, 20429);
    cr_expect_str_eq(reply_header_of(&reply, "X-Rate-Limit-Remaining"), "0");
}

/* Another host's hits count as well, a moment after it told of them. */
static bool is_used_up(const struct router *router)
{
    return route(router, "GET", router->space, NULL).status == 429;
}

Test(taskrouter_requests, beyond_the_accounts_limit_are_429)
{
    struct router router = router_new();
    struct things all = things_of(&router);

    for (int window = 0; window < 2; window++) /* one may end meanwhile */
        query(say("INSERT INTO rate_counters (bucket, window_start, node_id, hits) VALUES"
                  " ('twilio.account:%s', (UNIX_TIMESTAMP() DIV 900 + %d) * 900, 65000, 100000)",
                  router.account.sid, window));
    AWAIT(is_used_up(&router));
    cr_expect_eq(each(&all, 429, ask_too_often, &router), 36);
}

/* ---- who asks ---- */

Test(taskrouter_requests, with_credentials_of_others_are_401)
{
    struct router router = router_new(), stranger = router_new();
    const char *const wrong[] = {
        say("%s:%s", router.account.sid, stranger.account.token),
        say("%s:%s", stranger.account.sid, router.account.token),
        say("%s:", router.account.sid),
        say("%s:%s", router.account.sid, router.account.customer.kwickphone),
        say(":%s", router.account.token),
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = twilio_as(wrong[i], "GET", router.space, NULL);

        twilio_refused(&reply, 401, 20003);
    }
}

Test(taskrouter_requests, know_things_by_sids_of_their_kind_only)
{
    struct router router = router_new();
    struct things all = things_of(&router);
    const char *const nothing[] = {
        in_space(&router, "Workers/%s", all.task),
        in_space(&router, "Workers/WK%s", all.task + 2),
        in_space(&router, "Workers/%s", all.worker + 2),
        in_space(&router, "Workers/Ann"),
        in_space(&router, "Tasks/%s/Reservations/%s", all.worker, all.reservation),
        in_space(&router, "Things"),
        "/v1/Workspaces/WS1",
        say("/v1/Workspaces/%s/Workers/%s", all.worker, all.worker),
    };

    for (size_t i = 0; i < COUNT_OF(nothing); i++) {
        struct reply reply = route(&router, "GET", nothing[i], NULL);

        twilio_refused(&reply, 404, 20404);
    }
}

Test(taskrouter_requests, see_one_workspaces_things_in_it_only)
{
    struct router router = router_new();
    struct things all = things_of(&router);
    struct reply other = route(&router, "POST", "/v1/Workspaces", "FriendlyName=Other"), reply;
    const char *space = say("/v1/Workspaces/%s", at(other.json, "sid"));

    cr_assert_eq(other.status, 201, "%s", other.body);
    reply = route(&router, "GET", say("%s/Workers/%s", space, all.worker), NULL);
    twilio_refused(&reply, 404, 20404);
    reply = route(&router, "GET", say("%s/Tasks/%s/Reservations", space, all.task), NULL);
    twilio_refused(&reply, 404, 20404);
    reply = route(&router, "GET", say("%s/Workers", space), NULL);
    cr_expect_eq(rows_in(&reply, "workers"), 0);
    reply = route(&router, "POST", say("%s/Workers", space),
                  say("FriendlyName=B&ActivitySid=%s", all.activity));
    twilio_refused(&reply, 400, 20001);
}

Test(taskrouter_requests, by_other_methods_are_405)
{
    struct router router = router_new();
    struct reply reply = route(&router, "PUT", router.space, "FriendlyName=X");

    twilio_refused(&reply, 405, 20004);
    cr_expect(strstr(reply_header_of(&reply, "Allow"), "DELETE"));
}

Test(taskrouter_requests, say_the_limit_and_a_name)
{
    struct router router = router_new();
    struct reply reply = route(&router, "GET", router.space, NULL);

    cr_expect_str_eq(reply_header_of(&reply, "X-Rate-Limit-Limit"), "3000");
    cr_expect(reply_header_of(&reply, "X-Rate-Limit-Remaining"));
    cr_expect(reply_header_of(&reply, "X-Rate-Limit-Reset"));
    cr_expect_eq(strncmp(reply_header_of(&reply, "Twilio-Request-Id"), "RQ", 2), 0);
    cr_expect_eq(reply_header_of(&reply, "ETag")[0], '"');
}

/* ---- bodies ---- */

Test(taskrouter_requests, may_bring_json)
{
    struct router router = router_new();
    const char *const headers[] = {credential_of(&router), "Content-Type: application/json", NULL};
    struct reply reply = http("POST", in_space(&router, "Workers"), headers,
                              "{\"FriendlyName\":\"Ann\",\"Attributes\":\"{}\",\"Colour\":1}");

    cr_expect_eq(reply.status, 201, "%s", reply.body);
    reply = http("POST", in_space(&router, "Workers"), headers,
                 "{\"FriendlyName\":\"Bob\",\"Attributes\":{}}");
    twilio_refused(&reply, 400, 20001);
    reply = http("POST", in_space(&router, "Activities"), headers,
                 "{\"FriendlyName\":\"Tea\",\"Available\":true}");
    cr_expect_str_eq(at(reply.json, "available"), "true", "%s", reply.body);
    reply = http("POST", in_space(&router, "Tasks"), headers, "{\"IgnoreCapacity\":true}");
    cr_expect_str_eq(at(reply.json, "ignore_capacity"), "true", "%s", reply.body);
}

Test(taskrouter_requests, name_what_is_missing)
{
    static const char *const things[][3] = {{"Activities", "Available=true", "FriendlyName"},
                                            {"Workers", "Attributes=%7B%7D", "FriendlyName"},
                                            {"TaskQueues", "TaskOrder=FIFO", "FriendlyName"},
                                            {"Workflows", "FriendlyName=W", "Configuration"}};
    struct router router = router_new();
    struct reply reply = route(&router, "POST", "/v1/Workspaces", "Template=FIFO");

    twilio_refused(&reply, 400, 20001);
    for (size_t i = 0; i < COUNT_OF(things); i++) {
        reply = route(&router, "POST", in_space(&router, "%s", things[i][0]), things[i][1]);
        twilio_refused(&reply, 400, 20001);
        cr_expect(strstr(at(reply.json, "message"), things[i][2]), "%s", reply.body);
    }
}

Test(taskrouter_requests, under_one_idempotency_key_make_one_thing)
{
    struct router router = router_new();
    const char *key = say("Idempotency-Key: %s", new_call_sid());
    struct reply first = route_with(&router, "POST", in_space(&router, "Tasks"), "", key);
    struct reply second = route_with(&router, "POST", in_space(&router, "Tasks"), "", key);

    cr_expect_eq(second.status, 201, "%s", second.body);
    cr_expect_str_eq(at(first.json, "sid"), at(second.json, "sid"));
    cr_expect_eq(rows_of(&router.account.customer, "tr_tasks"), 1);
}

/* ---- revisions ---- */

Test(taskrouter_requests, that_change_a_thing_change_its_tag)
{
    struct router router = router_new();
    struct reply reply = make(&router, "Tasks", "");
    const char *path = in_space(&router, "Tasks/%s", at(reply.json, "sid"));
    const char *first = reply_header_of(&reply, "ETag"), *second;

    cr_assert(first);
    reply = route_with(&router, "POST", path, "Priority=2", say("If-Match: %s", first));
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    second = reply_header_of(&reply, "ETag");
    cr_expect_str_neq(first, second);
    reply = route_with(&router, "POST", path, "Priority=3", say("If-Match: %s", first));
    twilio_refused(&reply, 412, 20412);
    reply = route_with(&router, "DELETE", path, NULL, say("If-Match: %s", first));
    twilio_refused(&reply, 412, 20412);
    reply = route_with(&router, "POST", path, "Priority=3", "If-Match: *");
    cr_expect_eq(reply.status, 200);
    second = reply_header_of(&reply, "ETag");
    reply = route_with(&router, "DELETE", path, NULL, say("If-Match: %s, %s", first, second));
    cr_expect_eq(reply.status, 204, "%s", reply.body);
}

Test(taskrouter_requests, of_the_official_client_can_say_what_they_read)
{
    struct router router = router_new();
    struct reply reply = make(&router, "Tasks", "");
    const char *sid = at(reply.json, "sid"), *steps;

    steps = say("[\"taskrouter\",\"v1\",\"workspaces\",[\"%s\"],\"tasks\",[\"%s\"],\"update\","
                "[{\"priority\":4,\"ifMatch\":\"\\\"%%d\\\"\"}]]",
                router.workspace, sid);
    sdk_refused(&router.account, 412, 20412, "%s", say(steps, 0));
    cr_expect_str_eq(
        at(sdk_ok(&router.account, "%s", say(steps, atoi(reply_header_of(&reply, "ETag") + 1))),
           "priority"),
        "4");
}

static void is_passed_by_one(const struct router *router, const char *path, const char *fields)
{
    struct reply reply = route(router, "GET", path, NULL);
    const char *const headers[] = {credential_of(router),
                                   "Content-Type: application/x-www-form-urlencoded",
                                   say("If-Match: %s", reply_header_of(&reply, "ETag")), NULL};
    int writers[4], passed = 0, late = 0;

    for (size_t i = 0; i < COUNT_OF(writers); i++)
        writers[i] = ask_aside("POST", path, headers, fields);
    for (size_t i = 0; i < COUNT_OF(writers); i++) {
        long status = aside_status(writers[i]);

        passed += status == 200;
        late += status == 412;
    }
    cr_expect_eq(passed, 1, "%s: %d writers passed", path, passed);
    cr_expect_eq(late, 3, "%s: %d writers were late", path, late);
}

Test(taskrouter_requests, of_writers_at_once_let_one_pass)
{
    struct router router = router_new();
    struct things all = things_of(&router);

    for (int i = 0; i < 3; i++) {
        is_passed_by_one(&router, in_space(&router, "Workers/%s", all.worker), "FriendlyName=Anna");
        is_passed_by_one(&router, in_space(&router, "Tasks/%s", all.task), "Priority=5");
        is_passed_by_one(&router, router.space, "FriendlyName=Desk");
    }
}

/* ---- pages ---- */

/* The names of a page's rows. */
static const char *names_in(const struct reply *reply, const char *key)
{
    json_object *rows = json_object_object_get(reply->json, key);
    const char *all = "";

    for (size_t i = 0; i < json_object_array_length(rows); i++)
        all = say("%s%s", all, at(json_object_array_get_idx(rows, i), "friendly_name"));
    return all;
}

Test(taskrouter_requests, come_in_pages_whose_links_are_followed_as_they_are)
{
    struct router router = router_new();
    struct reply reply;

    for (char name = 'A'; name <= 'E'; name++)
        made(&router, "Workers", say("FriendlyName=%c&Attributes=%%7B%%22n%%22:1%%7D", name));
    reply = route(
        &router, "GET",
        in_space(&router, "Workers?PageSize=2&TargetWorkersExpression=n%%20%%3D%%3D%%201"), NULL);
    cr_expect_str_eq(at(reply.json, "meta.key"), "workers");
    cr_expect_str_eq(at(reply.json, "meta.page"), "0");
    cr_expect_str_eq(at(reply.json, "meta.page_size"), "2");
    cr_expect_str_eq(names_in(&reply, "workers"), "ED");
    cr_expect_str_eq(at(reply.json, "meta.previous_page_url"), "");
    made(&router, "Workers", "FriendlyName=F&Attributes=%7B%22n%22:1%7D"); /* moves nothing */
    reply = route(&router, "GET", at(reply.json, "meta.next_page_url"), NULL);
    cr_expect_str_eq(names_in(&reply, "workers"), "CB", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "meta.page"), "1");
    reply = route(&router, "GET", at(reply.json, "meta.next_page_url"), NULL);
    cr_expect_str_eq(names_in(&reply, "workers"), "A");
    cr_expect_str_eq(at(reply.json, "meta.next_page_url"), "");
    reply = route(&router, "GET", at(reply.json, "meta.previous_page_url"), NULL);
    cr_expect_str_eq(names_in(&reply, "workers"), "CB");
    reply = route(&router, "GET", at(reply.json, "meta.url"), NULL);
    cr_expect_str_eq(names_in(&reply, "workers"), "CB");
    reply = route(&router, "GET", at(reply.json, "meta.first_page_url"), NULL);
    cr_expect_str_eq(names_in(&reply, "workers"), "FE");
}

Test(taskrouter_requests, for_tasks_come_oldest_first_in_both_directions)
{
    struct router router = router_new();
    const char *sids[5];
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(sids); i++)
        sids[i] = made(&router, "Tasks", "");
    reply = route(&router, "GET", in_space(&router, "Tasks?PageSize=2"), NULL);
    cr_expect_str_eq(at(reply.json, "tasks.0.sid"), sids[0]);
    change(&router, say("Tasks/%s", sids[0]), "AssignmentStatus=canceled");
    reply = route(&router, "GET", at(reply.json, "meta.next_page_url"), NULL);
    cr_expect_str_eq(at(reply.json, "tasks.0.sid"), sids[2]);
    cr_expect_str_eq(at(reply.json, "tasks.1.sid"), sids[3]);
    reply = route(&router, "GET", at(reply.json, "meta.previous_page_url"), NULL);
    cr_expect_str_eq(at(reply.json, "tasks.0.sid"), sids[0]);
    cr_expect_str_eq(at(reply.json, "tasks.1.sid"), sids[1]);
    reply = route(&router, "GET", in_space(&router, "Tasks?PageSize=2&Page=2"), NULL);
    cr_expect_str_eq(at(reply.json, "tasks.0.sid"), sids[4]);
    cr_expect_eq(rows_in(&reply, "tasks"), 1);
    reply = route(&router, "GET",
                  in_space(&router, "Tasks?PageSize=2&Page=1&Ordering=DateCreated:desc"), NULL);
    cr_expect_str_eq(at(reply.json, "tasks.0.sid"), sids[2]);
    reply = route(&router, "GET", at(reply.json, "meta.next_page_url"), NULL);
    cr_expect_str_eq(at(reply.json, "tasks.0.sid"), sids[0]);
    cr_expect_str_eq(at(reply.json, "meta.next_page_url"), "");
}

Test(taskrouter_requests, of_the_official_client_walk_all_pages)
{
    struct router router = router_new();
    json_object *list;

    for (int i = 0; i < 7; i++)
        made(&router, "Workers", say("FriendlyName=W%d", i));
    list = client_does(&router, "'workers','list',[{'pageSize':3}]");
    cr_expect_eq(json_object_array_length(list), 7);
    list = client_does(&router, "'workers','list',[{'pageSize':2,'limit':5}]");
    cr_expect_eq(json_object_array_length(list), 5);
    cr_expect_str_eq(at(list, "4.friendlyName"), "W2");
}
