/* twilio/accounts.c - an account as it tells of itself. */
#include "twilio/accounts.h"

#include <stdlib.h>

static struct json_object *subresources(const struct account *account)
{
    static const char *const names[][2] = {
        {"available_phone_numbers", "AvailablePhoneNumbers"},
        {"calls", "Calls"},
        {"incoming_phone_numbers", "IncomingPhoneNumbers"},
        {"messages", "Messages"},
        {"recordings", "Recordings"},
    };
    struct json_object *uris = json_object_new_object();
    char *uri;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uri = rest_uri(account, "/%s.json", names[i][1]);
        json_set(uris, names[i][0], uri);
        free(uri);
    }
    return uris;
}

static struct json_object *resource(const struct account *account)
{
    struct json_object *body = json_object_new_object();
    char *uri = rest_uri(account, ".json");

    json_set(body, "auth_token", account->token);
    json_set(body, "date_created", account->created);
    json_set(body, "date_updated", account->created);
    json_set(body, "friendly_name", "Stand-in account");
    json_set(body, "owner_account_sid", account->sid);
    json_set(body, "sid", account->sid);
    json_set(body, "status", "active");
    json_set_object(body, "subresource_uris", subresources(account));
    json_set(body, "type", "Full");
    json_set(body, "uri", uri);
    free(uri);
    return body;
}

void account_fetch(struct rest *rest)
{
    rest_answer(rest, 200, resource(rest->account));
}

void account_update(struct rest *rest)
{
    rest_answer(rest, 200, resource(rest->account));
}

void accounts_list(struct rest *rest)
{
    struct json_object *all = json_object_new_array();

    json_object_array_add(all, resource(rest->account));
    rest_list(rest, "accounts", all);
}
