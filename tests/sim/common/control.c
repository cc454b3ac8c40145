/* common/control.c - the paths that every control port has. */
#include "common/control.h"

#include <string.h>

#include "common/fault.h"
#include "common/log.h"

static struct web *loop;

static void handle(struct web_request *request, void *user)
{
    const struct control *control = user;

    if (!strcmp(web_path(request), "/_fault"))
        fault_control(request);
    else if (!strcmp(web_path(request), "/_log"))
        log_control(loop, request);
    else if (!strcmp(web_path(request), "/_state") && control->state)
        web_answer_json(request, 200, control->state(control->user));
    else if (control->handler)
        control->handler(request, control->user);
    else
        web_answer_json(request, 404, json_tokener_parse("{\"error\":\"no such path\"}"));
}

int control_listen(struct web *web, const char *address, const struct control *control)
{
    struct web_service service = {.handler = handle, .user = (void *)(uintptr_t)control};

    loop = web;
    return web_listen(web, address, &service);
}
