#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api_of_things.h"
#include "core/config.h"
#include "domain/host_memory.h"
#include "folder.h"

static struct thing thing;
static char id[40];

static void setup(void)
{
    things_api_begin();
    clock_set((instant){1762077600000});
    thing = thing_new();
    thing.id = uid_at((instant){1762077600000});
    memcpy(thing.id.bytes + 6, "\x70\x01\x80\x02\x03\x04\x05\x06\x07\x08", 10);
    thing.code = "a";
    thing.kind = "small";
    thing.amount = 7;
    cr_assert(store_insert(&things_work, &thing_entity, &thing,
                           columns_union(THING(code), columns_union(THING(kind), THING(amount)))));
    strcpy(id, "thing_");
    uid_write_base32(thing.id, id + 6);
}

TestSuite(dispatch, .init = setup, .fini = things_api_end);

/* One row per exchange: what is sent, and what must come back.  @ stands for the thing's id. */
struct exchange {
    char line[60], body[120];
    int status;
    char reply[420];
};

#define LIMITS(most) "'limits':{'most':" most ",'ratio':null}"
#define SHOWN(label, size, most)                                                                   \
    "{'id':'@','code':'a','label':" label ",'size':" size                                          \
    "," LIMITS(most) ",'price':null,"                                                              \
                     "'is_good':false,'seen_at':null,'other_id':null,'settings':null,"             \
                     "'created_at':'2025-11-02T10:00:00Z'}"
#define WHY(why) "{'why':'" why "'}"

static struct exchange exchanges[] = {
    /* clang-format off */
    {"GET /things/@", "", 200, SHOWN("null", "'S'", "7")},
    {"HEAD /things/@", "", 200, SHOWN("null", "'S'", "7")},
    {"GET /things/@/", "", 200, SHOWN("null", "'S'", "7")},
    {"GET /%74hings/@", "", 200, SHOWN("null", "'S'", "7")},
    {"GET /strict/@", "", 200, "{'id':'@','code':'a','size':'S','limits':{'most':7},'is_good':false,'created_at':'2025-11-02T10:00:00Z'}"},
    {"GET /things", "", 200, "{'more':false,'rows':[" SHOWN("null", "'S'", "7") "]}"},
    {"GET /things?size=S", "", 200, "{'more':false,'rows':[" SHOWN("null", "'S'", "7") "]}"},
    {"GET /things?size=L", "", 200, "{'more':false,'rows':[]}"},
    {"GET /things?code=a&is_good=false", "", 200, "{'more':false,'rows':[" SHOWN("null", "'S'", "7") "]}"},
    {"GET /forms?Size=L&IsGood=false", "", 200, "{'more':false,'rows':[]}"},
    {"GET /things?is_good=true", "", 200, "{'more':false,'rows':[]}"},
    {"GET /things?offset=1", "", 200, "{'more':false,'rows':[]}"},
    {"GET /things?unknown=1", "", 200, "{'more':false,'rows':[" SHOWN("null", "'S'", "7") "]}"},
    {"GET /strict?unknown=1", "", 400, WHY("unknown is not a parameter of this request")},
    {"GET /things?size=M", "", 400, WHY("size must be one of the documented values")},
    {"GET /things?size=small", "", 400, WHY("size must be one of the documented values")},
    {"GET /things?is_good=1", "", 400, WHY("is_good must be true or false")},
    {"GET /things?limit=0", "", 400, WHY("limit is out of range")},
    {"GET /things?limit=6", "", 400, WHY("limit is out of range")},
    {"GET /things?limit=x", "", 400, WHY("limit must be an integer")},
    {"GET /things?limit=", "", 400, WHY("limit must be an integer")},
    {"GET /things?offset=-1", "", 400, WHY("offset must be an integer")},
    {"GET /things?size=%FF", "", 400, WHY("The query is not percent-encoded UTF-8")},
    {"GET /things?size=%00", "", 400, WHY("The query is not percent-encoded UTF-8")},
    {"GET /things/7", "", 404, WHY("There is no such thing")},
    {"GET /strict/7", "", 400, WHY("id must be an id")},
    {"GET /things/thing_00000000000000000000000001", "", 404, WHY("The thing does not exist")},
    {"GET /things//@", "", 404, WHY("There is nothing at this path")},
    {"GET /things/@/more", "", 404, WHY("There is nothing at this path")},
    {"GET /thingsx", "", 404, WHY("There is nothing at this path")},
    {"GET /things/%zz", "", 400, WHY("The path is not percent-encoded UTF-8")},
    {"GET /things/%00", "", 400, WHY("The path is not percent-encoded UTF-8")},
    {"GET /things/%C0%AF", "", 400, WHY("The path is not percent-encoded UTF-8")},
    {"PUT /things/@", "{}", 405, WHY("This path does not answer that method")},
    {"TRACE /things/@", "", 405, WHY("This path does not answer that method")},
    {"PATCH /things/@", "{'label':'x'}", 200, SHOWN("'x'", "'S'", "7")},
    {"PATCH /things/@", "{'size':null,'limits':{'most':8}}", 200, SHOWN("null", "null", "8")},
    {"PATCH /things/@", "{}", 200, SHOWN("null", "'S'", "7")},
    {"PATCH /things/@", "", 200, SHOWN("null", "'S'", "7")},
    {"PATCH /things/@", "{'id':'x','created_at':1,'unknown':2}", 200, SHOWN("null", "'S'", "7")},
    {"PATCH /strict/@", "{'cod':'b'}", 400, WHY("cod is not a field of this request; did you mean code?")},
    {"PATCH /strict/@", "{'created_at':'x'}", 400, WHY("created_at is not a field of this request")},
    {"PATCH /strict/@", "{'limits':{'mast':1}}", 400, WHY("limits.mast is not a field of this request; did you mean most?")},
    {"PATCH /forms/@", "Label=x+y%2B&Size=S", 200, SHOWN("'x y+'", "'S'", "7")},
    {"PATCH /forms/@", "IsGood=no", 400, WHY("IsGood must be true or false")},
    {"PATCH /forms/@", "{'Label':'x'}", 200, SHOWN("'x'", "'S'", "7")},
    {"PATCH /forms/@", "Label=%zz", 400, WHY("The body is not a percent-encoded form in UTF-8")},
    {"PATCH /forms/@", "Label=a&Label=b", 400, WHY("Label must be a string")},
    {"DELETE /things/@", "", 204, ""},
    {"POST /things", "{'code':'a'}", 409, WHY("The thing exists already")},
    {"POST /things", "{}", 400, WHY("code is required")},
    {"POST /things", "", 400, WHY("code is required")},
    {"POST /forms", "", 400, WHY("Code is required")},
    {"POST /things", "[]", 400, WHY("The body must be a JSON object")},
    {"POST /things", "7", 400, WHY("The body must be a JSON object")},
    {"POST /things/order", "{'who':'ann','count':3}", 201, "{'who':'ann','count':3}"},
    {"POST /strict/order", "{'who':'ann'}", 201, "{'who':'ann'}"},
    {"POST /forms/order", "Who=ann&Count=3", 201, "{'who':'ann','count':3}"},
    {"GET /", "", 404, WHY("There is nothing at this path")},
    /* clang-format on */
};

ParameterizedTestParameters(dispatch, answers)
{
    return cr_make_param_array(struct exchange, exchanges, COUNT(exchanges));
}

/* The text with the thing's id in it. */
static const char *expand(struct arena *arena, const char *text)
{
    struct text out = {.arena = arena};

    for (; *text; text++)
        text_add(&out, *text == '@' ? "%s" : "%.1s", *text == '@' ? id : text);
    return out.at ? out.at : "";
}

ParameterizedTest(struct exchange *given, dispatch, answers)
{
    struct arena arena = {0};
    struct request req = things_request(expand(&arena, given->line), given->body);
    const char *reply = answered(&req);

    cr_expect_eq(req.status, given->status, "%s: %d", given->line, req.status);
    cr_expect_str_eq(reply, expand(&arena, given->reply), "%s %s:\n%s", given->line, given->body,
                     reply);
    request_end(&req);
    arena_free(&arena);
}

/* What is wrong with a value is said by its name. */
struct refusal {
    char body[100], why[90];
};

ParameterizedTestParameters(dispatch, refuses)
{
    static struct refusal refusals[] = {
        /* clang-format off */
        {"{'code':7}",                        "code must be a string"},
        {"{'code':['a']}",                    "code must be a string"},
        {"{'code':'012345678901234567890'}",  "code is longer than 20 bytes"},
        {"{'code':'b','is_good':'yes'}",      "is_good must be true or false"},
        {"{'code':'b','is_good':null}",       "is_good must not be null"},
        {"{'code':'b','is_good':1}",          "is_good must be true or false"},
        {"{'code':'b','size':'M'}",           "size must be one of the documented values"},
        {"{'code':'b','limits':7}",           "limits must be an object"},
        {"{'code':'b','limits':null}",        "limits must be an object"},
        {"{'code':'b','limits':{'most':'7'}}", "limits.most must be an integer"},
        {"{'code':'b','limits':{'most':7.5}}", "limits.most must be an integer"},
        {"{'code':'b','limits':{'most':9223372036854775807}}", "limits.most is out of range"},
        {"{'code':'b','limits':{'most':-9223372036854775808}}", "limits.most is out of range"},
        {"{'code':'b','limits':{'ratio':'x'}}", "limits.ratio must be a number"},
        {"{'code':'b','price':'1'}",          "price must be a number"},
        {"{'code':'b','price':1e300}",        "price must be an amount of money"},
        {"{'code':'b','seen_at':'today'}",    "seen_at must be a time in RFC 3339 form"},
        {"{'code':'b','seen_at':7}",          "seen_at must be a time in RFC 3339 form"},
        {"{'code':'b','other_id':'7'}",       "other_id must be a UUID"},
        {"{'code':'b','settings':[]}",        "settings must be an object"},
        {"{'code':'b','settings':'{}'}",      "settings must be an object"},
        /* clang-format on */
    };

    return cr_make_param_array(struct refusal, refusals, COUNT(refusals));
}

ParameterizedTest(struct refusal *given, dispatch, refuses)
{
    struct request req = things_request("POST /things", given->body);
    const char *reply = answered(&req);

    cr_expect_eq(req.status, 400);
    cr_expect_str_eq(reply, arena_format(&req.work.arena, WHY("%s"), given->why));
    cr_expect_eq(things_count(&things_work, "b"), 0);
    request_end(&req);
}

/* Bodies that are no JSON, whatever they are. */
struct broken {
    char body[60];
    size_t length; /* 0: up to the NUL */
};

ParameterizedTestParameters(dispatch, refuses_broken_json)
{
    static struct broken bodies[] = {
        /* clang-format off */
        {"{'code':'b'",  0}, {"{'code':'b'}}", 0}, {"{code:1}", 0}, {"{'code':'\xff'}", 0},
        {"{'code':'b\\u0000'}", 0}, {"{'code':'\\ud800'}", 0}, {"{'code':NaN}", 0},
        {"{'code':'a\0b'}", 14}, {"\xef\xbb\xbf{}", 0}, {"nul", 0}, {"{'code':'b',}", 0},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", 0},
        /* clang-format on */
    };

    return cr_make_param_array(struct broken, bodies, COUNT(bodies));
}

ParameterizedTest(struct broken *given, dispatch, refuses_broken_json)
{
    struct request req = things_request("POST /things", given->body);

    if (given->length) {
        req.body = arena_copy(&req.work.arena, given->body, given->length);
        req.body_length = given->length;
    }
    answered(&req);
    cr_expect_eq(req.status, 400);
    cr_expect_str_neq(req.work.error.message, "code is required");
    request_end(&req);
}

Test(dispatch, creates_with_everything_that_a_body_says)
{
    struct request req = things_request(
        "POST /things",
        "{'code':'b','label':'Gr\xc3\xbc\xc3\x9f','size':'L','limits':{'most':9,'ratio':0.25},"
        "'price':12.5,'is_good':true,'seen_at':'2025-01-15T11:00:00+01:00',"
        "'settings':{'a':[1,null]}}");
    const char *reply = answered(&req);

    cr_expect_eq(req.status, 201, "%s", reply);
    cr_expect(strstr(reply, "'label':'Gr\xc3\xbc\xc3\x9f','size':'L',"
                            "'limits':{'most':9,'ratio':0.25},'price':12.5,'is_good':true,"
                            "'seen_at':'2025-01-15T10:00:00Z'"),
              "%s", reply);
    cr_expect(strstr(reply, "'settings':{'a':[1,null]}"), "%s", reply);
    request_end(&req);
}

Test(dispatch, shows_pages)
{
    struct request req;

    for (int i = 0; i < 4; i++)
        thing_add(&things_work, (const char *[]){"e", "f", "g", "h"}[i], i);
    req = things_request("GET /things?limit=4", "");
    cr_expect(strncmp(answered(&req), "{'more':true,'rows':[{", 22) == 0);
    request_end(&req);
    req = things_request("GET /things", "");
    cr_expect(strncmp(answered(&req), "{'more':true,'rows':[{", 22) == 0);
    request_end(&req);
}

Test(dispatch, hides_the_rows_of_another_tenant)
{
    static const char *const methods[] = {"GET", "PATCH", "DELETE"};

    things_work.tenant++;
    for (size_t i = 0; i < COUNT(methods); i++) {
        char line[80];
        struct request req;

        snprintf(line, sizeof line, "%s /things/%s", methods[i], id);
        req = things_request(line, "{}");
        cr_expect_str_eq(answered(&req), WHY("The thing does not exist"));
        cr_expect_eq(req.status, 404);
        request_end(&req);
    }
}

Test(dispatch, wants_a_credential_before_it_looks_at_the_body)
{
    struct request req = things_request("POST /things", "{");

    with_header(&req, "Authorization", "Bearer bad");
    cr_expect_str_eq(answered(&req), WHY("Who are you?"));
    cr_expect_eq(req.status, 401);
    request_end(&req);
}

Test(dispatch, tells_who_is_over_the_limit_so_first)
{
    struct request req = things_request("POST /things", "{");

    limited = true;
    with_header(&req, "Authorization", "Bearer bad");
    cr_expect_str_eq(answered(&req), WHY("Enough"));
    cr_expect_eq(req.status, 429);
    cr_expect_str_eq(answered_header(&req, "Retry-After"), "7");
    cr_expect_str_eq(answered_header(&req, "X-Limit"), "nobody");
    request_end(&req);
}

Test(dispatch, says_the_limit_with_every_answer)
{
    struct request req = things_request("GET /things/none", "");

    answered(&req);
    cr_expect_eq(req.status, 404);
    cr_expect_str_eq(answered_header(&req, "X-Limit"), "test");
    request_end(&req);
}

/* A slow call outward takes a worker; a tenant gets no more of them than he may. */
Test(dispatch, keeps_workers_for_other_tenants)
{
    struct request req = things_request("POST /things/slow", "");
    char directory[FOLDER_SIZE];

    folder_make(directory);
    things_config.spool_dir = directory;
    things_config.outward_calls_per_tenant = 0;
    host_memory_open(&things_config);
    cr_assert(worker_slot_take(0));
    answered(&req);
    cr_expect_eq(req.status, 429);
    cr_expect_str_eq(answered_header(&req, "Retry-After"), "1");
    request_end(&req);
    things_config.outward_calls_per_tenant = 1;
    for (int i = 0; i < 3; i++) {
        req = things_request("POST /things/slow", "");
        answered(&req);
        cr_expect_eq(req.status, 202, "what is over takes no place");
        request_end(&req);
    }
    folder_remove(directory);
}

Test(dispatch, says_what_a_path_answers)
{
    struct request req = things_request("PUT /things/x", "{}");

    answered(&req);
    cr_expect_str_eq(answered_header(&req, "Allow"), "DELETE, GET, HEAD, PATCH");
    request_end(&req);
}

Test(dispatch, names_every_answer)
{
    struct request req = things_request("GET /nothing", "");

    with_header(&req, "x-request-id", "mine:1");
    answered(&req);
    cr_expect_str_eq(answered_header(&req, "X-Request-Id"), "mine:1");
    request_end(&req);
    req = things_request("GET /nothing", "");
    req.work.id = NULL;
    with_header(&req, "X-Request-Id", "no good\n");
    answered(&req);
    cr_expect_eq(strlen(answered_header(&req, "X-Request-Id")), 36);
    request_end(&req);
}

Test(dispatch, refuses_bodies_that_are_too_long_or_cut)
{
    struct request req = things_request("POST /things", "");

    req.body_too_large = true;
    cr_expect_str_eq(answered(&req), WHY("The body is longer than 4096 bytes"));
    cr_expect_eq(req.status, 413);
    request_end(&req);
    req = things_request("POST /things", "{'code':'b'}");
    req.body_cut = true;
    cr_expect_str_eq(answered(&req), WHY("The body is not as long as was announced"));
    cr_expect_eq(req.status, 400);
    request_end(&req);
}

Test(dispatch, wants_json_where_the_dialect_is_strict)
{
    struct request req = things_request("POST /strict", "{'code':'b'}");

    req.content_type = "text/plain";
    cr_expect_str_eq(answered(&req), WHY("The Content-Type must be application/json"));
    request_end(&req);
    req = things_request("POST /strict", "{'code':'b'}");
    req.content_type = "application/json; charset=utf-8";
    answered(&req);
    cr_expect_eq(req.status, 201);
    request_end(&req);
    req = things_request("POST /strict", "{'code':'c','code':'d'}");
    answered(&req);
    cr_expect_eq(req.status, 400, "repeated keys");
    request_end(&req);
}

Test(dispatch, takes_json_that_curl_calls_a_form)
{
    struct request req = things_request("POST /things", "{'code':'b'}");

    req.content_type = "application/x-www-form-urlencoded";
    answered(&req);
    cr_expect_eq(req.status, 201);
    request_end(&req);
}

Test(dispatch, prefers_literals_and_longer_names)
{
    static const char *const cases[][2] = {
        {"GET /things/named/last", "{'secret':'whsec_1'}"},
        {"GET /things/named/one.txt", "one"},
        {"GET /things/named/one.mp3", "one.mp3"},
        {"GET /things/named/.txt", ".txt"},
        {"GET /things/named/a%2Fb", "a/b"},
        {"GET /things/named/+1%2B2", "+1+2"},
        {"GET /things/named/%25%32%35", "%25"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct request req = things_request(cases[i][0], "");

        cr_expect_str_eq(answered(&req), cases[i][1], "%s", cases[i][0]);
        request_end(&req);
    }
}

/* OPTIONS: what the page of another origin may do. */
Test(dispatch, lets_pages_of_listed_origins_in)
{
    struct request req = things_request("OPTIONS /things", "");

    with_header(&req, "Origin", "https://page.example");
    with_header(&req, "Authorization", "");
    answered(&req);
    cr_expect_eq(req.status, 204);
    cr_expect_str_eq(answered_header(&req, "Allow"), "GET, HEAD, POST, OPTIONS");
    cr_expect_str_eq(answered_header(&req, "Access-Control-Allow-Methods"),
                     "GET, HEAD, POST, OPTIONS");
    cr_expect_str_eq(answered_header(&req, "Access-Control-Allow-Origin"), "https://page.example");
    request_end(&req);
}

/* What the dialects tell in headers is there for a page's script, too. */
Test(dispatch, shows_pages_of_listed_origins_its_headers)
{
    static const char *const headers[] = {
        "ETag",
        "Retry-After",
        "X-Request-Id",
        "X-RateLimit-Remaining",
        "X-Tenant-ID",
        "X-Rate-Limit-Remaining",
        "Twilio-Request-Id",
        "X-Idempotent-Replayed",
    };
    struct request req = things_request("GET /things", "");
    const char *exposed;

    with_header(&req, "Origin", "https://page.example");
    answered(&req);
    exposed = answered_header(&req, "Access-Control-Expose-Headers");
    cr_assert_not_null(exposed);
    for (size_t i = 0; i < COUNT(headers); i++)
        cr_expect_not_null(strstr(exposed, headers[i]), "%s", headers[i]);
    request_end(&req);
}

Test(dispatch, tells_other_origins_nothing)
{
    struct request req = things_request("OPTIONS /things", "");

    with_header(&req, "Origin", "https://page.example.evil");
    answered(&req);
    cr_expect_eq(req.status, 204);
    cr_expect_null(answered_header(&req, "Access-Control-Allow-Origin"));
    cr_expect_null(answered_header(&req, "Access-Control-Allow-Methods"));
    request_end(&req);
    req = things_request("OPTIONS /nowhere", "");
    answered(&req);
    cr_expect_eq(req.status, 404);
    request_end(&req);
}
