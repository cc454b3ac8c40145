/*
 * A stand-in for a tenant's endpoints, webhooks and tools: takes any request, remembers it, and
 * answers 200, or what it was told to answer.
 *
 *   receiver --listen 127.0.0.1:PORT --control 127.0.0.1:PORT [--log FILE]
 *
 * On the control port:
 *
 *   POST /_fault, GET, DELETE      faults by path and method (common/fault.h); a delivery that a
 *                                  fault strikes is remembered nevertheless
 *   GET  /_log?after=N&wait_ms=M[&path=PREFIX]   what arrived
 *   POST /_secret {"path":"/hook","header":"X-KwickPhone-Signature","secret":"whsec_..."}
 *                                  from now on, signatures below this path are checked
 *   POST /_tool {"path":"/tools/x","body":"…",…}   what a path answers (receiver/tools.h)
 *   GET  /_state                   {"deliveries":N}
 */
#include <stdio.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "receiver/deliveries.h"
#include "receiver/signature.h"
#include "receiver/tools.h"

static struct web *web;

static void accept_delivery(struct web_request *request, void *user)
{
    static const char body[] = "{\"received\":true}\n";

    (void)user;
    if (!tools_answer(web, request))
        web_answer(request, 200, "application/json", body, sizeof body - 1);
}

static void receive(struct web_request *request, void *user)
{
    deliveries_add(request, signature_check(request));
    if (!fault_http(web, request, accept_delivery, user))
        accept_delivery(request, user);
}

static const char *text_of(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    if (object != NULL)
        json_object_object_get_ex(object, name, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static void learn_secret(struct web_request *request)
{
    struct json_object *body = web_body_json(request);
    const char *path = text_of(body, "path"), *header = text_of(body, "header");
    const char *secret = text_of(body, "secret");

    if (path == NULL || header == NULL || secret == NULL) {
        web_answer_json(request, 400, NULL);
        return;
    }
    signature_expect(path, header, secret);
    web_answer_json(request, 200, json_object_new_object());
}

static void answer_state(struct web_request *request)
{
    struct json_object *state = json_object_new_object();

    json_object_object_add(state, "deliveries", json_object_new_int64(deliveries_count()));
    web_answer_json(request, 200, state);
}

static void control(struct web_request *request, void *user)
{
    const char *path = web_path(request);

    (void)user;
    if (strcmp(path, "/_fault") == 0)
        fault_control(request);
    else if (strcmp(path, "/_log") == 0)
        deliveries_answer(web, request);
    else if (strcmp(path, "/_secret") == 0 && strcmp(web_method(request), "POST") == 0)
        learn_secret(request);
    else if (strcmp(path, "/_tool") == 0 && strcmp(web_method(request), "POST") == 0)
        tools_learn(request);
    else if (strcmp(path, "/_state") == 0)
        answer_state(request);
    else
        web_answer_json(request, 404, NULL);
}

int main(int argc, char **argv)
{
    static const struct web_service service = {.handler = receive};
    static const struct web_service controls = {.handler = control};
    int port, control_port;

    log_open(web_option(argc, argv, "log", NULL));
    web = web_new();
    port = web_listen(web, web_option(argc, argv, "listen", "127.0.0.1:0"), &service);
    control_port = web_listen(web, web_option(argc, argv, "control", "127.0.0.1:0"), &controls);
    if (port == 0 || control_port == 0)
        return 1;
    web_announce(port, control_port);
    web_run(web);
    web_free(web);
    deliveries_free();
    signature_forget_all();
    tools_forget_all();
    return 0;
}
