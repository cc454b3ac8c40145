/* common/fault.c - the orders of a test, and what is done to plain requests. */
#include "common/fault.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

enum { FACTS_MAX = 12 };

struct ordered {
    struct fault fault;
    struct json_object *match;
    int id, left, struck;
    struct ordered *next;
};

static struct ordered *orders;
static int last_id;

/* ---- matching ---- */

struct facts {
    const char *names[FACTS_MAX], *values[FACTS_MAX];
    int count;
};

static const char *fact(const struct facts *facts, const char *name)
{
    for (int i = 0; i < facts->count; i++)
        if (!strcmp(facts->names[i], name))
            return facts->values[i];
    return NULL;
}

static bool matches(const struct ordered *ordered, const struct facts *facts)
{
    const char *wanted, *is;

    if (!ordered->match)
        return true;
    json_object_object_foreach(ordered->match, name, value)
    {
        wanted = json_object_get_string(value);
        is = fact(facts, name);
        if (!is || !wanted)
            return false;
        if (strcmp(name, "path") ? strcmp(is, wanted) : strncmp(is, wanted, strlen(wanted)))
            return false;
    }
    return true;
}

static const struct fault *strike(const char *act, const struct facts *facts)
{
    for (struct ordered *ordered = orders; ordered; ordered = ordered->next) {
        if (!ordered->left || (act && strcmp(ordered->fault.act, act)) || !matches(ordered, facts))
            continue;
        if (ordered->left > 0)
            ordered->left--;
        ordered->struck++;
        log_event("fault", "do", ordered->fault.act, "match",
                  ordered->match ? json_object_to_json_string(ordered->match) : "{}", NULL);
        return &ordered->fault;
    }
    return NULL;
}

const struct fault *fault_strike(const char *act, ...)
{
    struct facts facts = {.count = 0};
    const char *name;
    va_list args;

    va_start(args, act);
    while (facts.count < FACTS_MAX && (name = va_arg(args, const char *))) {
        facts.names[facts.count] = name;
        facts.values[facts.count++] = va_arg(args, const char *);
    }
    va_end(args);
    return orders ? strike(act, &facts) : NULL;
}

/* ---- the control port ---- */

static int number(struct json_object *order, const char *name, int otherwise)
{
    struct json_object *value;

    return json_object_object_get_ex(order, name, &value) ? json_object_get_int(value) : otherwise;
}

static void add_order(struct web_request *request)
{
    struct json_object *order = web_body_json(request), *act, *answer;
    struct ordered *ordered, **end = &orders;

    if (!json_object_object_get_ex(order, "do", &act)) {
        web_answer_json(request, 400,
                        json_tokener_parse("{\"error\":\"a \\\"do\\\" is missing\"}"));
        return;
    }
    ordered = calloc(1, sizeof *ordered);
    ordered->fault = (struct fault){.act = json_object_get_string(act),
                                    .ms = number(order, "ms", 0),
                                    .status = number(order, "status", 503),
                                    .order = json_object_get(order)};
    json_object_object_get_ex(order, "match", &ordered->match);
    ordered->left = number(order, "times", 1);
    ordered->id = ++last_id;
    while (*end)
        end = &(*end)->next;
    *end = ordered;
    answer = json_object_new_object();
    json_object_object_add(answer, "id", json_object_new_int(ordered->id));
    web_answer_json(request, 201, answer);
}

static void clear_orders(void)
{
    struct ordered *next;

    for (; orders; orders = next) {
        next = orders->next;
        json_object_put(orders->fault.order);
        free(orders);
    }
}

static struct json_object *list_orders(void)
{
    struct json_object *list = json_object_new_array(), *one;

    for (struct ordered *ordered = orders; ordered; ordered = ordered->next) {
        one = json_object_new_object();
        json_object_object_add(one, "id", json_object_new_int(ordered->id));
        json_object_object_add(one, "order", json_object_get(ordered->fault.order));
        json_object_object_add(one, "struck", json_object_new_int(ordered->struck));
        json_object_object_add(one, "left", json_object_new_int(ordered->left));
        json_object_array_add(list, one);
    }
    return list;
}

void fault_control(struct web_request *request)
{
    struct json_object *answer;

    if (!strcmp(web_method(request), "POST")) {
        add_order(request);
        return;
    }
    if (!strcmp(web_method(request), "DELETE"))
        clear_orders();
    answer = json_object_new_object();
    json_object_object_add(answer, "faults", list_orders());
    web_answer_json(request, 200, answer);
}

/* ---- faults of plain requests ---- */

/* A request held back for a while. */
struct held {
    struct web_request *request;
    web_handler handler; /* NULL: answer with the status */
    void *user;
    int status;
    char *body;
};

static void release(void *user)
{
    struct held *held = user;

    if (held->handler)
        held->handler(held->request, held->user);
    else
        web_answer(held->request, held->status, "application/json", held->body,
                   held->body ? strlen(held->body) : 0);
    free(held->body);
    free(held);
}

static void hold(struct web *web, const struct fault *fault, struct held held)
{
    struct held *copy = malloc(sizeof *copy);

    *copy = held;
    if (fault->ms > 0)
        web_after(web, fault->ms, release, copy);
    else
        release(copy);
}

/* The body that goes with a status: the given one, or one with the given code. */
static char *body_of(const struct fault *fault)
{
    struct json_object *body, *made;
    char *copy;

    if (json_object_object_get_ex(fault->order, "body", &body))
        return strdup(json_object_get_string(body));
    made = json_object_new_object();
    json_object_object_add(made, "code", json_object_new_int(number(fault->order, "code", 20500)));
    json_object_object_add(made, "message", json_object_new_string("A fault was ordered"));
    json_object_object_add(made, "status", json_object_new_int(fault->status));
    copy = strdup(json_object_to_json_string(made));
    json_object_put(made);
    return copy;
}

bool fault_http(struct web *web, struct web_request *request, web_handler handler, void *user)
{
    const struct fault *fault =
        fault_strike(NULL, "path", web_path(request), "method", web_method(request), NULL);
    struct held held = {.request = request, .user = user};

    if (!fault)
        return false;
    if (!strcmp(fault->act, "drop")) {
        web_drop(request);
    } else if (!strcmp(fault->act, "delay")) {
        held.handler = handler;
        hold(web, fault, held);
    } else if (!strcmp(fault->act, "status")) {
        held.status = fault->status;
        held.body = body_of(fault);
        hold(web, fault, held);
    } else if (!strcmp(fault->act, "garbage")) {
        web_answer(request, 200, "application/json", "\x01{\"sid\":\xff\xfe", 9);
    } else if (!strcmp(fault->act, "lose")) {
        web_lose_answer(request);
        return false;
    } else if (!strcmp(fault->act, "stall")) {
        web_ignore(request);
    } else {
        return false;
    }
    return true;
}
