#include "domain/taskrouter/workflow.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

enum { TIMEOUT_MOST = 1209600 };

/* ---- reading ---- */

/* Where in the document something stands, for messages. */
struct place {
    struct work *work;
    const char *path; /* "task_routing.filters[0].targets[1]" */
};

static bool wrong(const struct place *place, const char *member, const char *what)
{
    return fail_field(place->work, "configuration", "%s%s%s %s", place->path, member ? "." : "",
                      member ? member : "", what);
}

static struct place inside(const struct place *place, const char *member, size_t index)
{
    return (struct place){
        place->work, arena_format(&place->work->arena, "%s.%s[%zu]", place->path, member, index)};
}

/* A text in the arena, NULL when it is absent or null; anything else is a mistake. */
static bool read_text(const struct place *place, json_object *object, const char *member,
                      const char **text)
{
    json_object *value = json_member(object, member);

    *text = NULL;
    if (!value)
        return true;
    if (!json_object_is_type(value, json_type_string))
        return wrong(place, member, "must be a text");
    *text = arena_text(&place->work->arena, json_object_get_string(value));
    return true;
}

/* A whole number, also as a text of digits. */
static bool read_number(const struct place *place, json_object *object, const char *member,
                        int64_t most, int64_t *number)
{
    json_object *value = json_member(object, member);
    const char *text = json_text(object, member);
    char *end;

    *number = NO_INTEGER;
    if (!value || (text && !*text))
        return true;
    if (text) {
        *number = strtoll(text, &end, 10);
        if (*end)
            *number = -1;
    } else if (json_object_is_type(value, json_type_int)) {
        *number = json_object_get_int64(value);
    } else {
        *number = -1;
    }
    return (*number >= 0 && *number <= most) ||
           wrong(place, member, "must be a whole number that is not negative");
}

/* The message of an expression's own, behind the place it stands at. */
static bool blame(const struct place *place, const char *member)
{
    const char *said = arena_text(&place->work->arena, place->work->error.message);

    return wrong(place, member, arena_format(&place->work->arena, "cannot be read: %s", said));
}

static bool read_expression(const struct place *place, json_object *object, const char *member,
                            const struct expression **expression)
{
    const char *text;

    *expression = NULL;
    if (!read_text(place, object, member, &text))
        return false;
    return !text || !*text || expression_read(place->work, "configuration", text, expression) ||
           blame(place, member);
}

static bool read_queue(const struct place *place, json_object *object, uid *queue)
{
    const char *text;

    if (!read_text(place, object, "queue", &text))
        return false;
    return !text || tr_sid_read(text, "WQ", queue) ||
           wrong(place, "queue", "must be the SID of a task queue");
}

static bool read_known_worker(const struct place *place, json_object *object,
                              struct routing_target *target)
{
    target->known_by_name = json_member(object, "known_worker_friendly_name") != NULL;
    return read_expression(
        place, object, target->known_by_name ? "known_worker_friendly_name" : "known_worker_sid",
        &target->known_worker);
}

static bool read_target(const struct place *place, json_object *object,
                        struct routing_target *target)
{
    const char *order;

    if (!json_object_is_type(object, json_type_object))
        return wrong(place, NULL, "must be an object");
    if (!read_queue(place, object, &target->queue) ||
        !read_number(place, object, "priority", INT32_MAX, &target->priority) ||
        !read_number(place, object, "timeout", TIMEOUT_MOST, &target->timeout_seconds) ||
        !read_expression(place, object, "expression", &target->expression) ||
        !read_expression(place, object, "skip_if", &target->skip_if) ||
        !read_known_worker(place, object, target) || !read_text(place, object, "order_by", &order))
        return false;
    return !order || !*order ||
           expression_read_order(place->work, "configuration", order, target->order,
                                 &target->norder) ||
           blame(place, "order_by");
}

/* Later targets go on in the queue of the one before. */
static bool read_targets(const struct place *place, json_object *filter,
                         struct routing_filter *into)
{
    json_object *list = json_member(filter, "targets");
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    if (!count || count > ROUTING_TARGETS)
        return wrong(place, "targets", "must be a list of 1 to 50 targets");
    into->targets = arena_new(&place->work->arena, struct routing_target, count);
    into->ntargets = count;
    for (size_t i = 0; i < count; i++) {
        struct place here = inside(place, "targets", i);

        if (i)
            into->targets[i].queue = into->targets[i - 1].queue;
        if (!read_target(&here, json_object_array_get_idx(list, i), &into->targets[i]))
            return false;
        if (uid_is_none(into->targets[i].queue))
            return wrong(&here, "queue", "is required");
    }
    return true;
}

static bool read_filter(const struct place *place, json_object *object,
                        struct routing_filter *filter)
{
    if (!json_object_is_type(object, json_type_object))
        return wrong(place, NULL, "must be an object");
    if (!read_text(place, object, "filter_friendly_name", &filter->name) ||
        (!filter->name && !read_text(place, object, "friendly_name", &filter->name)) ||
        !read_expression(place, object, "expression", &filter->expression))
        return false;
    return (filter->expression || wrong(place, "expression", "is required")) &&
           read_targets(place, object, filter);
}

static bool read_filters(const struct place *place, json_object *object, struct routing *routing)
{
    json_object *list = json_member(object, "filters");
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

    if (list && !json_object_is_type(list, json_type_array))
        return wrong(place, "filters", "must be a list");
    if (count > ROUTING_FILTERS)
        return wrong(place, "filters", "has more than 500 filters");
    routing->filters = arena_new(&place->work->arena, struct routing_filter, count);
    routing->nfilters = count;
    for (size_t i = 0; i < count; i++) {
        struct place here = inside(place, "filters", i);

        if (!read_filter(&here, json_object_array_get_idx(list, i), &routing->filters[i]))
            return false;
    }
    return true;
}

static bool read_default(const struct place *place, json_object *object, struct routing *routing)
{
    json_object *otherwise = json_member(object, "default_filter");
    struct place here = {place->work, "task_routing.default_filter"};

    routing->otherwise.timeout_seconds = routing->otherwise.priority = NO_INTEGER;
    if (!otherwise)
        return true;
    if (!json_object_is_type(otherwise, json_type_object))
        return wrong(&here, NULL, "must be an object");
    if (!read_queue(&here, otherwise, &routing->otherwise.queue))
        return false;
    return !uid_is_none(routing->otherwise.queue) || wrong(&here, "queue", "is required");
}

static bool read_tree(struct work *work, json_object *tree, struct routing *routing)
{
    json_object *object = json_member(tree, "task_routing");
    struct place place = {work, "task_routing"};

    if (!json_object_is_type(object, json_type_object))
        return wrong(&place, NULL, "must be an object");
    if (!read_filters(&place, object, routing) || !read_default(&place, object, routing))
        return false;
    return routing->nfilters || !uid_is_none(routing->otherwise.queue) ||
           wrong(&place, NULL, "needs filters or a default_filter");
}

bool routing_read(struct work *work, const char *configuration, struct routing *routing)
{
    size_t length = configuration ? strlen(configuration) : 0;
    json_object *tree;
    bool ok;

    *routing = (struct routing){0};
    if (length > ROUTING_LONGEST)
        return fail_field(work, "configuration", "The configuration is longer than %d bytes",
                          ROUTING_LONGEST);
    if (!json_read(work, configuration ? configuration : "", length, NULL, &tree))
        return fail_field(work, "configuration", "%s",
                          arena_text(&work->arena, work->error.message));
    ok = read_tree(work, tree, routing);
    json_object_put(tree);
    return ok;
}

bool routing_queues(struct work *work, const struct routing *routing,
                    bool (*visit)(struct work *work, uid queue, void *with), void *with)
{
    for (size_t i = 0; i < routing->nfilters; i++)
        for (size_t j = 0; j < routing->filters[i].ntargets; j++)
            if (!visit(work, routing->filters[i].targets[j].queue, with))
                return false;
    return uid_is_none(routing->otherwise.queue) || visit(work, routing->otherwise.queue, with);
}

bool tr_sid_read(const char *text, const char letters[2], uid *id)
{
    return text && strncmp(text, letters, 2) == 0 && uid_read_hex(text + 2, id);
}
