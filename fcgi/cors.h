/*
 * fcgi/cors.h - web pages of other origins, where CORS_ORIGINS lets them in.
 */
#ifndef FCGI_CORS_H
#define FCGI_CORS_H

#include "fcgi/request.h"

/* Answers OPTIONS on a path that exists: 204 with Allow, and what a browser asks beforehand. */
bool cors_preflight(struct request *req);

/* Adds to any answer what lets the page of an allowed origin read it. */
void cors_answer(struct request *req);

#endif
