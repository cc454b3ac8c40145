/*
 * Tools of a call under the virtual clock: what the model is told, and when the agent speaks.
 */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "outlets.h"
#include "stream/socket.h"
#include "stream/tools.h"
#include "stream/tools/posts.h"

static struct kept carrier, model;
static struct live *live;
static struct arena arena;

static void begin(void)
{
    facts_kept[0] = '\0';
    live = live_for_test(&carrier, &model);
}

static void end(void)
{
    tools_end(live);
    live_release(live);
    arena_free(&arena);
}

TestSuite(tools, .init = begin, .fini = end);

static void later(int ms)
{
    clock_advance_ms(ms);
    sockets_send();
    live->last_media_us = sockets_now_us();
}

static struct tool_definition definition(const char *name)
{
    struct tool_definition tool;

    tool_begin(&tool);
    tool.name = name;
    tool.description = "does \"it\"";
    tool.url = "https://shop.example/tool";
    return tool;
}

static void open_with(const char *config, const struct tool_definition *tools, size_t count)
{
    const struct agent_version version = {.config = {config}, .agent_name = "Desk"};
    const struct call call = {.direction = "inbound", .from_addr = "+13125550190"};

    tools_open(live, &version, &call, tools, count);
}

static const char *list_of(enum tools_shape shape)
{
    struct text text = {.arena = &arena};
    json_object *tree = NULL;
    struct work work = {.id = "test"};

    tools_write(live, &text, shape);
    cr_assert(json_read(&work, text.at, text.length, NULL, &tree), "%s", text.at);
    json_object_put(tree);
    work_end(&work);
    return text.at;
}

/* ---- which tools ---- */

Test(tools, of_an_agent_without_a_list_do_nothing_outward)
{
    struct tool_definition own = definition("get_order");

    open_with("{}", &own, 1);
    cr_expect_not_null(toolbox_find(live->toolbox, "end_call"));
    cr_expect_not_null(toolbox_find(live->toolbox, "create_callback_task"));
    cr_expect_not_null(toolbox_find(live->toolbox, "check_business_hours"));
    cr_expect_not_null(toolbox_find(live->toolbox, "escalate_call_to_human"));
    cr_expect_null(toolbox_find(live->toolbox, "send_sms"));
    cr_expect_null(toolbox_find(live->toolbox, "transfer_call"));
    cr_expect_null(toolbox_find(live->toolbox, "press_digits"));
    cr_expect_null(toolbox_find(live->toolbox, "get_order"));
}

Test(tools, are_those_that_the_version_names_by_name_or_key)
{
    struct tool_definition own[] = {definition("get_order"), definition("get_price"),
                                    definition("get_stock"), definition("end_call")};
    char key[37];

    uid_write_uuid(own[1].id, key);
    open_with(arena_format(&arena,
                           "{\"enabledTools\":[\"end_call\",\"transfer\",\"get_order\","
                           "\"TOOL-%s\",7,null]}",
                           key),
              own, COUNT(own));
    cr_expect_eq(live->toolbox->count, 4u);
    cr_expect_not_null(toolbox_find(live->toolbox, "transfer_call"));
    cr_expect_not_null(toolbox_find(live->toolbox, "get_order"));
    cr_expect_not_null(toolbox_find(live->toolbox, "get_price"));
    cr_expect_null(toolbox_find(live->toolbox, "get_stock"));
    cr_expect_not_null(toolbox_find(live->toolbox, "end_call")->builtin, "ours stands above");
}

Test(tools, are_functions_of_the_program_where_the_version_names_them)
{
    struct tool_definition own[] = {definition("send_tracking_sms")};

    open_with("{\"enabled_tools\":[\"evaluate_escalation_need\",\"send_order_sms\","
              "\"check_business_hours\",\"send_tracking_sms\"]}",
              own, COUNT(own));
    cr_expect_eq(live->toolbox->count, 3u);
    cr_expect_not_null(toolbox_find(live->toolbox, "evaluate_escalation_need")->function);
    cr_expect_not_null(toolbox_find(live->toolbox, "check_business_hours")->builtin,
                       "agents have one of that name already");
    cr_expect_null(toolbox_find(live->toolbox, "send_tracking_sms")->function,
                   "the tenant's own stands above");
    cr_expect(strstr(list_of(TOOLS_REALTIME), "\"name\":\"evaluate_escalation_need\""));
    open_with("{}", NULL, 0);
    cr_expect_null(toolbox_find(live->toolbox, "evaluate_escalation_need"));
}

Test(tools, are_written_as_each_service_wants_them)
{
    struct tool_definition own = definition("get_order");

    open_with("{\"enabled_tools\":[\"get_order\"]}", &own, 1);
    cr_expect_str_eq(list_of(TOOLS_REALTIME),
                     "[{\"type\":\"function\",\"name\":\"get_order\",\"description\":\"does "
                     "\\\"it\\\"\",\"parameters\":{\"type\":\"object\"}}]");
    cr_expect_str_eq(list_of(TOOLS_CHAT),
                     "[{\"type\":\"function\",\"function\":{\"name\":\"get_order\",\"description\":"
                     "\"does \\\"it\\\"\",\"parameters\":{\"type\":\"object\"}}}]");
}

Test(tools, that_pass_on_name_whom_they_can_pass_on_to)
{
    open_with("{\"enabled_tools\":[\"transfer_call\"],\"transfer_settings\":{\"departments\":{"
              "\"Sales\":\"+13125550101\",\"Support\":{\"number\":\"+13125550102\"}}}}",
              NULL, 0);
    cr_expect(strstr(list_of(TOOLS_REALTIME), "Known destinations: Sales, Support."));
}

Test(tools, are_no_more_than_a_session_bears)
{
    struct tool_definition own[80];
    struct text config = {.arena = &arena};

    text_put(&config, "{\"enabled_tools\":[\"huge\"");
    for (size_t i = 0; i < COUNT(own); i++) {
        own[i] = definition(arena_format(&arena, "tool_%zu", i));
        text_add(&config, ",\"tool_%zu\"", i);
    }
    own[0].name = "huge";
    own[0].parameters.json =
        arena_format(&arena, "{\"description\":\"%0*d\"}", TOOLBOX_SCHEMA_MOST, 0);
    text_put(&config, "]}");
    open_with(config.at, own, COUNT(own));
    cr_expect_eq(live->toolbox->count, (size_t)TOOLBOX_MOST);
    cr_expect_null(toolbox_find(live->toolbox, "huge"));
    list_of(TOOLS_REALTIME);
}

Test(tools, of_every_built_in_kind_have_a_schema_that_can_be_read)
{
    const struct builtin *builtin;

    for (size_t i = 0; (builtin = builtin_at(i)); i++) {
        json_object *schema = json_parse(builtin->parameters);

        cr_expect(json_object_is_type(schema, json_type_object), "%s", builtin->name);
        cr_expect_not_null(json_member(schema, "properties"));
        cr_expect(tool_is_built_in(builtin->name), "nobody else may be called %s", builtin->name);
        cr_expect((builtin->run != NULL) != (builtin->errand != NULL), "%s", builtin->name);
        json_object_put(schema);
    }
}

/* ---- calls ---- */

Test(tools, are_run_once_however_often_they_are_called)
{
    tool_call(live, "end_call", "c1", "{}");
    tool_call(live, "end_call", "c1", "{}");
    cr_expect_eq(kept_with(&model, "function_call_output"), 1u);
    cr_expect_eq(kept_with(&model, "\"output\":\"{\\\"status\\\":\\\"ending\\\"}\""), 1u);
    cr_expect_eq(kept_with(&model, "response.create"), 0u, "who hangs up need not talk about it");
}

Test(tools, that_are_called_wrongly_say_why)
{
    open_with("{\"enabled_tools\":[\"press_digits\"]}", NULL, 0);
    tool_call(live, "press_digits", "c1", "{\"digits\":7}");
    cr_expect(strstr(model.texts[0], "digits must be of type string"));
    tool_call(live, "press_digits", "c2", "{\"digits\":\"call me\"}");
    cr_expect(strstr(kept_last(&model), "0-9") || kept_with(&model, "0-9"));
    tool_call(live, "press_digits", "c3", NULL);
    cr_expect_eq(kept_with(&model, "no JSON object"), 1u);
    tool_call(live, "send_sms", "c4", "{\"body\":\"hi\"}");
    cr_expect_eq(kept_with(&model, "unknown tool"), 1u, "it is not this agent's");
    cr_expect_eq(carrier.count, 0u);
    cr_expect(strstr(facts_kept, "\"status\":\"rejected\""));
}

Test(tools, press_keys_without_a_word)
{
    open_with("{\"enabled_tools\":[\"send_dtmf\"]}", NULL, 0);
    tool_call(live, "press_digits", "c1", "{\"digits\":\"12#\"}");
    cr_expect_eq(kept_with(&carrier, "media"), 6u);
    cr_expect_eq(kept_with(&model, "pressed"), 1u);
    cr_expect_eq(kept_with(&model, "response.create"), 0u);
}

Test(tools, that_nobody_can_run_are_answered_at_once)
{
    struct tool_definition own = definition("get_order");

    open_with("{\"enabled_tools\":[\"get_order\"]}", &own, 1);
    tool_call(live, "get_order", "c1", "{}");
    cr_expect_eq(kept_with(&model, "too much is under way"), 1u, "no thread was started");
    cr_expect(strstr(facts_kept, "\"type\":\"tool.finished\""));
}

Test(tools, are_called_only_so_often_in_one_call)
{
    for (int i = 0; i < TOOL_CALLS_MOST + 3; i++)
        tool_call(live, "nothing", arena_format(&arena, "c%d", i), "{}");
    cr_expect_eq(kept_with(&model, "too many tools were called"), 3u);
}

Test(tools, are_not_run_when_the_call_is_ending)
{
    live_drain(live);
    tool_call(live, "create_callback_task", "c1", "{\"summary\":\"x\"}");
    cr_expect_eq(kept_with(&model, "the call is ending"), 1u);
    cr_expect_eq(kept_with(&model, "response.create"), 0u);
}

/* ---- tools that take their time ---- */

static const struct config *with_threads(void)
{
    static struct config config = {.allow_private_urls = "yes",
                                   .secrets_key = "a key for the tests, as long as need be"};

    return &config;
}

/* A tool whose address takes connections and never answers. */
static struct tool_definition hanging(const char *name, int64_t timeout_seconds, int *fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct tool_definition tool = definition(name);
    socklen_t length = sizeof address;

    *fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(bind(*fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(*fd, 8), 0);
    getsockname(*fd, (struct sockaddr *)&address, &length);
    tool.url = arena_format(&arena, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    tool.timeout_seconds = timeout_seconds;
    return tool;
}

Test(tools, that_hang_leave_the_audio_alone_and_are_bridged_and_given_up, .timeout = 20)
{
    struct tool_definition own;
    int fd;

    own = hanging("get_order", 30, &fd);
    own.speak_during = "One moment.";
    open_with("{\"enabled_tools\":[\"get_order\"]}", &own, 1);
    cr_assert(posts_start(with_threads()));
    tool_call(live, "get_order", "c1", "{}");
    cr_expect_eq(model.count, 0u, "nothing is said about it yet");
    later(600);
    tools_tick(live);
    cr_expect_eq(kept_with(&model, "One moment."), 0u, "it may still be quick");
    later(200);
    live->responses.caller_speaks = true;
    tools_tick(live);
    cr_expect_eq(kept_with(&model, "One moment."), 0u, "nobody is talked down");
    live->responses.caller_speaks = false;
    tools_tick(live);
    cr_expect_eq(kept_with(&model, "Say exactly: One moment."), 1u);
    tools_tick(live);
    cr_expect_eq(kept_with(&model, "One moment."), 1u, "once");
    live->responses.phase = RESPONSE_NONE;
    later(31000);
    tools_tick(live);
    cr_expect_eq(kept_with(&model, "did not answer in time"), 1u);
    cr_expect(strstr(kept_last(&model), "\"purpose\":\"tool\""), "%s", kept_last(&model));
    cr_expect(strstr(facts_kept, "\"status\":\"timeout\""));
    posts_stop();
    offloop_collect();
    close(fd);
}

Test(tools, that_run_keep_the_call_from_ending_and_the_caller_from_being_asked, .timeout = 20)
{
    struct tool_definition own;
    int fd;

    own = hanging("get_order", 30, &fd);
    live->settings.silence_seconds = 5;
    open_with("{\"enabled_tools\":[\"get_order\",\"end_call\"]}", &own, 1);
    cr_assert(posts_start(with_threads()));
    tool_call(live, "get_order", "c1", "{}");
    live->active_us = sockets_now_us();
    later(6000);
    live_tick();
    cr_expect_eq(kept_with(&model, "still there"), 0u, "it is us who are waited for");
    tool_call(live, "end_call", "c2", "{}");
    live_tick();
    cr_expect_eq(live->state, LIVE_DRAINING, "what was begun is waited for");
    live->deadline_us = INT64_MAX;
    later(12100);
    live_tick();
    cr_expect_eq(live->state, LIVE_CLOSING, "but not for ever");
    posts_stop();
    offloop_collect();
    close(fd);
}

Test(tools, that_run_when_the_call_ends_are_closed_and_given_up, .timeout = 20)
{
    struct tool_definition own;
    int fd;

    own = hanging("get_order", 30, &fd);
    open_with("{\"enabled_tools\":[\"get_order\"]}", &own, 1);
    cr_assert(posts_start(with_threads()));
    tool_call(live, "get_order", "c1", "{}");
    tools_end(live);
    cr_expect(strstr(facts_kept, "\"error\":\"call_ended\""));
    posts_stop();
    offloop_collect();
    cr_expect_eq(model.count, 0u);
    close(fd);
}

Test(tools, of_one_answer_are_spoken_about_together, .timeout = 20)
{
    struct tool_definition own[2];
    int fds[2];

    own[0] = hanging("get_order", 5, &fds[0]);
    own[1] = hanging("get_price", 9, &fds[1]);
    open_with("{\"enabled_tools\":[\"get_order\",\"get_price\",\"end_call\"]}", own, 2);
    cr_assert(posts_start(with_threads()));
    strcpy(live->responses.active, "r1");
    live->responses.phase = RESPONSE_RUNS;
    tool_call(live, "nothing", "c0", "{}");
    tool_call(live, "get_order", "c1", "{}");
    tool_call(live, "get_price", "c2", "{}");
    live->responses.phase = RESPONSE_NONE;
    cr_expect_not(live->responses.is_waiting, "what failed at once waits for the others");
    later(6500);
    tools_tick(live);
    cr_expect_eq(kept_with(&model, "did not answer in time"), 1u);
    cr_expect_eq(kept_with(&model, "response.create"), 0u);
    later(4000);
    tools_tick(live);
    cr_expect_eq(kept_with(&model, "did not answer in time"), 2u);
    cr_expect_eq(kept_with(&model, "response.create"), 1u);
    posts_stop();
    offloop_collect();
    close(fds[0]);
    close(fds[1]);
}

Test(tools, of_a_model_that_was_renewed_meanwhile_are_told_in_words, .timeout = 20)
{
    struct tool_definition own;
    int fd;

    own = hanging("get_order", 5, &fd);
    open_with("{\"enabled_tools\":[\"get_order\"]}", &own, 1);
    cr_assert(posts_start(with_threads()));
    tool_call(live, "get_order", "c1", "{}");
    live->segments++;
    later(6500);
    tools_tick(live);
    cr_expect_eq(kept_with(&model, "function_call_output"), 0u);
    cr_expect_eq(kept_with(&model, "The tool get_order answered"), 1u);
    posts_stop();
    offloop_collect();
    close(fd);
}
