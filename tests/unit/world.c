#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/json.h"
#include "core/rand.h"
#include "db/migrate.h"
#include "domain/finalise.h"
#include "domain/phone_routes.h"
#include "domain/turns.h"
#include "stream/jobs/jobs.h"

static const struct config test_config = {
    .public_base_url = "https://voice.example.com",
    .stream_public_url = "wss://media.example.com",
    .node_name = "test",
    .spool_dir = "/tmp",
    .secrets_key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .key_pepper = "pepper of the tests, long enough",
    .control_secret = "control secret of the tests",
    .stream_auth_secret = "stream secret of the tests",
    .stream_auth_secret_previous = "the secret before that one",
    .twilio_api_base_url = "https://api.twilio.com",
    .rehearsal_api_base_url = "http://127.0.0.1:9",
    .rehearsal_account_sid = "AC00000000000000000000000000000000",
    .rehearsal_auth_token = "rehearsal token",
    .allow_private_urls = "no",
    .recording_store = "database",
};

/* Makes the database the world is alone in, and connects to it. */
static void open_alone(struct world *world)
{
    const char *given = getenv("TEST_DATABASE_URL"), *scratch = strstr(given, "/scratch");
    struct arena *arena = &world->work.arena;
    struct db *maker = db_open(given);

    world->work.db = maker;
    snprintf(world->database, sizeof world->database, "world_%llx",
             (unsigned long long)rand_below(1ull << 48));
    cr_assert(db_execute(&world->work, arena_format(arena, "CREATE DATABASE %s", world->database),
                         NULL, 0, NULL));
    db_close(maker);
    world->work.db = db_open(arena_format(arena, "%.*s/%s%s", (int)(scratch - given), given,
                                          world->database, scratch + 8));
    cr_assert(migrate(&world->work, NULL), "%s", world->work.error.message);
}

static void make_tenant(struct world *world, const char *settings)
{
    struct work *work = &world->work;
    json_object *config = json_tokener_parse(settings ? settings : "{}");
    bool created;

    cr_assert(
        tenant_put(work,
                   arena_format(&work->arena, "t-%llx", (unsigned long long)rand_below(1ull << 60)),
                   config, NULL, &world->tenant, &created),
        "%s", work->error.message);
    json_object_put(config);
    work->tenant = world->tenant.id;
}

static void make_agent(struct world *world)
{
    static const char config[] =
        "{\"greeting\":\"Hello!\",\"realtime_model\":\"gpt-realtime\",\"voice\":\"marin\","
        "\"instructions\":\"Be kind.\"}";
    struct work *work = &world->work;

    row_clear(&agent_entity, &world->agent);
    world->agent.agent_key = "front";
    world->agent.name = "Front desk";
    world->agent.direction = "both";
    world->agent.status = "active";
    world->agent.origin = "stateset";
    cr_assert(agent_create(work, &world->agent, NO_INTEGER), "%s", work->error.message);
    cr_assert(agent_version_replace(work, world->agent.id, config, "test", &world->version), "%s",
              work->error.message);
    cr_assert(agent_find(work, world->agent.id, &world->agent));
}

static void make_number(struct world *world)
{
    struct work *work = &world->work;
    struct phone_number *number = &world->number;
    struct phone_route route;

    row_clear(&phone_number_entity, number);
    number->id = uid_new();
    number->e164 = new_number(world);
    number->seq = 1;
    number->country = "US";
    number->source = "simulated";
    number->voice = true;
    number->status = "active";
    number->api_origin = "kwickphone";
    number->currency = "USD";
    number->metadata.json = "{}";
    number->created_at = number->updated_at = clock_now();
    cr_assert(store_insert(work, &phone_number_entity, number, columns_all(&phone_number_entity)),
              "%s", work->error.message);
    row_clear(&phone_route_entity, &route);
    route.e164 = number->e164;
    route.direction = "inbound";
    route.agent_id = world->agent.id;
    cr_assert(phone_route_put(work, &route), "%s", work->error.message);
}

static void make_node(struct world *world)
{
    struct media_node *node = &world->node;
    char name[40];

    row_clear(&media_node_entity, node);
    snprintf(name, sizeof name, "node-%llx", (unsigned long long)rand_below(1ull << 60));
    node->name = arena_text(&world->work.arena, name);
    node->role = "daemon";
    node->version = "test";
    node->public_ws_url = "wss://node.example.com/n/one";
    node->capacity = 1000;
    cr_assert(node_register(&world->work, node), "%s", world->work.error.message);
}

void world_begin(struct world *world, const char *settings, bool alone)
{
    memset(world, 0, sizeof *world);
    world->config = test_config;
    world->work = (struct work){.id = "test", .config = &world->config};
    cr_assert(getenv("TEST_DATABASE_URL") != NULL, "TEST_DATABASE_URL must name a database");
    if (alone)
        open_alone(world);
    else
        world->work.db = db_open(getenv("TEST_DATABASE_URL"));
    make_tenant(world, settings);
    make_agent(world);
    make_number(world);
    make_node(world);
}

void world_end(struct world *world)
{
    struct work *work = &world->work;

    node_set_state(work, &world->node, "down");
    if (*world->database)
        db_execute(work, arena_format(&work->arena, "DROP DATABASE %s", world->database), NULL, 0,
                   NULL);
    db_close(work->db);
    work_end(work);
}

struct work world_work(const struct world *world)
{
    const char *given = getenv("TEST_DATABASE_URL"), *scratch = strstr(given, "/scratch");
    struct work work = {.id = "other", .tenant = world->work.tenant, .config = &world->config};

    if (*world->database)
        given = arena_format(&work.arena, "%.*s/%s%s", (int)(scratch - given), given,
                             world->database, scratch + 8);
    work.db = db_open(given);
    return work;
}

static int64_t counted(struct world *world, const char *names)
{
    const char *sql = arena_format(&world->work.arena,
                                   "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM"
                                   " information_schema.SESSION_STATUS WHERE VARIABLE_NAME IN (%s)",
                                   names);
    int64_t number;

    cr_assert(db_number(&world->work, sql, NULL, 0, 0, &number));
    return number;
}

int64_t rows_read(struct world *world)
{
    return counted(world, "'HANDLER_READ_NEXT', 'HANDLER_READ_PREV', 'HANDLER_READ_RND',"
                          " 'HANDLER_ICP_ATTEMPTS'");
}

int64_t rows_sorted(struct world *world)
{
    return counted(world, "'SORT_ROWS', 'SORT_SCAN', 'SORT_RANGE', 'SORT_PRIORITY_QUEUE_SORTS'");
}

const char *new_sid(struct world *world, const char *letters)
{
    char sid[SID_SIZE];

    sid_write(letters, uid_new(), sid);
    return arena_text(&world->work.arena, sid);
}

const char *new_number(struct world *world)
{
    return arena_format(&world->work.arena, "+1312%07llu",
                        (unsigned long long)(2000000 + rand_below(8000000)));
}

struct inbound_facts facts_from(struct world *world, const char *from)
{
    return (struct inbound_facts){
        .call_sid = new_sid(world, "CA"),
        .account_sid = world->config.rehearsal_account_sid,
        .from = from,
        .to = world->number.e164,
        .carrier = "sim",
        .arrived_at = clock_now(),
    };
}

struct incoming call_in(struct world *world)
{
    struct inbound_facts facts = facts_from(world, new_number(world));
    struct work *work = &world->work;
    struct incoming in;

    cr_assert(inbound_begin(work, &facts, &in.plan), "%s", work->error.message);
    cr_assert_eq(in.plan.kind, PLAN_CONNECT);
    cr_assert(call_by_sid(work, facts.call_sid, &in.call));
    cr_assert(session_of_call(work, in.call.id, &in.session));
    return in;
}

const char *claim_stream(struct world *world, const struct incoming *incoming)
{
    const char *stream_sid = new_sid(world, "MZ");
    struct claim claim = {
        .token = incoming->plan.stream_token,
        .stream_sid = stream_sid,
        .call_sid = incoming->call.call_sid,
        .node_id = world->node.id,
        .node_epoch = world->node.epoch,
    };
    struct voice_session session;
    struct agent_version version;
    struct call call;

    cr_assert(session_claim(&world->work, &claim, &session, &call, &version), "%s",
              world->work.error.message);
    return stream_sid;
}

void say_turn(struct world *world, const struct voice_session *session, int64_t seq,
              const char *role, const char *text)
{
    struct turn turn;

    row_clear(&turn_entity, &turn);
    turn.session_id = session->id;
    turn.call_id = session->call_id;
    turn.seq = seq;
    turn.role = role;
    turn.text = text;
    turn.occurred_at = clock_now();
    turn.redactions = 0;
    if (strcmp(role, "assistant") == 0)
        turn.e2e_first_audio_ms = 300 + seq * 100;
    cr_assert(turns_put(&world->work, &turn, 1), "%s", world->work.error.message);
}

void end_by_carrier(struct world *world, uid call, int64_t duration_seconds)
{
    struct call_news news = NO_NEWS;

    news.state = "completed";
    news.duration_seconds = duration_seconds;
    cr_assert(call_apply(&world->work, call, &news, NULL), "%s", world->work.error.message);
}

int64_t tenant_number(struct world *world, const char *sql)
{
    const struct param params[] = {PARAM(world->work.tenant)};
    int64_t number = -1;

    cr_assert(db_number(&world->work, sql, params, 1, -1, &number), "%s",
              world->work.error.message);
    return number;
}

void job_once(struct world *world, const char *job)
{
    struct work one = {.id = "once", .db = world->work.db, .config = world->work.config};

    cr_assert(jobs_once(&one, job), "%s", one.error.message);
    work_end(&one);
}
