/* twilio/signed_form.c - requests as a test wants them. */
#include "twilio/signed_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twilio/carrier.h"
#include "twilio/form.h"
#include "twilio/outgoing.h"
#include "twilio/signature.h"

enum { LIMIT_MS = 15000, CONNECT_MS = 5000, HEADERS_MAX = 32 };

struct batch {
    struct web_request *request;
    struct json_object *order, *answers;
    struct form form;
    char *url, *sign_url, *body, *type, *token;
    int64_t left, running;
    bool concurrent;
};

static void send_one(struct batch *batch);

/* ---- reading the order ---- */

static void fill(struct form *form, struct json_object *given)
{
    if (!given)
        return;
    json_object_object_foreach(given, name, value)
    {
        if (!json_object_is_type(value, json_type_array)) {
            form_add(form, name, json_object_get_string(value));
            continue;
        }
        for (size_t i = 0; i < json_object_array_length(value); i++)
            form_add(form, name, json_object_get_string(json_object_array_get_idx(value, i)));
    }
}

static bool is_form(const struct batch *batch)
{
    return !json_member(batch->order, "json") && !json_member(batch->order, "body");
}

static bool is_get(const struct batch *batch)
{
    return text_is(json_text(batch->order, "method"), "GET");
}

/* A body that is no form is signed through its digest in the URL. */
static void add_digest(struct batch *batch, char **url)
{
    char digest[65], *whole;

    body_digest(batch->body, strlen(batch->body), digest);
    whole = text_of("%s%cbodySHA256=%s", *url, strchr(*url, '?') ? '&' : '?', digest);
    free(*url);
    *url = whole;
}

static void read_body(struct batch *batch)
{
    struct json_object *json = json_member(batch->order, "json");
    const char *given = json_text(batch->order, "body");
    const char *type = json_text(batch->order, "content_type");

    if (json)
        batch->body = text_copy(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
    else
        batch->body = given ? text_copy(given) : form_encode(&batch->form);
    if (!type)
        type = json ? "application/json" : "application/x-www-form-urlencoded; charset=UTF-8";
    batch->type = text_copy(type);
    if (!json && !given)
        return;
    add_digest(batch, &batch->url);
    add_digest(batch, &batch->sign_url);
}

static const char *key_of(struct json_object *order)
{
    const char *sid = json_text(order, "account");
    const struct account *account = sid ? account_find(sid) : account_first();

    if (json_text(order, "token"))
        return json_text(order, "token");
    return account ? account->token : "";
}

static struct batch *batch_new(struct web_request *request, struct json_object *order)
{
    struct batch *batch = calloc(1, sizeof *batch);
    const char *sign_url = json_text(order, "sign_url");

    batch->request = request;
    batch->order = json_object_get(order);
    batch->answers = json_object_new_array();
    batch->url = text_copy(json_text(order, "url"));
    batch->sign_url = sign_url ? text_copy(sign_url) : signature_url(batch->url, SIGNED_VOICE);
    batch->token = text_copy(key_of(order));
    batch->left = json_integer(order, "count", 1);
    batch->concurrent = json_flag(order, "concurrent", false);
    fill(&batch->form, json_member(order, "form"));
    read_body(batch);
    return batch;
}

/* ---- sending ---- */

static void finish(struct batch *batch)
{
    struct json_object *body = json_object_new_object();

    json_set_object(body, "answers", batch->answers);
    web_answer_json(batch->request, 200, body);
    json_object_put(batch->order);
    form_free(&batch->form);
    free(batch->url);
    free(batch->sign_url);
    free(batch->body);
    free(batch->type);
    free(batch->token);
    free(batch);
}

static void answered(void *user, const struct outgoing_answer *answer)
{
    struct batch *batch = user;
    struct json_object *entry = json_object_new_object();

    json_set_integer(entry, "status", answer->status);
    json_set(entry, "type", answer->type);
    json_set(entry, "body", answer->body);
    json_set_integer(entry, "ms", answer->ms);
    if (!answer->status)
        json_set(entry, "error", answer->error);
    json_object_array_add(batch->answers, entry);
    batch->running--;
    if (batch->left > 0 && !batch->concurrent)
        send_one(batch);
    else if (!batch->running)
        finish(batch);
}

static int add_headers(const struct batch *batch, char **headers)
{
    struct json_object *more = json_member(batch->order, "headers");
    const char *given = json_text(batch->order, "signature");
    const char *token = json_text(batch->order, "idempotency_token");
    char signature[SIGNATURE_SIZE];
    int count = 0;

    signature_of(batch->token, batch->sign_url,
                 is_form(batch) && !is_get(batch) ? &batch->form : NULL, signature);
    if (!given || *given)
        headers[count++] = text_of("X-Twilio-Signature: %s", given ? given : signature);
    if (token)
        headers[count++] = text_of("I-Twilio-Idempotency-Token: %s", token);
    if (more) {
        json_object_object_foreach(more, name, value)
        {
            if (count < HEADERS_MAX)
                headers[count++] = text_of("%s: %s", name, json_object_get_string(value));
        }
    }
    return count;
}

static void send_one(struct batch *batch)
{
    char *headers[HEADERS_MAX + 1] = {NULL};
    int count = add_headers(batch, headers);
    struct outgoing outgoing = {
        .url = batch->url,
        .method = is_get(batch) ? "GET" : "POST",
        .content_type = is_get(batch) ? NULL : batch->type,
        .body = is_get(batch) ? NULL : batch->body,
        .headers = (const char *const *)headers,
        .connect_timeout_ms = CONNECT_MS,
        .timeout_ms = LIMIT_MS,
    };

    batch->left--;
    batch->running++;
    outgoing_send(&outgoing, answered, batch);
    for (int i = 0; i < count; i++)
        free(headers[i]);
}

void signed_form(struct web_request *request)
{
    struct json_object *order = web_body_json(request);
    struct batch *batch;

    if (!json_text(order, "url") || json_integer(order, "count", 1) < 1) {
        web_answer_json(request, 400, json_tokener_parse("{\"error\":\"an url is missing\"}"));
        return;
    }
    batch = batch_new(request, order);
    do
        send_one(batch);
    while (batch->concurrent && batch->left > 0);
}
