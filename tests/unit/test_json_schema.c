#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/json_schema.h"

struct fit {
    char schema[240], value[120];
    char why[80]; /* part of the complaint; empty: it fits */
};

#define ORDER                                                                                      \
    "{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{\"id\":{\"type\":\"string\","      \
    "\"minLength\":2,\"maxLength\":4},\"count\":{\"type\":\"integer\",\"minimum\":1,"              \
    "\"maximum\":5},\"size\":{\"enum\":[\"S\",\"L\"]}}}"
#define LINES                                                                                      \
    "{\"properties\":{\"lines\":{\"type\":\"array\",\"maxItems\":2,\"items\":{\"type\":"           \
    "\"object\",\"required\":[\"sku\"],\"additionalProperties\":false,\"properties\":{\"sku\":"    \
    "{\"type\":\"string\"}}}}}}"

ParameterizedTestParameters(json_schema, fits)
{
    static struct fit cases[] = {
        {ORDER, "{\"id\":\"A1\",\"count\":3,\"size\":\"S\",\"more\":1}", ""},
        {ORDER, "{}", "id is missing"},
        {ORDER, "[]", "type object"},
        {ORDER, "{\"id\":7}", "id must be of type string"},
        {ORDER, "{\"id\":null}", "id must be of type string"},
        {ORDER, "{\"id\":\"A\"}", "fewer characters than 2"},
        {ORDER, "{\"id\":\"ABCDE\"}", "more characters than 4"},
        {ORDER, "{\"id\":\"\u00e4\u00e4\u00e4\u00e4\"}", ""},
        {ORDER, "{\"id\":\"A1\",\"count\":0}", "count must not be below 1"},
        {ORDER, "{\"id\":\"A1\",\"count\":6}", "count must not be above 5"},
        {ORDER, "{\"id\":\"A1\",\"count\":2.5}", "type integer"},
        {ORDER, "{\"id\":\"A1\",\"count\":2.0}", ""},
        {ORDER, "{\"id\":\"A1\",\"size\":\"M\"}", "size must be one of [\"S\",\"L\"]"},
        {LINES, "{\"lines\":[{\"sku\":\"x\"}]}", ""},
        {LINES, "{\"lines\":[{\"sku\":\"x\"},{}]}", "lines.1.sku is missing"},
        {LINES, "{\"lines\":[{\"sku\":\"x\",\"y\":1}]}", "lines.0.y is not known"},
        {LINES, "{\"lines\":[1,2,3]}", "more items than 2"},
        {"{\"type\":[\"string\",\"null\"]}", "null", ""},
        {"{\"type\":[\"string\",\"null\"]}", "1", "not allowed"},
        {"{\"exclusiveMaximum\":5}", "5", "must be below 5"},
        {"{\"exclusiveMinimum\":5}", "5.1", ""},
        {"{\"const\":true}", "false", "must be true"},
        {"{\"type\":\"colour\"}", "1", ""},
        {"[]", "1", ""},
        {"{\"required\":[7],\"properties\":[],\"items\":1,\"enum\":{}}", "{\"a\":[1]}", "7"},
    };

    return cr_make_param_array(struct fit, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct fit *fit, json_schema, fits)
{
    struct work work = {.id = "test"};
    json_object *schema, *value;
    const char *why;

    cr_assert(json_read(&work, fit->schema, strlen(fit->schema), NULL, &schema));
    cr_assert(json_read(&work, fit->value, strlen(fit->value), NULL, &value), "%s", fit->value);
    why = json_misfit(&work.arena, schema, value);
    if (fit->why[0])
        cr_expect(why && strstr(why, fit->why), "%s: %s", fit->value, why ? why : "it fits");
    else
        cr_expect_null(why, "%s: %s", fit->value, why);
    json_object_put(schema);
    json_object_put(value);
    work_end(&work);
}
