/*
 * common/control.h - the control port that all stand-ins share: /_fault, /_log and /_state, and
 * the program's own paths behind them.
 */
#ifndef SIM_COMMON_CONTROL_H
#define SIM_COMMON_CONTROL_H

#include "common/web.h"

struct control {
    struct json_object *(*state)(void *user); /* the answer of GET /_state; may be NULL */
    web_handler handler;                      /* any other path; NULL answers 404 */
    void *user;
};

/* Listens like web_listen(); "control" stays the caller's and must live as long as the loop. */
int control_listen(struct web *web, const char *address, const struct control *control);

#endif
