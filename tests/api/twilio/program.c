#include "api/twilio/program.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static const char *path_of(const struct account *account, const char *path)
{
    return say("/program/%s%s", account->sid, path);
}

const char *program_url(const struct account *account, const char *path)
{
    return say("http://127.0.0.1:%s%s", fact("RECEIVER_PORT"), path_of(account, path));
}

static void learn(json_object *order)
{
    struct reply reply = control("RECEIVER", "POST", "/_tool", json_object_to_json_string(order));

    cr_assert_eq(reply.status, 200, "%s", reply.body);
}

void program_says(const struct account *account, const char *path, const char *twiml)
{
    json_object *order = kept(json_object_new_object());

    json_object_object_add(order, "path", json_object_new_string(path_of(account, path)));
    json_object_object_add(order, "type", json_object_new_string("text/xml"));
    json_object_object_add(order, "body", json_object_new_string(twiml));
    learn(order);
}

void program_answers(const struct account *account, const char *path, int status, const char *more)
{
    learn(kept(json_tokener_parse(say("{\"path\":\"%s\",\"status\":%d%s%s}", path_of(account, path),
                                      status, more ? "," : "", more ? more : ""))));
}

/* ---- what it was told ---- */

static json_object *entries_of(const struct account *account, const char *path)
{
    struct reply reply =
        control("RECEIVER", "GET", say("/_log?after=0&path=%s", path_of(account, path)), NULL);
    json_object *entries = NULL;

    cr_assert(json_object_object_get_ex(reply.json, "entries", &entries), "%s", reply.body);
    return entries;
}

size_t program_told(const struct account *account, const char *path)
{
    return json_object_array_length(entries_of(account, path));
}

static char *decode(const char *text, size_t length)
{
    char *plain = say("%.*s", (int)length, text), *to = plain;

    for (const char *from = plain; *from; from++) {
        if (*from == '%') {
            *to++ = (char)strtol(say("%.2s", from + 1), NULL, 16);
            from += 2;
        } else {
            *to++ = (char)(*from == '+' ? ' ' : *from);
        }
    }
    *to = '\0';
    return plain;
}

static json_object *fields_of(const char *form)
{
    json_object *fields = kept(json_object_new_object());

    while (*form) {
        size_t length = strcspn(form, "&"), name = strcspn(form, "&=");
        const char *value = name < length ? decode(form + name + 1, length - name - 1) : "";

        json_object_object_add(fields, decode(form, name), json_object_new_string(value));
        form += length + (form[length] == '&');
    }
    return fields;
}

static struct told read_entry(const struct account *account, const char *path, json_object *entry)
{
    struct told told = {
        .method = at(entry, "method"), .query = at(entry, "query"), .body = at(entry, "body")};

    json_object_object_get_ex(entry, "headers", &told.headers);
    told.fields = fields_of(strcmp(told.method, "GET") == 0 ? told.query : told.body);
    told.url = say("%s%s%s", program_url(account, path), *told.query ? "?" : "", told.query);
    return told;
}

struct told program_hears(const struct account *account, const char *path, const char *field,
                          const char *value)
{
    for (int tries = 0; tries < 1000; tries++, nap_ms(20)) {
        json_object *entries = entries_of(account, path);

        for (size_t i = 0; i < json_object_array_length(entries); i++) {
            struct told told = read_entry(account, path, json_object_array_get_idx(entries, i));

            if (!field || strcmp(at(told.fields, field), value) == 0)
                return told;
        }
    }
    give_up(__FILE__, __LINE__, say("%s=%s at %s", field ? field : "", value ? value : "", path));
}

void program_believes(const struct account *account, const struct told *told)
{
    const char *signature = at(told->headers, "x-twilio-signature");
    const char *fields =
        strcmp(told->method, "GET") == 0 ? "{}" : json_object_to_json_string(told->fields);
    json_object *believed =
        sdk_ok(account, "[\"twilio\",\"validateRequest\",[\"%s\",\"%s\",\"%s\",%s]]",
               account->token, signature, told->url, fields);

    cr_expect(json_object_get_boolean(believed), "%s is not signed: %s", told->url, fields);
}

/* ---- calls ---- */

const char *answers_on(const char *number, const char *script)
{
    return somebody_on(number, say("\"answer_after_ms\":50,\"script\":%s", script));
}

const char *program_calls(const struct account *account, const char *to, const char *more)
{
    json_object *call =
        sdk_ok(account, "[\"calls\",\"create\",[{\"to\":\"%s\",\"from\":\"%s\",%s}]]", to,
               account->customer.number, more);

    return at(call, "sid");
}

json_object *carrier_ends(const char *call_sid)
{
    return call_ended(call_sid);
}
