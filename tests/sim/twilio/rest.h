/*
 * twilio/rest.h - the REST API below /2010-04-01: who asks, which operation, and how answers,
 * errors and lists look.
 */
#ifndef SIM_TWILIO_REST_H
#define SIM_TWILIO_REST_H

#include "common/web.h"
#include "twilio/carrier.h"
#include "twilio/form.h"

struct rest {
    struct web_request *request;
    const struct account *account;
    struct form params; /* of the query and of the body */
    char *ids[2];       /* what the braces of the route matched */
    bool answered;
};

typedef void (*rest_handler)(struct rest *rest);

/* Answers a request of the service's port. */
void rest_handle(struct web_request *request, void *unused);

/* A parameter, or NULL. */
const char *rest_param(const struct rest *rest, const char *name);

/* Each answers the request; "body" is taken. */
void rest_answer(struct rest *rest, int status, struct json_object *body);
void rest_error(struct rest *rest, int status, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void rest_not_found(struct rest *rest);
void rest_media(struct rest *rest, const char *type, const void *bytes, size_t length);

/*
 * Answers with one page of "all" (an array, taken) under "key", with the paging members of the
 * 2010 API.
 */
void rest_list(struct rest *rest, const char *key, struct json_object *all);

/* "/2010-04-01/Accounts/AC…" and what follows, to be freed by the caller. */
char *rest_uri(const struct account *account, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The two list filters of dates: does a moment fit NAME, NAME< and NAME> of the query? */
bool rest_date_fits(const struct rest *rest, const char *name, int64_t epoch_ms);

#endif
