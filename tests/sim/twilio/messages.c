/* twilio/messages.c - messages both ways. */
#include "twilio/messages.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/callee.h"
#include "twilio/numbers.h"
#include "twilio/program.h"
#include "twilio/webhook.h"

enum { BODY_MAX = 1600, SENT_MS = 40, DELIVERED_MS = 120, SINGLE = 160, PART = 153 };

static struct json_object *messages; /* resources, the oldest first */

/* What the stand-in knows of a message beyond its resource. */
struct sending {
    struct json_object *message;
    const struct account *account;
    char *told;
};

/* ---- resources ---- */

struct json_object *messages_all(void)
{
    if (!messages)
        messages = json_object_new_array();
    return messages;
}

static struct json_object *message_new(const struct account *account, const char *from,
                                       const char *to, const char *body, const char *direction)
{
    struct json_object *message = json_object_new_object();
    char sid[SID_SIZE], date[DATE_SIZE], segments[24], *uri;
    size_t length = strlen(body);

    sid_new("SM", sid);
    uri = rest_uri(account, "/Messages/%s.json", sid);
    snprintf(segments, sizeof segments, "%zu", length <= SINGLE ? 1 : (length + PART - 1) / PART);
    json_set(message, "sid", sid);
    json_set(message, "account_sid", account->sid);
    json_set(message, "from", from);
    json_set(message, "to", to);
    json_set(message, "body", body);
    json_set(message, "num_segments", segments);
    json_set(message, "num_media", "0");
    json_set(message, "direction", direction);
    json_set(message, "status", text_is(direction, "inbound") ? "received" : "queued");
    json_set(message, "date_created", date_rfc2822(web_epoch_ms(), date));
    json_set(message, "date_updated", date);
    json_set(message, "date_sent", NULL);
    json_set(message, "price", NULL);
    json_set(message, "price_unit", "USD");
    json_set(message, "error_code", NULL);
    json_set(message, "error_message", NULL);
    json_set(message, "messaging_service_sid", NULL);
    json_set(message, "api_version", "2010-04-01");
    json_set_object(message, "subresource_uris", json_object_new_object());
    json_set(message, "uri", uri);
    json_object_array_add(messages_all(), message);
    log_event("message", "sid", sid, "from", from, "to", to, "body", body, "direction", direction,
              NULL);
    free(uri);
    return message;
}

/* ---- on its way ---- */

static void tell(struct sending *sending)
{
    struct json_object *message = sending->message;
    const char *status = json_text(message, "status"), *sid = json_text(message, "sid");
    struct webhook webhook = {.kind = "status",
                              .account = sending->account,
                              .url = sending->told,
                              .signed_as = SIGNED_MESSAGE,
                              .subject = sid,
                              .status = status};

    log_event("message_status", "sid", sid, "status", status, NULL);
    if (!sending->told || !*sending->told)
        return;
    form_add(&webhook.form, "MessageSid", sid);
    form_add(&webhook.form, "SmsSid", sid);
    form_add(&webhook.form, "MessageStatus", status);
    form_add(&webhook.form, "SmsStatus", status);
    form_add(&webhook.form, "To", json_text(message, "to"));
    form_add(&webhook.form, "From", json_text(message, "from"));
    form_add(&webhook.form, "AccountSid", sending->account->sid);
    form_add(&webhook.form, "ApiVersion", "2010-04-01");
    form_add(&webhook.form, "ErrorCode", json_text(message, "error_code"));
    webhook_send(&webhook, NULL, NULL);
}

static void enter(struct sending *sending, const char *status)
{
    char date[DATE_SIZE];

    json_set(sending->message, "status", status);
    json_set(sending->message, "date_updated", date_rfc2822(web_epoch_ms(), date));
    tell(sending);
}

static void arrive(void *user)
{
    struct sending *sending = user;
    struct json_object *callee = callee_of(json_text(sending->message, "to"));
    const char *result = json_text(callee, "sms_result");

    if (result && strcmp(result, "delivered")) {
        json_set_integer(sending->message, "error_code", json_integer(callee, "sms_error", 30003));
        json_set(sending->message, "error_message", "Unreachable destination handset");
    }
    json_set(sending->message, "price", "-0.00790");
    enter(sending, result ? result : "delivered");
    free(sending->told);
    free(sending);
}

static void leave(void *user)
{
    struct sending *sending = user;
    char date[DATE_SIZE];

    json_set(sending->message, "date_sent", date_rfc2822(web_epoch_ms(), date));
    enter(sending, "sent");
    web_after(carrier.web, DELIVERED_MS, arrive, sending);
}

static void send(struct json_object *message, const struct account *account, const char *told)
{
    struct sending *sending = calloc(1, sizeof *sending);

    *sending = (struct sending){.message = message, .account = account, .told = text_copy(told)};
    web_after(carrier.web, SENT_MS, leave, sending);
}

/* ---- REST ---- */

static bool may_send(struct rest *rest, const char *from)
{
    struct json_object *number = number_find(from);

    return number && number_account(number) == rest->account;
}

void messages_create(struct rest *rest)
{
    const char *to = rest_param(rest, "To"), *from = rest_param(rest, "From");
    const char *body = rest_param(rest, "Body");
    struct json_object *message;

    if (!to)
        rest_error(rest, 400, 21604, "A 'To' phone number is required.");
    else if (!is_e164(to))
        rest_error(rest, 400, 21211, "Invalid 'To' Phone Number: %s", to);
    else if (!from && !rest_param(rest, "MessagingServiceSid"))
        rest_error(rest, 400, 21603, "A 'From' phone number is required.");
    else if (from && !may_send(rest, from))
        rest_error(rest, 400, 21606, "The From phone number %s is not a valid sender", from);
    else if (!body || !*body)
        rest_error(rest, 400, 21602, "Message body is required.");
    else if (strlen(body) > BODY_MAX)
        rest_error(rest, 400, 21617, "The concatenated message body exceeds the 1600 limit.");
    else if (json_flag(callee_of(to), "unsubscribed", false))
        rest_error(rest, 400, 21610, "Attempt to send to unsubscribed recipient");
    else {
        message = message_new(rest->account, from, to, body, "outbound-api");
        json_set(message, "messaging_service_sid", rest_param(rest, "MessagingServiceSid"));
        send(message, rest->account, rest_param(rest, "StatusCallback"));
        rest_answer(rest, 201, json_object_get(message));
    }
}

static bool belongs(const struct rest *rest, struct json_object *message)
{
    return text_is(json_text(message, "account_sid"), rest->account->sid);
}

void messages_fetch(struct rest *rest)
{
    struct json_object *message;

    for (size_t i = 0; i < json_object_array_length(messages_all()); i++) {
        message = json_object_array_get_idx(messages_all(), i);
        if (belongs(rest, message) && text_is(rest->ids[0], json_text(message, "sid"))) {
            rest_answer(rest, 200, json_object_get(message));
            return;
        }
    }
    rest_not_found(rest);
}

static bool fits(const char *wanted, const char *is)
{
    return !wanted || text_is(is, wanted);
}

void messages_list(struct rest *rest)
{
    struct json_object *all = json_object_new_array(), *message;

    for (size_t i = json_object_array_length(messages_all()); i-- > 0;) {
        message = json_object_array_get_idx(messages_all(), i);
        if (belongs(rest, message) && fits(rest_param(rest, "To"), json_text(message, "to")) &&
            fits(rest_param(rest, "From"), json_text(message, "from")))
            json_object_array_add(all, json_object_get(message));
    }
    rest_list(rest, "messages", all);
}

/* ---- receiving ---- */

/* A received message whose sender waits for what comes of it. */
struct receiving {
    struct web_request *request;
    struct json_object *message;
    const struct account *account;
};

static struct json_object *reply(const struct receiving *receiving, const xmlNode *node)
{
    const char *to = json_text(receiving->message, "from");
    const char *from = json_text(receiving->message, "to");
    char *body = node_text(node), *told = attribute(node, "action");
    struct json_object *message = message_new(receiving->account, from, to, body, "outbound-reply");

    send(message, receiving->account, told);
    free(body);
    xmlFree(told);
    return json_object_get(message);
}

static struct json_object *replies_of(const struct receiving *receiving,
                                      const struct outgoing_answer *answer)
{
    struct json_object *replies = json_object_new_array();
    xmlDoc *document = xmlReadMemory(answer->body, (int)answer->length, NULL, NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    xmlNode *node = node_is(root, "Response") ? element_from(root->children) : NULL;

    for (; node; node = element_from(node->next))
        if (node_is(node, "Message"))
            json_object_array_add(replies, reply(receiving, node));
    if (document)
        xmlFreeDoc(document);
    return replies;
}

static void answered(void *user, const struct outgoing_answer *answer)
{
    struct receiving *receiving = user;
    struct json_object *body = json_object_new_object();

    json_set(body, "message_sid", json_text(receiving->message, "sid"));
    json_set_integer(body, "webhook_status", answer->status);
    json_set(body, "webhook_body", answer->body);
    json_set_object(body, "replies", replies_of(receiving, answer));
    web_answer_json(receiving->request, 201, body);
    free(receiving);
}

static void fill(struct json_object *message, struct form *form)
{
    const char *sid = json_text(message, "sid");

    form_add(form, "MessageSid", sid);
    form_add(form, "SmsSid", sid);
    form_add(form, "SmsMessageSid", sid);
    form_add(form, "AccountSid", json_text(message, "account_sid"));
    form_add(form, "From", json_text(message, "from"));
    form_add(form, "To", json_text(message, "to"));
    form_add(form, "Body", json_text(message, "body"));
    form_add(form, "NumMedia", "0");
    form_add(form, "NumSegments", json_text(message, "num_segments"));
    form_add(form, "SmsStatus", "received");
    form_add(form, "ApiVersion", "2010-04-01");
    form_add(form, "FromCity", "");
    form_add(form, "FromState", "");
    form_add(form, "FromZip", "");
    form_add(form, "FromCountry", "US");
    form_add(form, "ToCity", "");
    form_add(form, "ToState", "");
    form_add(form, "ToZip", "");
    form_add(form, "ToCountry", "US");
}

void messages_receive(struct web_request *request)
{
    struct json_object *order = web_body_json(request), *number;
    const char *from = json_text(order, "from"), *to = json_text(order, "to");
    const char *body = json_text(order, "body"), *url;
    struct receiving *receiving;
    struct webhook webhook = {.kind = "sms", .signed_as = SIGNED_MESSAGE};

    number = number_find(to);
    url = json_text(order, "url") ? json_text(order, "url") : json_text(number, "sms_url");
    if (!number || !from || !body || !url || !*url) {
        web_answer_json(request, 400,
                        json_tokener_parse("{\"error\":\"no such number, or it has "
                                           "no SmsUrl, or from or body missing\"}"));
        return;
    }
    receiving = calloc(1, sizeof *receiving);
    receiving->request = request;
    receiving->account = number_account(number);
    receiving->message = message_new(receiving->account, from, to, body, "inbound");
    fill(receiving->message, &webhook.form);
    webhook.account = receiving->account;
    webhook.url = url;
    webhook.method = json_text(number, "sms_method");
    webhook.subject = json_text(receiving->message, "sid");
    webhook_send(&webhook, answered, receiving);
}
