#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "api_of_things.h"
#include "core/json.h"
#include "fcgi/openapi.h"

static struct arena arena;
static json_object *api;

static json_object *read_document(const char *name)
{
    struct text out = {.arena = &arena};
    size_t at;

    cr_assert(openapi_write(name, &things_config, &out));
    cr_assert_null(
        json_check(out.at, out.length, &(struct json_rules){.refuse_repeated = true}, &at), "%s",
        out.at);
    return json_parse(out.at);
}

static void setup(void)
{
    static const struct dialect *const all[] = {&lenient, &strict, &forms, &rest};

    cr_assert(routes_prepare_these(all, COUNT(all)));
    api = read_document("strict");
}

static void end(void)
{
    json_object_put(api);
    arena_free(&arena);
}

TestSuite(openapi, .init = setup, .fini = end);

/* What stands at a path of names, "paths|/strict|get|summary", as JSON; "none" when nothing does.
 */
static const char *at(const char *path)
{
    char *names = arena_text(&arena, path), *name;
    json_object *node = api;

    while ((name = strsep(&names, "|")))
        node = json_object_is_type(node, json_type_array)
                   ? json_object_array_get_idx(node, (size_t)atoi(name))
                   : json_member(node, name);
    return node ? json_write(&arena, node) : "none";
}

Test(openapi, says_what_it_is)
{
    cr_expect_str_eq(at("openapi"), "\"3.1.0\"");
    cr_expect_str_eq(at("info|title"), "\"strict\"");
    cr_expect_str_eq(at("servers|0|url"), "\"https://voice.example.com\"");
    cr_expect_str_eq(at("components|securitySchemes"), "{\"key\":{\"type\":\"http\"}}");
}

Test(openapi, has_every_route)
{
    for (size_t i = 0; i < strict.nroutes; i++) {
        char method[10] = "", where[80];
        const char *path = strchr(strict.routes[i].line, ' ') + 1;

        for (size_t j = 0; strict.routes[i].line[j] != ' '; j++)
            method[j] = (char)(strict.routes[i].line[j] | 32);
        snprintf(where, sizeof where, "paths|%s|%s|operationId", path, method);
        cr_expect_str_neq(at(where), "none", "%s", where);
    }
}

Test(openapi, documents_parameters)
{
    static const char *const expected[] = {
        "{\"name\":\"limit\",\"in\":\"query\",\"required\":false,\"schema\":{\"type\":\"integer\","
        "\"minimum\":1,\"maximum\":5,\"default\":3},\"description\":\"Rows at most.\"}",
        "{\"name\":\"offset\",\"in\":\"query\",\"required\":false,\"schema\":{\"type\":\"integer\","
        "\"minimum\":0},\"description\":\"Rows to pass over.\"}",
        "{\"name\":\"code\",\"in\":\"query\",\"required\":false,"
        "\"schema\":{\"type\":\"string\",\"maxLength\":20}}",
        "{\"name\":\"size\",\"in\":\"query\",\"required\":false,"
        "\"schema\":{\"type\":\"string\",\"enum\":[\"S\",\"L\"]}}",
        "{\"name\":\"is_good\",\"in\":\"query\",\"required\":false,"
        "\"schema\":{\"type\":\"boolean\"}}",
        "none",
    };

    for (size_t i = 0; i < COUNT(expected); i++)
        cr_expect_str_eq(at(arena_format(&arena, "paths|/strict|get|parameters|%zu", i)),
                         expected[i]);
    cr_expect_str_eq(at("paths|/strict/{id}|get|parameters"),
                     "[{\"name\":\"id\",\"in\":\"path\",\"required\":true,"
                     "\"schema\":{\"type\":\"string\"}}]");
    cr_expect_str_eq(at("paths|/strict|post|parameters|0|name"), "\"Idempotency-Key\"");
    cr_expect_str_eq(at("paths|/strict|post|parameters|0|in"), "\"header\"");
}

Test(openapi, documents_bodies)
{
    cr_expect_str_eq(at("paths|/strict|post|requestBody"),
                     "{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
                     "\"#/components/schemas/ThingCreate\"}}}}");
    cr_expect_str_eq(at("components|schemas|ThingCreate|required"), "[\"code\"]");
    cr_expect_str_eq(at("components|schemas|ThingCreate|additionalProperties"), "false");
    cr_expect_str_eq(at("components|schemas|ThingCreate|properties|id"), "none");
    cr_expect_str_eq(at("components|schemas|ThingCreate|properties|limits|properties|most|type"),
                     "[\"integer\",\"null\"]");
    cr_expect_str_eq(at("components|schemas|ThingUpdate|required"), "none");
    cr_expect_str_eq(at("components|schemas|OrderCreate|properties|count"),
                     "{\"type\":[\"integer\",\"null\"],\"minimum\":1,\"maximum\":9}");
}

Test(openapi, documents_answers)
{
    cr_expect_str_eq(at("paths|/strict|post|responses|201|content|application/json|schema"),
                     "{\"$ref\":\"#/components/schemas/Thing\"}");
    cr_expect_str_eq(at("paths|/strict|get|responses|200|content|application/json|schema"),
                     "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Thing\"}}");
    cr_expect_str_eq(at("paths|/strict/{id}|delete|responses|204"),
                     "{\"description\":\"No Content\"}");
    cr_expect_str_eq(at("paths|/strict|get|responses|default|content|application/json|schema"),
                     "{\"$ref\":\"#/components/schemas/Error\"}");
    cr_expect_str_eq(at("paths|/strict|get|security"), "[{\"key\":[]}]");
}

/* Where absent values are left out they are optional; where they are shown they may be null. */
Test(openapi, knows_how_the_dialect_shows_nothing)
{
    cr_expect_str_eq(at("components|schemas|Thing|required"),
                     "[\"id\",\"limits\",\"is_good\",\"created_at\"]");
    cr_expect_str_eq(at("components|schemas|Thing|properties|label|type"), "\"string\"");
    json_object_put(api);
    api = read_document("lenient");
    cr_expect_str_eq(at("components|schemas|Thing|properties|label|type"), "[\"string\",\"null\"]");
    cr_expect_str_eq(at("components|schemas|Thing|properties|size|enum"), "[\"S\",\"L\",null]");
    cr_expect_str_eq(at("components|schemas|Thing|properties|seen_at"),
                     "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}");
    cr_expect_str_eq(at("paths|/things/open|post|security"), "[]");
    cr_expect_str_eq(at("paths|/things/open|post|operationId"), "\"postThingsOpen\"");
    cr_expect_str_eq(at("paths|/things/named/{name}.txt|get|operationId"),
                     "\"getThingsNamedByNameTxt\"");
}

Test(openapi, documents_forms)
{
    json_object_put(api);
    api = read_document("forms");
    cr_expect_str_neq(at("paths|/forms|post|requestBody|content|application/x-www-form-urlencoded"),
                      "none");
}

Test(openapi, has_no_document_of_what_has_no_name)
{
    struct text out = {.arena = &arena};

    cr_expect_not(openapi_write("nobody", NULL, &out));
    cr_expect_not(openapi_write("rest", NULL, &out), "a dialect without a title");
}
