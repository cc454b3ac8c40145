#include "api/operations.h"

#include <string.h>

#include <criterion/criterion.h>

#include "api/twilio/router.h"
#include "fcgi/dialect.h"

const char *const api_names[] = {"kwickphone", "stateset", "twilio", "phony"};

/* ---- which there are ---- */

static const char *const methods[][2] = {
    {"get", "GET"}, {"put", "PUT"}, {"post", "POST"}, {"patch", "PATCH"}, {"delete", "DELETE"}};

static const char *method_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (strcmp(methods[i][0], name) == 0)
            return methods[i][1];
    return NULL;
}

static json_object *document_of(const char *api)
{
    return kept(json_object_get(http("GET", say("/api-docs/%s.json", api), NULL, NULL).json));
}

size_t operations_each(const char *api, const struct pair *pair, look *see)
{
    json_object *whole = document_of(api), *paths = json_object_object_get(whole, "paths");
    size_t count = 0;

    cr_assert(paths, "there is no document of %s", api);
    json_object_object_foreach(paths, path, operations)
    {
        json_object_object_foreach(operations, name, of)
        {
            const struct operation one = {api, method_of(name), path, whole, of};

            if (!one.method)
                continue;
            see(&one, pair);
            count++;
        }
    }
    return count;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The documented operation that an older path stands for; without one nothing is known of it. */
static struct operation meant_by_line(json_object *whole, const char *api, const char *line)
{
    const char *path = strchr(line, ' ') + 1;
    struct operation one = {api, NULL, path, whole, kept(json_object_new_object())};
    json_object *paths = json_object_object_get(whole, "paths");

    json_object_object_foreach(paths, documented, operations)
    {
        json_object_object_foreach(operations, name, of)
        {
            if (!method_of(name) || strncmp(line, method_of(name), strlen(method_of(name))) != 0)
                continue;
            one.method = method_of(name);
            if (strcmp(documented, say("/api/v1%s", path)) == 0 ||
                strcmp(documented, say("/api%s", path)) == 0)
                one.of = of;
        }
    }
    return one;
}

size_t operations_each_alias(const char *api, const struct pair *pair, look *see)
{
    json_object *whole = document_of(api);
    size_t count = 0;

    for (size_t i = 0; i < dialects_count; i++) {
        const struct dialect *dialect = dialects[i];

        for (size_t j = 0; strcmp(dialect->name, api) == 0 && j < dialect->nroutes; j++) {
            const struct route *row = &dialect->routes[j];
            struct operation one;

            if (!(row->flags & HIDDEN) || !row->scope)
                continue;
            one = meant_by_line(whole, api, row->line);
            see(&one, pair);
            count++;
        }
    }
    return count;
}

bool operation_is_open(const struct operation *one)
{
    json_object *security = json_object_object_get(one->of, "security");

    return security && json_object_array_length(security) == 0;
}

bool operation_is_daemons(const struct operation *one)
{
    return json_object_object_get_ex(one->of, "x-served-by-daemon", NULL);
}

bool operation_is_operators(const struct operation *one)
{
    return strncmp(one->path, "/api/v1/admin/", 14) == 0;
}

/* ---- paths ---- */

/* What is not one of many of a tenant's, but what they are in. */
static bool is_container(const char *name)
{
    return strcmp(name, "tenant_id") == 0 || strcmp(name, "AccountSid") == 0 ||
           strcmp(name, "WorkspaceSid") == 0;
}

const char *operation_path(const struct operation *one, const struct tenancy *around,
                           const struct tenancy *inside, size_t *arounds, size_t *insides)
{
    const char *path = "", *rest = one->path, *open;

    *arounds = *insides = 0;
    while ((open = strchr(rest, '{'))) {
        const char *name = say("%.*s", (int)strcspn(open + 1, "}"), open + 1), *value;
        const struct source *source;
        bool container = is_container(name);

        path = say("%s%.*s", path, (int)(open - rest), rest);
        source = source_of(name, path);
        value = source                              ? value_of(source, container ? around : inside)
                : strcmp(name, "action") == 0       ? "barge"
                : strcmp(path, "/v1/numbers/") == 0 ? inside->customer.number_id
                                                    : NULL;
        cr_assert(value, "nobody knows where %s of %s comes from", name, one->path);
        *arounds += container;
        *insides += !container && strcmp(name, "action") != 0;
        path = say("%s%s", path, value);
        rest = strchr(open, '}') + 1;
    }
    return say("%s%s", path, rest);
}

/* ---- bodies ---- */

static json_object *resolved(json_object *whole, json_object *schema)
{
    json_object *named, *choices;

    if (json_object_object_get_ex(schema, "$ref", &named))
        return resolved(whole, json_object_object_get(
                                   json_object_object_get(
                                       json_object_object_get(whole, "components"), "schemas"),
                                   strrchr(json_object_get_string(named), '/') + 1));
    if (json_object_object_get_ex(schema, "oneOf", &choices))
        return resolved(whole, json_object_array_get_idx(choices, 0));
    return schema;
}

static bool is_of_type(json_object *schema, const char *type)
{
    return strstr(json_object_to_json_string(json_object_object_get(schema, "type")),
                  say("\"%s\"", type));
}

/* A value that the schema allows. */
static json_object *sample(json_object *whole, json_object *given)
{
    json_object *schema = resolved(whole, given), *words;

    if (json_object_object_get_ex(schema, "enum", &words))
        return json_object_get(json_object_array_get_idx(words, 0));
    if (is_of_type(schema, "integer") || is_of_type(schema, "number"))
        return json_object_new_int(1);
    if (is_of_type(schema, "boolean"))
        return json_object_new_boolean(1);
    if (is_of_type(schema, "array"))
        return json_object_new_array();
    return is_of_type(schema, "string") ? json_object_new_string("+13125550378")
                                        : json_object_new_object();
}

static bool is_required(json_object *schema, const char *name)
{
    json_object *required = json_object_object_get(schema, "required");

    for (size_t i = 0; required && i < json_object_array_length(required); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(required, i)), name) == 0)
            return true;
    return false;
}

/* What must mean something beyond its type. */
static const char *const meanings[][2] = {
    {"digit", "\"1\""},
    {"snoozed_until", "\"2036-01-01T00:00:00Z\""},
    {"operator", "\"Ann\""},
    {"participant_b", "\"+13125550379\""},
    {"context", "{\"vip\":true}"},
    {"name", "\"Urgent\""},
    {"FriendlyName", "\"Urgent\""},
};

static json_object *meant_by(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++)
        if (strcmp(meanings[i][0], name) == 0)
            return json_tokener_parse(meanings[i][1]);
    return NULL;
}

static json_object *content_of(const struct operation *one)
{
    return json_object_object_get(json_object_object_get(one->of, "requestBody"), "content");
}

static json_object *schema_of(const struct operation *one, const char *type)
{
    return json_object_object_get(json_object_object_get(content_of(one), type), "schema");
}

static json_object *properties_of(json_object *schema)
{
    return json_object_object_get(schema, "properties");
}

/* What the operation needs, and every id that it would take: that tenant's. */
static json_object *members_of(const struct operation *one, json_object *given,
                               const struct tenancy *tenancy, size_t *ids)
{
    json_object *schema = resolved(one->whole, given), *properties = properties_of(schema);
    json_object *body = kept(json_object_new_object());

    if (!properties)
        return body;
    json_object_object_foreach(properties, name, property)
    {
        const struct source *source = source_of(name, "");
        json_object *meant;

        *ids += source != NULL;
        if (source)
            json_object_object_add(body, name, json_object_new_string(value_of(source, tenancy)));
        else if ((meant = meant_by(name)))
            json_object_object_add(body, name, meant);
        else if (is_required(schema, name))
            json_object_object_add(body, name, sample(one->whole, property));
    }
    return body;
}

static const char *as_form(json_object *members)
{
    const char *form = "";

    json_object_object_foreach(members, name, value)
    {
        form =
            say("%s%s%s=%s", form, *form ? "&" : "", name, encoded(json_object_get_string(value)));
    }
    return form;
}

static bool is_form(const struct operation *one)
{
    return strcmp(one->api, "twilio") == 0;
}

static bool has_body(const struct operation *one)
{
    return *one->method != 'G' && *one->method != 'D';
}

static json_object *body_schema(const struct operation *one)
{
    json_object *form = schema_of(one, "application/x-www-form-urlencoded");

    return is_form(one) && form ? form : schema_of(one, "application/json");
}

const char *operation_body(const struct operation *one, const struct tenancy *tenancy, size_t *ids)
{
    json_object *schema = body_schema(one), *members;

    *ids = 0;
    if (!has_body(one))
        return NULL;
    if (strstr(one->path, "/rollout-policy"))
        return "{\"enabled\":true,\"lookback_hours\":24,\"min_eval_count\":2,"
               "\"min_avg_score\":0.7,\"min_high_quality_rate\":0.5}";
    if (!schema)
        return "";
    members = members_of(one, schema, tenancy, ids);
    return is_form(one) ? as_form(members) : json_object_to_json_string(members);
}

/* ---- one foreign id at a time ---- */

/* Names that each tenant gives its own things, and texts that only look like ids. */
static const char *const own_names[] = {"queue_key", "follow_up_escalation_queue_key",
                                        "agent_key", "system_prompt_key",
                                        "org_id",    "customer_id",
                                        "CallerId"};

/* What a name ends in that is of an id, and what it is then called among the sources. */
static const char *const endings[][2] = {
    {"ActivitySid", "ActivitySid"},
    {"CallSid", "CallSid"},
    {"Sid", "Sid"},
    {"Id", "Id"},
    {"_sid", "_sid"},
    {"_id", "_id"},
    {"_key", "_key"},
};

/* A list of steps in which a queue is named. */
#define STEPS "{\"task_routing\":{\"default_filter\":{\"queue\":\"%s\"}}}"

/* Where the id comes from that stands under a name; NULL: it is the name of no id. */
static const struct source *source_under(const char *name)
{
    const struct source *source = source_of(name, "");

    if (strcmp(name, "Configuration") == 0)
        return source_of("TaskQueueSid", "");
    if (strcmp(name, "id") == 0) /* of a route that is to be changed */
        return source_of("route_id", "");
    for (size_t i = 0; i < COUNT_OF(own_names); i++)
        if (strcmp(own_names[i], name) == 0)
            return NULL;
    for (size_t i = 0; !source && i < COUNT_OF(endings); i++)
        if (ends_in(name, endings[i][0])) {
            source = source_of(endings[i][1], "");
            cr_assert(source, "nobody knows where %s comes from", name);
        }
    return source;
}

static const char *id_under(const char *name, const struct tenancy *tenancy)
{
    const char *id = value_of(source_under(name), tenancy);

    return strcmp(name, "Configuration") == 0 ? say(STEPS, id) : id;
}

/* Some ids are only looked at together with others; "%" is a number of ours. */
static const char *const companions[][3] = {
    {"From", "To", "+13125550378"},
    {"From", "Twiml", "<Response><Pause/></Response>"},
    {"ApplicationSid", "To", "+13125550378"},
    {"ApplicationSid", "From", "%"},
    {"RedirectCallSid", "Instruction", "redirect"},
    {"RedirectCallSid", "RedirectUrl", "https://example.com/on"},
    {"CallFrom", "Instruction", "call"},
    {"CallFrom", "CallTo", "+13125550378"},
    {"CallFrom", "CallUrl", "https://example.com/on"},
    {"DequeueFrom", "Instruction", "dequeue"},
    {"DequeuePostWorkActivitySid", "Instruction", "dequeue"},
    {"PostWorkActivitySid", "Instruction", "conference"},
    {"WorkerActivitySid", "ReservationStatus", "rejected"},
};

/* A body that is being filled in. */
struct filling {
    const struct operation *one;
    const struct pair *pair;
    int wanted, seen; /* which id is to be theirs; how many were met */
    struct foreign_id *found;
};

enum { DEEPEST = 5 };

static json_object *filled(struct filling *f, json_object *given, int depth);

/* An id: theirs when it is its turn, ours when nothing goes without it. */
static void fill_id(struct filling *f, json_object *into, const char *name, bool required)
{
    const char *id;

    if (f->seen++ == f->wanted) {
        f->found->name = name;
        f->found->id = id = id_under(name, &f->pair->theirs);
    } else if (required) {
        id = id_under(name, &f->pair->ours);
    } else {
        return;
    }
    json_object_object_add(into, name, json_object_new_string(id));
}

/* An object, or a list of one; it stays when their id is in it. */
static bool fill_inner(struct filling *f, json_object *into, const char *name, json_object *schema,
                       int depth)
{
    json_object *items = resolved(f->one->whole, json_object_object_get(schema, "items"));
    bool is_list = properties_of(items) != NULL, had = f->found->name != NULL;
    json_object *inner;

    if (depth == DEEPEST || (!is_list && !properties_of(schema)))
        return false;
    inner = filled(f, is_list ? items : schema, depth + 1);
    if (had || !f->found->name)
        return false;
    if (is_list) {
        json_object *list = json_object_new_array();

        json_object_array_add(list, json_object_get(inner));
        json_object_object_add(into, name, list);
    } else {
        json_object_object_add(into, name, json_object_get(inner));
    }
    return true;
}

static json_object *filled(struct filling *f, json_object *given, int depth)
{
    json_object *schema = resolved(f->one->whole, given), *properties = properties_of(schema);
    json_object *body = kept(json_object_new_object());

    if (!properties)
        return body;
    json_object_object_foreach(properties, name, property)
    {
        bool required = is_required(schema, name);
        json_object *meant;

        if (source_under(name))
            fill_id(f, body, name, required);
        else if (fill_inner(f, body, name, resolved(f->one->whole, property), depth))
            continue;
        else if ((meant = meant_by(name)))
            json_object_object_add(body, name, meant);
        else if (required)
            json_object_object_add(body, name, sample(f->one->whole, property));
    }
    return body;
}

static void add_companions(json_object *body, const char *name, const struct tenancy *ours)
{
    for (size_t i = 0; i < COUNT_OF(companions); i++) {
        const char *value =
            strcmp(companions[i][2], "%") == 0 ? ours->customer.number : companions[i][2];

        if (strcmp(companions[i][0], name) == 0)
            json_object_object_add(body, companions[i][1], json_object_new_string(value));
    }
}

/* The same among the parameters of the query. */
static void fill_query(struct filling *f)
{
    json_object *all = json_object_object_get(f->one->of, "parameters");

    for (size_t i = 0; all && i < json_object_array_length(all); i++) {
        json_object *one = json_object_array_get_idx(all, i);
        const char *name = at(one, "name");

        if (strcmp(at(one, "in"), "query") != 0 || !source_under(name))
            continue;
        if (f->seen++ == f->wanted) {
            f->found->name = name;
            f->found->id = id_under(name, &f->pair->theirs);
            f->found->query = say("?%s=%s", name, encoded(f->found->id));
        }
    }
}

struct foreign_id operation_with_foreign(const struct operation *one, const struct pair *pair,
                                         int number)
{
    struct foreign_id found = {.query = ""};
    struct filling f = {one, pair, number, 0, &found};
    json_object *schema = body_schema(one), *body;

    fill_query(&f);
    if (!has_body(one))
        return found;
    if (!schema) {
        found.body = "";
        return found;
    }
    body = filled(&f, schema, 0);
    if (found.name)
        add_companions(body, found.name, &pair->ours);
    found.body = is_form(one) ? as_form(body) : json_object_to_json_string(body);
    return found;
}

/* ---- asking ---- */

static const char *bearer(const char *key)
{
    return say("Authorization: Bearer %s", key);
}

const char *credential_for(const char *api, const struct tenancy *tenancy)
{
    return strcmp(api, "twilio") == 0       ? basic_of(&tenancy->account)
           : strcmp(api, "phony") == 0      ? bearer(tenancy->phony)
           : strcmp(api, "kwickphone") == 0 ? bearer(tenancy->customer.kwickphone)
                                            : bearer(tenancy->customer.stateset);
}

struct reply operation_ask(const struct operation *one, const char *path, const char *body,
                           const char *credential)
{
    const char *const headers[] = {is_form(one) ? "Content-Type: application/x-www-form-urlencoded"
                                                : "Content-Type: application/json",
                                   credential, NULL};

    return http(one->method, path, headers, body);
}
