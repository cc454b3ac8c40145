#include "harness/talk.h"

#include <string.h>

#include <criterion/criterion.h>

json_object *call_turns(const struct customer *customer, const char *call_sid)
{
    struct reply reply = kwick(customer, "GET", say("/v1/calls/%s/transcript", call_sid), NULL);
    json_object *turns = NULL;

    cr_assert_eq(reply.status, 200, "%ld %s", reply.status, reply.body);
    cr_assert(json_object_object_get_ex(reply.json, "turns", &turns), "%s", reply.body);
    return turns;
}

bool turns_hold(json_object *turns, const char *role, const char *text)
{
    for (size_t i = 0; i < json_object_array_length(turns); i++) {
        json_object *one = json_object_array_get_idx(turns, i);

        if (strcmp(at(one, "role"), role) == 0 && strcmp(at(one, "text"), text) == 0)
            return true;
    }
    return false;
}

bool agent_was_heard(json_object *carrier, const char *text)
{
    json_object *heard = json_object_object_get(carrier, "transcript");

    for (size_t i = 0; heard && i < json_object_array_length(heard); i++) {
        json_object *one = json_object_array_get_idx(heard, i);

        if (strcmp(at(one, "who"), "agent") == 0 &&
            strncmp(at(one, "text"), text, strlen(text)) == 0 &&
            strcmp(at(one, "whole"), "true") == 0)
            return true;
    }
    return false;
}
