/* twilio/carrier.c - accounts, identifiers, dates, and helpers for text and JSON. */
#define _GNU_SOURCE /* vasprintf */
#include "twilio/carrier.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct carrier carrier;

static struct account *accounts;

/* ---- accounts ---- */

bool account_add(const char *sid, const char *token)
{
    struct account *account = (struct account *)(uintptr_t)account_find(sid);

    if (strlen(sid) != SID_SIZE - 1 || strncmp(sid, "AC", 2) || !*token)
        return false;
    if (!account) {
        account = calloc(1, sizeof *account);
        account->next = accounts;
        accounts = account;
    }
    snprintf(account->sid, sizeof account->sid, "%s", sid);
    snprintf(account->token, sizeof account->token, "%s", token);
    date_rfc2822(web_epoch_ms(), account->created);
    return true;
}

const struct account *account_find(const char *sid)
{
    for (const struct account *account = accounts; account; account = account->next)
        if (text_is(sid, account->sid))
            return account;
    return NULL;
}

const struct account *account_first(void)
{
    return accounts;
}

/* ---- identifiers and dates ---- */

void sid_new(const char *prefix, char sid[SID_SIZE])
{
    unsigned char bytes[16];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        abort();
    memcpy(sid, prefix, 2);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(sid + 2 + 2 * i, 3, "%02x", bytes[i]);
}

static const char *date_as(const char *format, int64_t epoch_ms, char date[DATE_SIZE])
{
    time_t seconds = epoch_ms / 1000;
    struct tm parts;

    gmtime_r(&seconds, &parts);
    strftime(date, DATE_SIZE, format, &parts);
    return date;
}

const char *date_rfc2822(int64_t epoch_ms, char date[DATE_SIZE])
{
    return date_as("%a, %d %b %Y %H:%M:%S +0000", epoch_ms, date);
}

const char *date_iso(int64_t epoch_ms, char date[DATE_SIZE])
{
    return date_as("%Y-%m-%dT%H:%M:%SZ", epoch_ms, date);
}

/* ---- text ---- */

char *text_of(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    return text;
}

char *text_copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

void text_replace(char **text, const char *with)
{
    char *copy = text_copy(with);

    free(*text);
    *text = copy;
}

bool text_is(const char *text, const char *expected)
{
    return text && !strcmp(text, expected);
}

bool text_begins(const char *text, const char *with)
{
    return text && !strncmp(text, with, strlen(with));
}

bool is_e164(const char *number)
{
    size_t digits = 0;

    if (!number || *number != '+' || number[1] == '0')
        return false;
    while (isdigit((unsigned char)number[1 + digits]))
        digits++;
    return digits >= 8 && digits <= 15 && !number[1 + digits];
}

/* ---- JSON ---- */

struct json_object *json_member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    if (object && json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, name, &value);
    return value;
}

const char *json_text(struct json_object *object, const char *name)
{
    struct json_object *value = json_member(object, name);

    return value ? json_object_get_string(value) : NULL;
}

int64_t json_integer(struct json_object *object, const char *name, int64_t otherwise)
{
    struct json_object *value = json_member(object, name);

    return value ? json_object_get_int64(value) : otherwise;
}

bool json_flag(struct json_object *object, const char *name, bool otherwise)
{
    struct json_object *value = json_member(object, name);

    return value ? json_object_get_boolean(value) : otherwise;
}

void json_set(struct json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, text ? json_object_new_string(text) : NULL);
}

void json_set_integer(struct json_object *object, const char *name, int64_t value)
{
    json_object_object_add(object, name, json_object_new_int64(value));
}

void json_set_flag(struct json_object *object, const char *name, bool value)
{
    json_object_object_add(object, name, json_object_new_boolean(value));
}

void json_set_object(struct json_object *object, const char *name, struct json_object *value)
{
    json_object_object_add(object, name, value);
}
