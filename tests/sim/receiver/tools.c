#include "receiver/tools.h"

#include <stdlib.h>
#include <string.h>

/* What a path answers: the order as it came. */
struct learnt {
    struct learnt *next;
    struct json_object *order;
};

static struct learnt *all;

static const char *text_of(struct json_object *order, const char *name, const char *otherwise)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(order, name, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : otherwise;
}

static int number_of(struct json_object *order, const char *name, int otherwise)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(order, name, &value);
    return json_object_is_type(value, json_type_int) ? json_object_get_int(value) : otherwise;
}

static struct json_object *find(const char *path)
{
    for (struct learnt *one = all; one != NULL; one = one->next)
        if (strcmp(text_of(one->order, "path", ""), path) == 0)
            return one->order;
    return NULL;
}

/* The newest order for a path stands before the older ones. */
void tools_learn(struct web_request *request)
{
    struct json_object *order = web_body_json(request);
    struct learnt *one;

    if (text_of(order, "path", NULL) == NULL) {
        web_answer_json(request, 400, NULL);
        return;
    }
    if ((one = calloc(1, sizeof *one)) == NULL)
        abort();
    one->order = json_object_get(order);
    one->next = all;
    all = one;
    web_answer_json(request, 200, json_object_new_object());
}

/* A request whose answer is due later. */
struct pending {
    struct web_request *request;
    struct json_object *order;
};

static void answer(void *user)
{
    struct pending *pending = user;
    const char *body = text_of(pending->order, "body", "{}");
    const char *location = text_of(pending->order, "location", NULL);

    if (location != NULL)
        web_add_header(pending->request, "Location", location);
    web_answer(pending->request, number_of(pending->order, "status", 200),
               text_of(pending->order, "type", "application/json"), body, strlen(body));
    json_object_put(pending->order);
    free(pending);
}

bool tools_answer(struct web *web, struct web_request *request)
{
    struct json_object *order = find(web_path(request));
    struct pending *pending;
    int ms;

    if (order == NULL)
        return false;
    if ((pending = malloc(sizeof *pending)) == NULL)
        abort();
    *pending = (struct pending){request, json_object_get(order)};
    ms = number_of(order, "ms", 0);
    if (ms > 0)
        web_after(web, ms, answer, pending);
    else
        answer(pending);
    return true;
}

void tools_forget_all(void)
{
    while (all != NULL) {
        struct learnt *next = all->next;

        json_object_put(all->order);
        free(all);
        all = next;
    }
}
