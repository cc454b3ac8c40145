/*
 * openai/model.h - the stand-in as a whole: how it was started, and what is open.
 */
#ifndef SIM_OPENAI_MODEL_H
#define SIM_OPENAI_MODEL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/web.h"

enum { KEYS_MAX = 16, ID_SIZE = 80, RECORDS_MAX = 400 };

struct session;
struct replay;

extern struct model {
    struct web *web;
    const char *keys[KEYS_MAX]; /* that are let in; any when there is none */
    size_t key_count;
    double pace;             /* how much faster than real time audio is produced */
    int64_t think_ms;        /* between the creation of a response and its first output */
    int64_t session_seconds; /* how long a session may last */
    struct session *sessions;
    int64_t session_count;       /* ever opened */
    struct json_object *records; /* what /_state tells of each session, the oldest first */
    struct replay *replay;       /* plays a recorded call to every session; or NULL */
} model;

/* A new id such as "item_…", unlike any other, written to "id" and returned. */
const char *make_id(char id[ID_SIZE], const char *prefix);

/* Whether a request carries a key that is let in. */
bool key_accepted(const struct web_request *request);

/* An error body: {"error":{message,type,param,code}}. */
struct json_object *http_error(const char *type, const char *code, const char *message);

#endif
