/*
 * Workspaces, activities, workers, task queues and workflows, made and changed by the carrier's
 * official client.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/twilio/router.h"

TestSuite(taskrouter_things, .timeout = 120);

/* That a list has rows of these names and no others, in whatever order. */
static void has_names(json_object *list, const char *const *names, size_t count)
{
    cr_expect_eq(json_object_array_length(list), count, "%s", json_object_to_json_string(list));
    for (size_t i = 0; i < count; i++) {
        bool found = false;

        for (size_t j = 0; j < json_object_array_length(list); j++)
            found = found ||
                    strcmp(at(json_object_array_get_idx(list, j), "friendlyName"), names[i]) == 0;
        cr_expect(found, "%s is not in %s", names[i], json_object_to_json_string(list));
    }
}

#define HAS_NAMES(list, ...)                                                                       \
    do {                                                                                           \
        const char *const expected[] = {__VA_ARGS__};                                              \
        has_names(list, expected, COUNT_OF(expected));                                             \
    } while (0)

static void ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    cr_expect(length >= tail && strcmp(text + length - tail, end) == 0, "%s ends %s", text, end);
}

/* That a link is absolute, with our own host. */
static void is_ours(json_object *json, const char *member, const char *path)
{
    cr_expect_str_eq(at(json, member), say("%s%s", fact("PUBLIC_BASE_URL"), path));
}

/* ---- workspaces ---- */

Test(taskrouter_things, are_ready_at_the_first_look)
{
    struct router router = router_new();
    json_object *queues, *workflows;

    HAS_NAMES(client_does(&router, "'activities','list',[]"), "Offline", "Available",
              "Unavailable");
    queues = client_does(&router, "'taskQueues','list',[]");
    workflows = client_does(&router, "'workflows','list',[]");
    cr_assert_eq(json_object_array_length(queues), 1);
    cr_expect_str_eq(at(queues, "0.targetWorkers"), "1==1");
    cr_assert_eq(json_object_array_length(workflows), 1);
    cr_expect(strstr(at(workflows, "0.configuration"), at(queues, "0.sid")));
    cr_expect_eq(rows_of(&router.account.customer, "tr_workspaces"), 1);
}

Test(taskrouter_things, are_made_once_by_two_first_looks)
{
    struct account account = account_new();
    struct router router = {.account = account};
    const char *const headers[] = {credential_of(&router), NULL};
    int looks[4];

    for (size_t i = 0; i < COUNT_OF(looks); i++)
        looks[i] = ask_aside("GET", "/v1/Workspaces", headers, NULL);
    for (size_t i = 0; i < COUNT_OF(looks); i++)
        cr_expect_eq(aside_status(looks[i]), 200);
    cr_expect_eq(rows_of(&account.customer, "tr_workspaces"), 1);
}

#define SPACES "[\"taskrouter\",\"v1\",\"workspaces\","

Test(taskrouter_things, workspaces_are_made_as_they_are_asked_for)
{
    struct account account = account_new();
    json_object *made =
        sdk_ok(&account, SPACES "\"create\",[{\"friendlyName\":\"Desk\",\"template\":\"FIFO\","
                                "\"eventCallbackUrl\":\"https://example.com/events\","
                                "\"eventsFilter\":\"task.created,worker.created\","
                                "\"prioritizeQueueOrder\":\"LIFO\"}]]");
    const char *sid = at(made, "sid"), *path = say("/v1/Workspaces/%s", sid);

    cr_expect_eq(strlen(sid), 34);
    cr_expect_eq(strncmp(sid, "WS", 2), 0);
    cr_expect_str_eq(at(made, "accountSid"), account.sid);
    cr_expect_str_eq(at(made, "friendlyName"), "Desk");
    cr_expect_str_eq(at(made, "eventCallbackUrl"), "https://example.com/events");
    cr_expect_str_eq(at(made, "eventsFilter"), "task.created,worker.created");
    cr_expect_str_eq(at(made, "prioritizeQueueOrder"), "LIFO");
    cr_expect_str_eq(at(made, "multiTaskEnabled"), "true");
    cr_expect_str_eq(at(made, "defaultActivityName"), "Offline");
    cr_expect_str_eq(at(made, "timeoutActivitySid"), at(made, "defaultActivitySid"));
    ends_with(at(made, "dateCreated"), "Z");
    is_ours(made, "url", path);
    is_ours(made, "links.task_queues", say("%s/TaskQueues", path));
    is_ours(made, "links.cumulative_statistics", say("%s/CumulativeStatistics", path));
    made = sdk_ok(&account, SPACES "[\"%s\"],\"workflows\",\"list\",[]]", sid);
    cr_expect_eq(json_object_array_length(made), 1, "the template FIFO makes a workflow");
}

Test(taskrouter_things, workspaces_are_fetched_changed_listed_and_deleted)
{
    struct router router = router_new();
    const char *available = named(&router, "Activities", "Available");
    json_object *changed = client_does(
        &router, "'update',[{'friendlyName':'Renamed','timeoutActivitySid':'%s'}]", available);
    struct account *account = &router.account;

    cr_expect_str_eq(at(changed, "friendlyName"), "Renamed");
    cr_expect_str_eq(at(changed, "timeoutActivityName"), "Available");
    cr_expect_str_eq(at(client_does(&router, "'fetch',[]"), "friendlyName"), "Renamed");
    HAS_NAMES(sdk_ok(account, SPACES "\"list\",[{\"friendlyName\":\"Renamed\"}]]"), "Renamed");
    cr_expect_eq(
        json_object_array_length(sdk_ok(account, SPACES "\"list\",[{\"friendlyName\":\"X\"}]]")),
        0);
    client_does(&router, "'remove',[]");
    client_finds_nothing(&router, "'fetch',[]");
    client_finds_nothing(&router, "'activities','list',[]");
    cr_expect_eq(json_object_array_length(sdk_ok(account, SPACES "\"list\",[]]")), 0,
                 "what was deleted is not made anew by another look");
}

Test(taskrouter_things, workspaces_refuse_what_they_cannot_be)
{
    struct router router = router_new();

    client_is_refused(&router, "FriendlyName", "'update',[{'friendlyName':''}]");
    client_is_refused(&router, "EventCallbackUrl", "'update',[{'eventCallbackUrl':'ftp://x'}]");
    client_is_refused(&router, "turned off", "'update',[{'multiTaskEnabled':false}]");
    client_is_refused(&router, "PrioritizeQueueOrder",
                      "'update',[{'prioritizeQueueOrder':'RANDOM'}]");
    client_is_refused(&router, "DefaultActivitySid",
                      "'update',[{'defaultActivitySid':'WA00000000000000000000000000000001'}]");
}

/* ---- activities ---- */

Test(taskrouter_things, activities_are_available_for_good_or_not)
{
    struct router router = router_new();
    json_object *made =
        client_does(&router, "'activities','create',[{'friendlyName':'Lunch','available':true}]");
    const char *sid = at(made, "sid");

    cr_expect_str_eq(at(made, "available"), "true");
    cr_expect_str_eq(at(made, "workspaceSid"), router.workspace);
    is_ours(made, "url", say("%s/Activities/%s", router.space, sid));
    is_ours(made, "links.workspace", router.space);
    made = client_does(&router, "'activities',['%s'],'update',[{'friendlyName':'Break'}]", sid);
    cr_expect_str_eq(at(made, "friendlyName"), "Break");
    made = change(&router, say("Activities/%s", sid), "Available=false").json;
    cr_expect_str_eq(at(made, "available"), "true");
    made = client_does(&router, "'activities',['%s'],'fetch',[]", sid);
    cr_expect_str_eq(at(made, "friendlyName"), "Break");
    HAS_NAMES(client_does(&router, "'activities','list',[{'available':'true'}]"), "Available",
              "Break");
    HAS_NAMES(client_does(&router, "'activities','list',[{'available':'no'}]"), "Offline",
              "Unavailable");
    HAS_NAMES(client_does(&router, "'activities','list',[{'friendlyName':'Break'}]"), "Break");
}

Test(taskrouter_things, activities_are_available_by_three_words)
{
    static const char *const words[][2] = {{"true", "true"}, {"1", "true"},      {"yes", "true"},
                                           {"no", "false"},  {"maybe", "false"}, {"0", "false"}};
    struct router router = router_new();

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct reply reply =
            make(&router, "Activities", say("FriendlyName=A%zu&Available=%s", i, words[i][0]));

        cr_expect_str_eq(at(reply.json, "available"), words[i][1], "%s", words[i][0]);
    }
}

Test(taskrouter_things, activities_that_are_used_stay)
{
    struct router router = router_new();
    const char *busy = made(&router, "Activities", "FriendlyName=Busy");
    const char *queued = made(&router, "Activities", "FriendlyName=Queued");
    const char *worker = made(&router, "Workers", say("FriendlyName=Ann&ActivitySid=%s", busy));

    made(&router, "TaskQueues", say("FriendlyName=Q&AssignmentActivitySid=%s", queued));
    client_is_refused(&router, "default", "'activities',['%s'],'remove',[]",
                      named(&router, "Activities", "Offline"));
    client_is_refused(&router, "workers", "'activities',['%s'],'remove',[]", busy);
    client_is_refused(&router, "queue", "'activities',['%s'],'remove',[]", queued);
    client_does(&router, "'workers',['%s'],'remove',[]", worker);
    client_does(&router, "'activities',['%s'],'remove',[]", busy);
    client_finds_nothing(&router, "'activities',['%s'],'fetch',[]", busy);
}

/* ---- workers ---- */

Test(taskrouter_things, workers_are_made_as_they_are_asked_for)
{
    struct router router = router_new();
    const char *available = named(&router, "Activities", "Available");
    json_object *ann = client_does(&router,
                                   "'workers','create',[{'friendlyName':'Ann','attributes':"
                                   "'{ \\'level\\' : 3 }','activitySid':'%s'}]",
                                   available);
    const char *path = say("%s/Workers/%s", router.space, at(ann, "sid"));

    cr_expect_eq(strncmp(at(ann, "sid"), "WK", 2), 0);
    cr_expect_str_eq(at(ann, "attributes"), "{ \"level\" : 3 }", "not as it was given");
    cr_expect_str_eq(at(ann, "available"), "true");
    cr_expect_str_eq(at(ann, "activityName"), "Available");
    cr_expect_str_eq(at(ann, "activitySid"), available);
    ends_with(at(ann, "dateStatusChanged"), "Z");
    is_ours(ann, "url", path);
    is_ours(ann, "links.reservations", say("%s/Reservations", path));
    is_ours(ann, "links.activity", say("%s/Activities/%s", router.space, available));
    is_ours(ann, "links.workspace", router.space);
    ann = client_does(&router, "'workers','create',[{'friendlyName':'Bob'}]");
    cr_expect_str_eq(at(ann, "attributes"), "{}");
    cr_expect_str_eq(at(ann, "activityName"), "Offline");
    cr_expect_str_eq(at(ann, "available"), "false");
}

Test(taskrouter_things, workers_are_fetched_changed_and_deleted)
{
    struct router router = router_new();
    const char *sid = made(&router, "Workers", "FriendlyName=Ann");
    json_object *ann =
        client_does(&router,
                    "'workers',['%s'],'update',[{'friendlyName':'Anna','attributes':'{}',"
                    "'activitySid':'%s'}]",
                    sid, named(&router, "Activities", "Available"));

    cr_expect_str_eq(at(ann, "friendlyName"), "Anna");
    cr_expect_str_eq(at(ann, "available"), "true");
    ann = client_does(&router, "'workers',['%s'],'fetch',[]", sid);
    cr_expect_str_eq(at(ann, "friendlyName"), "Anna");
    client_does(&router, "'workers',['%s'],'remove',[]", sid);
    client_finds_nothing(&router, "'workers',['%s'],'fetch',[]", sid);
    made(&router, "Workers", "FriendlyName=Anna"); /* the name is free again */
}

Test(taskrouter_things, workers_have_names_of_their_own)
{
    struct router router = router_new();
    const char *bob = made(&router, "Workers", "FriendlyName=Bob");

    made(&router, "Workers", "FriendlyName=Ann");
    client_is_refused(&router, "exists", "'workers','create',[{'friendlyName':'ANN'}]");
    client_is_refused(&router, "exists", "'workers',['%s'],'update',[{'friendlyName':'Ann'}]", bob);
    client_does(&router, "'workers',['%s'],'update',[{'friendlyName':'BOB'}]", bob);
}

Test(taskrouter_things, workers_are_found_by_what_they_are)
{
    struct router router = router_new();
    const char *available = named(&router, "Activities", "Available");
    const char *queue = made(&router, "TaskQueues",
                             say("FriendlyName=Experts&TargetWorkers=%s", encoded("level >= 3")));

    made(&router, "Workers",
         say("FriendlyName=Ann&ActivitySid=%s&Attributes=%s", available,
             encoded("{\"level\":3,\"languages\":[\"en\"]}")));
    made(&router, "Workers", say("FriendlyName=Bob&Attributes=%s", encoded("{\"level\":1}")));
    made(&router, "Workers", say("FriendlyName=Cleo&ActivitySid=%s", available));
    HAS_NAMES(client_does(&router, "'workers','list',[]"), "Ann", "Bob", "Cleo");
    HAS_NAMES(client_does(&router, "'workers','list',[{'friendlyName':'Bob'}]"), "Bob");
    HAS_NAMES(client_does(&router, "'workers','list',[{'available':'true'}]"), "Ann", "Cleo");
    HAS_NAMES(client_does(&router, "'workers','list',[{'activitySid':'%s'}]", available), "Ann",
              "Cleo");
    HAS_NAMES(client_does(&router, "'workers','list',[{'activityName':'Offline'}]"), "Bob");
    HAS_NAMES(client_does(&router, "'workers','list',[{'taskQueueSid':'%s'}]", queue), "Ann");
    HAS_NAMES(client_does(&router, "'workers','list',[{'taskQueueName':'Experts'}]"), "Ann");
    HAS_NAMES(
        client_does(&router, "'workers','list',[{'targetWorkersExpression':'languages HAS `en`'}]"),
        "Ann");
    HAS_NAMES(client_does(&router, "'workers','list',[{'targetWorkersExpression':'level < 2 OR "
                                   "friendly_name == `Cleo`'}]"),
              "Bob", "Cleo");
    cr_expect_eq(json_object_array_length(
                     client_does(&router, "'workers','list',[{'taskQueueName':'Nobody'}]")),
                 0);
}

Test(taskrouter_things, workers_come_in_the_order_that_is_asked_for)
{
    struct router router = router_new();
    json_object *list;

    made(&router, "Workers", "FriendlyName=Bob");
    made(&router, "Workers", "FriendlyName=Ann");
    list = client_does(&router, "'workers','list',[{'ordering':'FriendlyName:desc'}]");
    cr_expect_str_eq(at(list, "0.friendlyName"), "Bob");
    list = client_does(&router, "'workers','list',[{'ordering':'FriendlyName:asc'}]");
    cr_expect_str_eq(at(list, "0.friendlyName"), "Ann");
    client_is_refused(&router, "Ordering", "'workers','list',[{'ordering':'Height:asc'}]");
    client_is_refused(&router, "TargetWorkersExpression",
                      "'workers','list',[{'targetWorkersExpression':'level >'}]");
}

Test(taskrouter_things, workers_refuse_what_they_cannot_be)
{
    struct router router = router_new();
    const char *sid = made(&router, "Workers", "FriendlyName=Ann");

    client_is_refused(&router, "Attributes",
                      "'workers','create',[{'friendlyName':'B','attributes':'{level:'}]");
    client_is_refused(&router, "Attributes",
                      "'workers','create',[{'friendlyName':'B','attributes':'[1]'}]");
    client_is_refused(&router, "ActivitySid",
                      "'workers','create',[{'friendlyName':'B','activitySid':"
                      "'WA00000000000000000000000000000001'}]");
    client_is_refused(&router, "", "'workers',['%s'],'update',[{'attributes':'3'}]", sid);
    client_is_refused(&router, "", "'workers',['%s'],'update',[{'friendlyName':''}]", sid);
    client_is_refused(&router, "RejectPendingReservations",
                      "'workers',['%s'],'update',[{'activitySid':'%s',"
                      "'rejectPendingReservations':true}]",
                      sid, named(&router, "Activities", "Available"));
}

/* ---- task queues ---- */

Test(taskrouter_things, queues_are_made_fetched_changed_and_deleted)
{
    struct router router = router_new();
    const char *busy = made(&router, "Activities", "FriendlyName=Busy");
    json_object *queue = client_does(
        &router,
        "'taskQueues','create',[{'friendlyName':'Sales','targetWorkers':'products HAS `loans`',"
        "'maxReservedWorkers':5,'taskOrder':'LIFO','reservationActivitySid':'%s'}]",
        busy);
    const char *sid = at(queue, "sid"), *path = say("%s/TaskQueues/%s", router.space, sid);

    cr_expect_eq(strncmp(sid, "WQ", 2), 0);
    cr_expect_str_eq(at(queue, "targetWorkers"), "products HAS 'loans'");
    cr_expect_str_eq(at(queue, "maxReservedWorkers"), "5");
    cr_expect_str_eq(at(queue, "taskOrder"), "LIFO");
    cr_expect_str_eq(at(queue, "reservationActivityName"), "Busy");
    cr_expect_str_eq(at(queue, "assignmentActivitySid"), "");
    is_ours(queue, "url", path);
    is_ours(queue, "links.reservation_activity", say("%s/Activities/%s", router.space, busy));
    is_ours(queue, "links.list_statistics", say("%s/TaskQueues/Statistics", router.space));
    queue = client_does(&router,
                        "'taskQueues',['%s'],'update',[{'friendlyName':'Loans','targetWorkers':"
                        "'','assignmentActivitySid':'%s'}]",
                        sid, busy);
    cr_expect_str_eq(at(queue, "friendlyName"), "Loans");
    cr_expect_str_eq(at(queue, "targetWorkers"), "");
    cr_expect_str_eq(at(queue, "assignmentActivityName"), "Busy");
    queue = client_does(&router, "'taskQueues',['%s'],'fetch',[]", sid);
    cr_expect_str_eq(at(queue, "friendlyName"), "Loans");
    client_does(&router, "'taskQueues',['%s'],'remove',[]", sid);
    client_finds_nothing(&router, "'taskQueues',['%s'],'fetch',[]", sid);
}

Test(taskrouter_things, queues_are_found_by_name_and_by_whom_they_match)
{
    struct router router = router_new();
    const char *ann =
        made(&router, "Workers", say("FriendlyName=Ann&Attributes=%s", encoded("{\"vip\":true}")));

    made(&router, "TaskQueues", say("FriendlyName=Vip&TargetWorkers=%s", encoded("vip == true")));
    made(&router, "TaskQueues", say("FriendlyName=Rest&TargetWorkers=%s", encoded("vip != true")));
    HAS_NAMES(client_does(&router, "'taskQueues','list',[{'friendlyName':'Vip'}]"), "Vip");
    HAS_NAMES(client_does(&router, "'taskQueues','list',[{'workerSid':'%s'}]", ann), "Vip",
              "Everyone");
    HAS_NAMES(client_does(&router, "'taskQueues','list',[{'evaluateWorkerAttributes':'{}'}]"),
              "Rest", "Everyone");
    HAS_NAMES(client_does(&router, "'taskQueues','list',[{'ordering':'FriendlyName:asc'}]"),
              "Everyone", "Rest", "Vip");
    client_is_refused(&router, "EvaluateWorkerAttributes",
                      "'taskQueues','list',[{'evaluateWorkerAttributes':'{'}]");
}

Test(taskrouter_things, queues_say_where_an_expression_cannot_be_read)
{
    struct router router = router_new();
    const char *sid = named(&router, "TaskQueues", "Everyone");

    client_is_refused(&router, "TargetWorkers",
                      "'taskQueues','create',[{'friendlyName':'Q','targetWorkers':'a-b == 1'}]");
    client_is_refused(&router, "character 2",
                      "'taskQueues','create',[{'friendlyName':'Q','targetWorkers':'a-b == 1'}]");
    client_is_refused(&router, "character",
                      "'taskQueues',['%s'],'update',[{'targetWorkers':'(level > 3'}]", sid);
    client_is_refused(&router, "MaxReservedWorkers",
                      "'taskQueues',['%s'],'update',[{'maxReservedWorkers':51}]", sid);
    client_is_refused(&router, "TaskOrder", "'taskQueues',['%s'],'update',[{'taskOrder':'X'}]",
                      sid);
    client_is_refused(&router, "exists", "'taskQueues','create',[{'friendlyName':'everyone'}]");
    client_is_refused(&router, "", "'taskQueues',['%s'],'remove',[]", sid); /* it is used */
}

/* ---- workflows ---- */

Test(taskrouter_things, workflows_are_made_fetched_changed_and_deleted)
{
    struct router router = router_new();
    const char *queue = named(&router, "TaskQueues", "Everyone");
    json_object *flow = client_does(
        &router,
        "'workflows','create',[{'friendlyName':'Sort','configuration':'{ \\'task_routing\\': "
        "{\\'filters\\': [{\\'expression\\': \\'tier == 1\\', \\'targets\\': [{\\'queue\\': "
        "\\'%s\\', \\'timeout\\': 20}]}]}}','assignmentCallbackUrl':'https://example.com/a',"
        "'taskReservationTimeout':30}]",
        queue);
    const char *sid = at(flow, "sid");

    cr_expect_eq(strncmp(sid, "WW", 2), 0);
    cr_expect(strstr(at(flow, "configuration"), "{ \"task_routing\": "), "not as it was given: %s",
              at(flow, "configuration"));
    cr_expect_str_eq(at(flow, "documentContentType"), "application/json");
    cr_expect_str_eq(at(flow, "assignmentCallbackUrl"), "https://example.com/a");
    cr_expect_str_eq(at(flow, "taskReservationTimeout"), "30");
    is_ours(flow, "url", say("%s/Workflows/%s", router.space, sid));
    is_ours(flow, "links.statistics", say("%s/Workflows/%s/Statistics", router.space, sid));
    flow = client_does(&router,
                       "'workflows',['%s'],'update',[{'friendlyName':'Sorted',"
                       "'fallbackAssignmentCallbackUrl':'https://example.com/b',"
                       "'reEvaluateTasks':'true'}]",
                       sid);
    cr_expect_str_eq(at(flow, "friendlyName"), "Sorted");
    cr_expect_str_eq(at(flow, "fallbackAssignmentCallbackUrl"), "https://example.com/b");
    flow = client_does(&router, "'workflows',['%s'],'fetch',[]", sid);
    cr_expect_str_eq(at(flow, "friendlyName"), "Sorted");
    HAS_NAMES(client_does(&router, "'workflows','list',[{'friendlyName':'Sorted'}]"), "Sorted");
    client_does(&router, "'workflows',['%s'],'remove',[]", sid);
    client_finds_nothing(&router, "'workflows',['%s'],'fetch',[]", sid);
}

Test(taskrouter_things, workflows_refuse_rules_that_are_none)
{
    static const char *const wrong[] = {
        "'{'",
        "'[]'",
        "'{\\'task_routing\\':{\\'filters\\':3}}'",
        "'{\\'task_routing\\':{\\'default_filter\\':{\\'queue\\':\\'WQ1\\'}}}'",
        "'{\\'task_routing\\':{\\'default_filter\\':{\\'queue\\':"
        "\\'WQ00000000000000000000000000000001\\'}}}'",
    };
    struct router router = router_new();

    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        client_is_refused(&router, "",
                          "'workflows','create',[{'friendlyName':'W','configuration':%s}]",
                          wrong[i]);
    client_is_refused(&router, "TaskReservationTimeout",
                      "'workflows',['%s'],'update',[{'taskReservationTimeout':0}]",
                      named(&router, "Workflows", "Default Workflow"));
}

Test(taskrouter_things, workflows_that_tasks_follow_stay)
{
    struct router router = router_new();
    const char *flow = named(&router, "Workflows", "Default Workflow");
    const char *task = made(&router, "Tasks", "");

    client_is_refused(&router, "", "'workflows',['%s'],'remove',[]", flow);
    client_does(&router, "'tasks',['%s'],'update',[{'assignmentStatus':'canceled'}]", task);
    client_does(&router, "'workflows',['%s'],'remove',[]", flow);
}
