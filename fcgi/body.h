/*
 * fcgi/body.h - what a request brings along: a form or JSON.
 */
#ifndef FCGI_BODY_H
#define FCGI_BODY_H

#include "fcgi/request.h"

/* Reads the fields of a form into req->form, none when the body is no form or a broken one. */
void body_find_form(struct request *req);

/*
 * Makes req->json of the body: its JSON, or its form as an object of strings (of arrays where a
 * field is repeated).  Bodies of GET and DELETE are passed over.  TOO_LARGE or INVALID.
 */
bool body_read(struct request *req);

#endif
