/*
 * StateSet's document in two parts: what the operator asks, and what everybody else does.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/api.h"

TestSuite(stateset_documents, .timeout = 60);

static json_object *member(json_object *object, const char *name)
{
    json_object *value = NULL;

    json_object_object_get_ex(object, name, &value);
    return value;
}

static json_object *document(const char *name)
{
    struct reply reply = http("GET", say("/api-docs/%s.json", name), NULL, NULL);

    cr_assert_eq(reply.status, 200, "%s: %ld", name, reply.status);
    return reply.json;
}

static json_object *operation(json_object *document, const char *path, const char *method)
{
    return member(member(member(document, "paths"), path), method);
}

static size_t count_operations(json_object *document)
{
    size_t count = 0;

    json_object_object_foreach(member(document, "paths"), path, methods)
    {
        (void)path;
        count += (size_t)json_object_object_length(methods);
    }
    return count;
}

/* Whether a caller needs the operator's key. */
static bool needs_operator(json_object *operation)
{
    return strstr(json_object_to_json_string(member(operation, "security")), "admin_key") != NULL;
}

static bool is_same(json_object *a, json_object *b)
{
    return a && b && strcmp(at(a, "operationId"), at(b, "operationId")) == 0 &&
           strcmp(at(a, "security"), at(b, "security")) == 0 &&
           json_object_object_length(member(a, "responses")) ==
               json_object_object_length(member(b, "responses"));
}

Test(stateset_documents, hold_each_operation_once)
{
    json_object *all = document("stateset"), *open = document("public"), *own = document("admin");
    size_t count = 0;

    json_object_object_foreach(member(all, "paths"), path, methods)
    {
        json_object_object_foreach(methods, method, whole)
        {
            bool is_own = strncmp(path, "/api/v1/admin/", 14) == 0;
            json_object *in_open = operation(open, path, method);
            json_object *in_own = operation(own, path, method);

            cr_expect_eq(in_open != NULL, !is_own, "%s %s", method, path);
            cr_expect_eq(in_own != NULL, is_own, "%s %s", method, path);
            cr_expect(is_same(whole, is_own ? in_own : in_open), "%s %s", method, path);
            cr_expect(is_own || !needs_operator(whole), "%s %s needs the operator", method, path);
            count++;
        }
    }
    cr_expect_eq(count_operations(open) + count_operations(own), count, "there is more in them");
    cr_expect_geq(count, 111);
}

/* Every "$ref" below a value leads somewhere in the document. */
static void expect_references(json_object *document, json_object *value)
{
    const char *reference;

    if (json_object_is_type(value, json_type_array))
        for (size_t i = 0; i < json_object_array_length(value); i++)
            expect_references(document, json_object_array_get_idx(value, i));
    if (!json_object_is_type(value, json_type_object))
        return;
    json_object_object_foreach(value, name, inner)
    {
        expect_references(document, inner);
        if (strcmp(name, "$ref") != 0)
            continue;
        reference = json_object_get_string(inner);
        cr_expect_not_null(
            member(member(member(document, "components"), "schemas"), strrchr(reference, '/') + 1),
            "%s leads nowhere", reference);
    }
}

Test(stateset_documents, are_whole)
{
    static const char *const names[] = {"stateset", "public", "admin"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        json_object *one = document(names[i]);

        expect_references(one, one);
        cr_expect(has(one, "servers.0.url") && has(one, "info.version"), "%s", names[i]);
    }
}

Test(stateset_documents, name_the_credentials_that_they_are_about)
{
    json_object *open = member(member(document("public"), "components"), "securitySchemes");
    json_object *own = member(member(document("admin"), "components"), "securitySchemes");

    cr_expect_null(member(open, "admin_key"));
    cr_expect_null(member(own, "bearer_auth"));
    cr_expect_not_null(member(own, "admin_key"));
}
