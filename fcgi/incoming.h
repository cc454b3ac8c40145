/*
 * fcgi/incoming.h - a request out of the variables that every web server sends.
 *
 * Relies on REQUEST_METHOD, REQUEST_URI and the HTTP_ variables, and on nothing that only one web
 * server does.  The address of the client and the name by which he knows us are believed from
 * TRUSTED_PROXIES only.
 */
#ifndef FCGI_INCOMING_H
#define FCGI_INCOMING_H

#include "fcgi/request.h"

enum { NOT_ANNOUNCED = -1 };

/*
 * Fills method, path, query, headers, client, scheme and host; work.config must be set.  The path
 * of PUBLIC_BASE_URL, if it has one, is taken off.  "variables" are "NAME=value", NULL-ended.
 * Returns the announced length of the body, or NOT_ANNOUNCED.
 */
int64_t incoming_read(struct request *req, char *const *variables);

/* Takes over a body that was read; "more" says that it went on and was dropped. */
void incoming_body(struct request *req, char *body, size_t length, int64_t announced, bool more);

/* Writes the head of the answer as CGI has it: "Status: 200 OK\r\n…\r\n\r\n". */
void outgoing_head(struct request *req, struct text *head);

/* Writes the request's line to the log: who, what, how long; no query, no token, no body. */
void request_log(struct request *req, int64_t bytes_sent, int64_t duration_us);

#endif
