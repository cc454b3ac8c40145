#include "fcgi/body.h"

#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "fcgi/dialect.h"

static bool has_type(const struct request *req, const char *type)
{
    const char *given = req->content_type ? req->content_type : "";
    size_t length = strlen(type);

    return strncasecmp(given, type, length) == 0 && strchr("; \t", given[length]) != NULL;
}

static bool brings_body(const struct request *req)
{
    return strcmp(req->method, "GET") != 0 && strcmp(req->method, "DELETE") != 0 &&
           req->body_length > 0;
}

/* No form begins with a brace; curl calls JSON a form unless told otherwise. */
static bool is_form(const struct request *req)
{
    return req->dialect->forms && !strchr("{[", req->body[0]) && !has_type(req, "application/json");
}

void body_find_form(struct request *req)
{
    if (brings_body(req) && is_form(req) &&
        !parameters_read(&req->work.arena, &req->form, req->body, req->body_length))
        req->form.count = 0;
}

static void add_field(json_object *tree, const struct parameter *field)
{
    json_object *value = json_object_new_string(field->value), *before, *list;

    if (!json_object_object_get_ex(tree, field->name, &before)) {
        json_object_object_add(tree, field->name, value);
    } else if (json_object_is_type(before, json_type_array)) {
        json_object_array_add(before, value);
    } else {
        list = json_object_new_array();
        json_object_array_add(list, json_object_get(before));
        json_object_array_add(list, value);
        json_object_object_add(tree, field->name, list);
    }
}

static bool read_form(struct request *req)
{
    if (!req->form.count)
        return fail(&req->work, INVALID, "The body is not a percent-encoded form in UTF-8");
    req->json = json_object_new_object();
    for (size_t i = 0; i < req->form.count; i++)
        add_field(req->json, &req->form.at[i]);
    return true;
}

static bool is_blank(const struct request *req)
{
    return strspn(req->body, " \t\r\n") == req->body_length;
}

static bool read_json(struct request *req)
{
    const struct json_rules rules = {JSON_DEPTH, req->dialect->refuse_repeated};

    if (is_blank(req))
        return true;
    if (req->dialect->strict && !has_type(req, "application/json"))
        return fail(&req->work, INVALID, "The Content-Type must be application/json");
    return json_read(&req->work, req->body, req->body_length, &rules, &req->json);
}

bool body_read(struct request *req)
{
    if (req->body_too_large)
        return fail(&req->work, TOO_LARGE, "The body is longer than %zu bytes",
                    req->dialect->body_limit);
    if (req->body_cut)
        return fail(&req->work, INVALID, "The body is not as long as was announced");
    if (!brings_body(req))
        return true;
    return is_form(req) ? read_form(req) : read_json(req);
}
