#include "api/phony/phony.h"

#include <string.h>

#include <criterion/criterion.h>

const char *phony_key(const struct customer *customer, const char *permissions)
{
    return customer_key(customer, "phony", say("\"permissions\":[%s]", permissions));
}

struct phony phony_new(void)
{
    struct phony phony = {.customer = customer_new()};

    phony.key = phony_key(&phony.customer, "\"*\"");
    return phony;
}

struct phony phony_platform(void)
{
    struct phony phony = {.customer = customer_new()};

    phony.key = phony_key(&phony.customer, "\"*\",\"platform:admin\"");
    return phony;
}

struct reply pho(const struct phony *phony, const char *method, const char *path, const char *body)
{
    return ask(method, path, phony->key, body, NULL);
}

struct reply pho_must(const struct phony *phony, long status, const char *method, const char *path,
                      const char *body)
{
    struct reply reply = pho(phony, method, path, body);

    cr_assert_eq(reply.status, status, "%s %s %s: %ld %s", method, path, body ? body : "",
                 reply.status, reply.body);
    return reply;
}

const char *phony_agent_new(const struct phony *phony, const char *type)
{
    return at(pho_must(phony, 201, "POST", "/api/agents",
                       say("{\"name\":\"Agent\",\"type\":\"%s\"}", type))
                  .json,
              "id");
}

const char *number_path(const char *number, const char *what)
{
    return say("/api/phone-numbers/%s/%s", number, what);
}

const char *phony_number_new(struct phony *phony)
{
    customer_number(&phony->customer);
    pho_must(phony, 200, "POST", number_path(phony->customer.number, "release"), NULL);
    return phony->customer.number;
}

void pho_refused(const struct reply *reply, long status, const char *word)
{
    const char *type = reply_header_of(reply, "Content-Type");

    cr_expect_eq(reply->status, status, "%ld instead of %ld: %s", reply->status, status,
                 reply->body);
    cr_expect_str_eq(at(reply->json, "error"), word, "%s", reply->body);
    cr_expect(*at(reply->json, "message"), "no reason is given: %s", reply->body);
    cr_expect_str_eq(at(reply->json, "status"), say("%ld", status), "%s", reply->body);
    cr_expect_str_eq(at(reply->json, "request_id"), reply_header_of(reply, "X-Request-Id"));
    cr_expect(type && strncmp(type, "application/json", 16) == 0, "%s", type);
}

void pho_blamed(const struct reply *reply, const char *field)
{
    cr_expect_str_eq(at(reply->json, "details.0.field"), field, "%s", reply->body);
    cr_expect(*at(reply->json, "details.0.message"), "%s", reply->body);
}
