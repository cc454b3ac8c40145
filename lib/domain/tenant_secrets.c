#include "domain/tenant_secrets.h"

#include <string.h>

#include "domain/secrets.h"
#include "domain/tenants.h"

enum { LONGEST_SECRET = 1900, LONGEST_PATH = 48, LONGEST_NAME = 64 };

/* ---- places ---- */

static size_t read_name(const char *path, char name[LONGEST_NAME])
{
    size_t length = strcspn(path, ".");

    if (length >= LONGEST_NAME)
        return 0;
    memcpy(name, path, length);
    name[length] = '\0';
    return length;
}

static bool is_place(const char *name)
{
    return *name && strlen(name) < 4 && !name[strspn(name, "0123456789")];
}

static size_t place_of(const char *name)
{
    size_t place = 0;

    for (; *name; name++)
        place = place * 10 + (size_t)(*name - '0');
    return place;
}

json_object *document_member(json_object *config, const char *path)
{
    char name[LONGEST_NAME];

    for (size_t length; config && *path; path += length + (path[length] == '.')) {
        length = read_name(path, name);
        if (!length)
            return NULL;
        if (json_object_is_type(config, json_type_array))
            config = is_place(name) ? json_object_array_get_idx(config, place_of(name)) : NULL;
        else
            config = json_member(config, name);
    }
    return config;
}

bool document_nulls(json_object *config, const char *path)
{
    char name[LONGEST_NAME];
    json_object *next;

    for (size_t length; *path; path += length + (path[length] == '.')) {
        length = read_name(path, name);
        if (!length || !json_object_is_type(config, json_type_object) ||
            !json_object_object_get_ex(config, name, &next))
            return false;
        if (!next)
            return true;
        config = next;
    }
    return false;
}

/* ---- finding ---- */

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t size = strlen(end);

    return length >= size && strcmp(text + length - size, end) == 0;
}

/* Members are secrets by their names, in any spelling; lists of them are called by the plural. */
static bool is_secret_name(const char *name)
{
    static const char *const endings[] = {
        "token",      "secret",        "secrets", "password",      "passwords",  "passphrase",
        "passwd",     "apikey",        "apikeys", "privatekey",    "secretkey",  "accesskey",
        "signingkey", "encryptionkey", "authkey", "authorization", "credential", "credentials"};
    char plain[LONGEST_NAME];
    size_t length = 0;

    for (; *name && length + 1 < sizeof plain; name++)
        if (*name != '_' && *name != '-')
            plain[length++] = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
    plain[length] = '\0';
    for (size_t i = 0; i < COUNT(endings); i++)
        if (ends_with(plain, length, endings[i]))
            return true;
    return false;
}

/* A value of the new document beside the one that stands in its place in the stored one. */
struct place {
    json_object *value, *before; /* before NULL: nothing stands there yet */
    const char *path;
    bool is_secret; /* it, or what it stands below, is called like one */
};

static bool is_redacted(json_object *value)
{
    return json_object_is_type(value, json_type_string) &&
           strcmp(json_object_get_string(value), TENANT_REDACTED) == 0;
}

/* What keeps a secret from being stored; NULL: nothing. */
static const char *hindrance(const struct place *place, const struct found_secrets *found)
{
    if (found->count == TENANT_SECRETS_MOST || strlen(place->path) > LONGEST_PATH ||
        strlen(json_object_get_string(place->value)) > LONGEST_SECRET)
        return "is a secret that is too long, or one too many";
    for (const char *c = place->path; *c; c++)
        if (*c <= ' ' || *c > '~')
            return "must be named in plain letters";
    return NULL;
}

/*
 * The word for a secret stands for what was there, also where that was never moved out.  What could
 * not be moved and is as it was is nobody's fault now: it stays, and is redacted when it is shown.
 */
static bool note_secret(struct work *work, const struct place *place, struct found_secrets *found)
{
    bool was_there = json_object_is_type(place->before, json_type_string), is_kept;
    const char *before = was_there ? json_object_get_string(place->before) : NULL, *fault;

    if (was_there && is_redacted(place->value))
        json_object_set_string(place->value, before);
    is_kept = is_redacted(place->value);
    fault = hindrance(place, found);
    if (fault)
        return (was_there && strcmp(before, json_object_get_string(place->value)) == 0) ||
               fail_field(work, place->path, "%s %s", place->path, fault);
    found->at[found->count++] = (struct found_secret){
        place->path,
        is_kept ? NULL : arena_text(&work->arena, json_object_get_string(place->value))};
    return json_object_set_string(place->value, TENANT_REDACTED) ||
           fail(work, INTERNAL, "A secret could not be taken out");
}

static bool take_members(struct work *work, const struct place *above, struct found_secrets *found);
static bool take_items(struct work *work, const struct place *above, struct found_secrets *found);

/* What stands below a secret's name is secret as well. */
static bool take_value(struct work *work, const struct place *place, struct found_secrets *found)
{
    if (json_object_is_type(place->value, json_type_object))
        return take_members(work, place, found);
    if (json_object_is_type(place->value, json_type_array))
        return take_items(work, place, found);
    return !place->is_secret || !json_object_is_type(place->value, json_type_string) ||
           !*json_object_get_string(place->value) || note_secret(work, place, found);
}

static bool take_members(struct work *work, const struct place *above, struct found_secrets *found)
{
    json_object_object_foreach(above->value, name, value)
    {
        const struct place place = {.value = value,
                                    .before = json_member(above->before, name),
                                    .path = arena_format(&work->arena, "%s%s%s", above->path,
                                                         *above->path ? "." : "", name),
                                    .is_secret = above->is_secret || is_secret_name(name)};

        if (!take_value(work, &place, found))
            return false;
    }
    return true;
}

static bool take_items(struct work *work, const struct place *above, struct found_secrets *found)
{
    bool was_list = json_object_is_type(above->before, json_type_array);

    for (size_t i = 0; i < json_object_array_length(above->value); i++) {
        const struct place place = {.value = json_object_array_get_idx(above->value, i),
                                    .before = was_list ? json_object_array_get_idx(above->before, i)
                                                       : NULL,
                                    .path = arena_format(&work->arena, "%s.%zu", above->path, i),
                                    .is_secret = above->is_secret};

        if (!take_value(work, &place, found))
            return false;
    }
    return true;
}

bool tenant_secrets_take(struct work *work, const char *tenant_key, json_object *config,
                         struct found_secrets *found)
{
    struct tenant tenant;
    json_object *before = NULL;
    bool ok;

    if (tenant_by_key(work, tenant_key, &tenant))
        before = json_parse(tenant.config.json);
    else if (work->error.what != NOT_FOUND)
        return false;
    ok = take_members(work, &(struct place){config, before, "", false}, found);
    json_object_put(before);
    return ok;
}

/* ---- showing ---- */

static void hide(json_object *value, bool is_secret)
{
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
            hide(member, is_secret || is_secret_name(name));
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            hide(json_object_array_get_idx(value, i), is_secret);
    } else if (is_secret && json_object_is_type(value, json_type_string) &&
               *json_object_get_string(value)) {
        json_object_set_string(value, TENANT_REDACTED);
    }
}

document tenant_shown(struct work *work, const struct tenant *tenant)
{
    json_object *config = json_parse(tenant->config.json);
    document shown = tenant->config;

    if (config) {
        hide(config, false);
        shown.json = json_write(&work->arena, config);
    }
    json_object_put(config);
    return shown;
}

/* ---- storing ---- */

/* The carrier's token has a name of its own, because others look for it. */
static const char *secret_name(const char *path)
{
    return strcmp(path, "twilio.auth_token") == 0 ? SECRET_CARRIER_TOKEN : path;
}

static const char *secret_path(const char *name)
{
    return strcmp(name, SECRET_CARRIER_TOKEN) == 0 ? "twilio.auth_token" : name;
}

bool tenant_secrets_put(struct work *work, const struct found_secrets *found)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->at[i].value &&
            !secret_put(work, secret_name(found->at[i].path), found->at[i].value))
            return false;
    return true;
}

static bool is_listed(const struct rows *stored, const char *name)
{
    const struct tenant_secret *secret = stored->at;

    for (size_t i = 0; i < stored->count; i++)
        if (strcmp(secret[i].name, name) == 0)
            return true;
    return false;
}

/* What a tenant has: the names of its secrets, and its config, which is the caller's. */
static bool read_stored(struct work *work, const char *tenant_key, struct rows *stored,
                        json_object **config)
{
    int64_t before = work->tenant;
    struct tenant tenant;
    bool ok;

    *stored = (struct rows){NULL, 0};
    *config = NULL;
    if (!tenant_by_key(work, tenant_key, &tenant))
        return work->error.what == NOT_FOUND;
    work->tenant = tenant.id;
    ok = secrets_list(work, stored);
    work->tenant = before;
    *config = ok ? json_parse(tenant.config.json) : NULL;
    return ok;
}

static bool is_known(const struct rows *stored, json_object *config, const char *path)
{
    json_object *before = document_member(config, path);

    return is_listed(stored, secret_name(path)) || is_redacted(before);
}

bool tenant_secrets_check(struct work *work, const char *tenant_key,
                          const struct found_secrets *found)
{
    json_object *config;
    struct rows stored;
    size_t i = 0;
    bool ok = true;

    while (i < found->count && found->at[i].value)
        i++;
    if (i == found->count)
        return true;
    if (!read_stored(work, tenant_key, &stored, &config))
        return false;
    for (; ok && i < found->count; i++)
        ok = found->at[i].value || is_known(&stored, config, found->at[i].path) ||
             fail_field(work, found->at[i].path, "%s is %s, but no such secret is stored",
                        found->at[i].path, TENANT_REDACTED);
    json_object_put(config);
    return ok;
}

/* ---- keeping ---- */

/* Shows a secret that is kept: its place in the document says that there is one. */
static void show_kept(json_object *config, const char *path)
{
    for (size_t length; *path; path += length + (path[length] == '.')) {
        char name[LONGEST_NAME];
        json_object *next = NULL;

        length = read_name(path, name);
        if (!length || !json_object_is_type(config, json_type_object))
            return;
        if (json_object_object_get_ex(config, name, &next) && (next || !path[length]))
            config = next; /* a secret that was set to null is shown as null */
        else {
            next =
                path[length] ? json_object_new_object() : json_object_new_string(TENANT_REDACTED);
            json_object_object_add(config, name, next);
            config = next;
        }
    }
}

/* Whether the path leads through a list, whose places mean nothing once it is another one. */
static bool is_in_list(const char *path)
{
    char name[LONGEST_NAME];

    for (size_t length; *path; path += length + (path[length] == '.')) {
        length = read_name(path, name);
        if (!length || is_place(name))
            return length != 0;
    }
    return false;
}

/* Whether the document takes it back: by a null, or by a list without its place. */
static bool is_taken_back(json_object *config, const char *path)
{
    return document_nulls(config, path) || (is_in_list(path) && !document_member(config, path));
}

bool tenant_secrets_keep(struct work *work, json_object *config)
{
    const struct tenant_secret *secret;
    struct rows rows;

    if (!secrets_list(work, &rows))
        return false;
    secret = rows.at;
    for (size_t i = 0; i < rows.count; i++) {
        const char *path = secret_path(secret[i].name);

        if (!is_taken_back(config, path))
            show_kept(config, path);
        else if (!secret_remove(work, secret[i].name))
            return false;
    }
    return true;
}
