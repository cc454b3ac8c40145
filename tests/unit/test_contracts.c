/*
 * The documents that the program publishes promise at least what the published contracts do. The
 * contracts stand in tests/contracts/ as facts, one a line.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/config.h"
#include "core/json.h"
#include "core/text.h"
#include "fcgi/openapi.h"

struct contract {
    char dialect[16], file[48];
};

static struct arena arena;

static json_object *document_of(const char *name)
{
    struct text out = {.arena = &arena};

    cr_assert(openapi_write(name, &config_defaults, &out), "no dialect %s is mounted", name);
    return json_tokener_parse(out.at);
}

static json_object *child(json_object *node, const char *name)
{
    json_object *found = NULL;

    if (node && json_object_is_type(node, json_type_object))
        json_object_object_get_ex(node, name, &found);
    return found;
}

/* Follows "$ref" into the document. */
static json_object *resolve(json_object *paper, json_object *node)
{
    while (child(node, "$ref")) {
        const char *path = json_object_get_string(child(node, "$ref")) + 2;

        for (node = paper; *path; path += strcspn(path, "/"), path += *path == '/')
            node = child(node, arena_copy(&arena, path, strcspn(path, "/")));
    }
    return node;
}

/* A schema's member, also where the schema is put together from several. */
static json_object *member(json_object *paper, json_object *schema, const char *name, bool *always)
{
    json_object *all, *required, *found;

    schema = resolve(paper, schema);
    found = child(child(schema, "properties"), name);
    required = child(schema, "required");
    for (size_t i = 0; required && i < json_object_array_length(required); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(required, i)), name) == 0)
            *always = true;
    all = child(schema, "allOf");
    for (size_t i = 0; !found && all && i < json_object_array_length(all); i++)
        found = member(paper, json_object_array_get_idx(all, i), name, always);
    return found;
}

static bool type_fits(json_object *schema, const char *type)
{
    json_object *have = child(schema, "type");

    if (strcmp(type, "any") == 0 || !have)
        return true;
    if (strcmp(type, "integer") == 0 && strstr(json_object_get_string(have), "number"))
        return true;
    return strstr(json_object_get_string(have), type) != NULL;
}

/* Walks "data[].id" from a schema; NULL when a part is missing. */
static json_object *walk(json_object *paper, json_object *schema, const char *path, bool *always)
{
    while (schema && *path) {
        size_t length = strcspn(path, ".[");

        *always = false;
        if (length)
            schema = member(paper, schema, arena_copy(&arena, path, length), always);
        path += length;
        for (; strncmp(path, "[]", 2) == 0; path += 2)
            schema = child(resolve(paper, schema), "items");
        path += *path == '.';
    }
    return resolve(paper, schema);
}

static bool same_path(const char *have, const char *wanted)
{
    while (*have && *wanted) {
        if (*have == '{' && *wanted == '{') {
            have += strcspn(have, "}") + 1;
            wanted += strcspn(wanted, "}") + 1;
        } else if (*have++ != *wanted++) {
            return false;
        }
    }
    return !*have && !*wanted;
}

static json_object *operation_of(json_object *paper, const char *method, const char *path)
{
    json_object_object_foreach(child(paper, "paths"), have,
                               item) if (same_path(have, path)) return child(item, method);
    return NULL;
}

static bool has_parameter(json_object *paper, json_object *operation, const char *place,
                          const char *name)
{
    json_object *parameters = child(operation, "parameters");

    for (size_t i = 0; parameters && i < json_object_array_length(parameters); i++) {
        json_object *one = resolve(paper, json_object_array_get_idx(parameters, i));

        if (strcmp(json_object_get_string(child(one, "in")), place) == 0 &&
            strcasecmp(json_object_get_string(child(one, "name")), name) == 0)
            return true;
    }
    return false;
}

static json_object *schema_in(json_object *paper, json_object *node, const char *kind)
{
    return child(child(child(resolve(paper, node), "content"), kind), "schema");
}

/* "takes business_phone string", "answers 201", "answers 201 id string always", "query limit" */
static bool kept(json_object *paper, json_object *operation, const char *fact)
{
    char word[4][96] = {"", "", "", ""};
    bool always = false;
    json_object *found, *answer;
    int words = sscanf(fact, "%95s %95s %95s %95s", word[0], word[1], word[2], word[3]);

    if (strcmp(word[0], "takes") == 0) {
        found = walk(paper, schema_in(paper, child(operation, "requestBody"), "application/json"),
                     word[1], &always);
        return found && type_fits(found, word[2]);
    }
    if (strcmp(word[0], "answers") != 0)
        return has_parameter(paper, operation, word[0], word[1]);
    answer = child(child(operation, "responses"), word[1]);
    if (words == 2 || strchr(word[2], '/'))
        return answer && (words == 2 || schema_in(paper, answer, word[2]) ||
                          child(child(resolve(paper, answer), "content"), word[2]));
    found = walk(paper, schema_in(paper, answer, "application/json"), word[2], &always);
    return found && type_fits(found, word[3]) && (always || !strstr(fact, " always"));
}

ParameterizedTestParameters(contracts, are_kept)
{
    static struct contract contracts[] = {
        {"kwickphone", "tests/contracts/kwickphone.txt"}, {"phony", "tests/contracts/phony.txt"},
        {"stateset", "tests/contracts/stateset.txt"},     {"twilio", "tests/contracts/twilio.txt"},
        {"twilio", "tests/contracts/taskrouter.txt"},
    };

    return cr_make_param_array(struct contract, contracts, COUNT(contracts));
}

ParameterizedTest(struct contract *contract, contracts, are_kept)
{
    FILE *file = fopen(contract->file, "r");
    json_object *paper = document_of(contract->dialect);
    char line[400];
    size_t facts = 0;

    cr_assert(file, "%s", contract->file);
    while (fgets(line, sizeof line, file)) {
        char method[8], path[160];
        json_object *operation;

        if (line[0] == '#' || sscanf(line, "%7s %159s", method, path) != 2)
            continue;
        for (char *c = method; *c; c++)
            *c = (char)(*c | 0x20);
        operation = operation_of(paper, method, path);
        cr_expect(operation && kept(paper, operation, strchr(line, '|') + 2), "missing: %s", line);
        facts++;
    }
    fclose(file);
    json_object_put(paper);
    cr_expect_gt(facts, 50u);
    arena_free(&arena);
}
