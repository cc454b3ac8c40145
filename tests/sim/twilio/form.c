/* twilio/form.c - forms as lists of pairs. */
#include "twilio/form.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_taken(struct form *form, char *name, char *value)
{
    if (form->count == form->room) {
        form->room = form->room ? form->room * 2 : 16;
        form->pairs = realloc(form->pairs, form->room * sizeof *form->pairs);
        if (!form->pairs)
            abort();
    }
    form->pairs[form->count++] = (struct form_pair){name, value};
}

void form_add(struct form *form, const char *name, const char *value)
{
    if (value)
        add_taken(form, strdup(name), strdup(value));
}

void form_add_integer(struct form *form, const char *name, long long value)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", value);
    form_add(form, name, text);
}

static struct form_pair *find(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (!strcmp(form->pairs[i].name, name))
            return &form->pairs[i];
    return NULL;
}

void form_set(struct form *form, const char *name, const char *value)
{
    struct form_pair *pair = find(form, name);

    if (!pair) {
        form_add(form, name, value);
        return;
    }
    free(pair->value);
    pair->value = strdup(value);
}

const char *form_get(const struct form *form, const char *name)
{
    const struct form_pair *pair = find(form, name);

    return pair ? pair->value : NULL;
}

void form_append(struct form *form, const struct form *other)
{
    for (size_t i = 0; i < other->count; i++)
        form_add(form, other->pairs[i].name, other->pairs[i].value);
}

/* ---- the encoded form ---- */

static int hex(char digit)
{
    return isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
}

static char *decoded(const char *text, size_t length)
{
    char *copy = malloc(length + 1), *at = copy;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%' && i + 2 < length && isxdigit((unsigned char)text[i + 1]) &&
            isxdigit((unsigned char)text[i + 2])) {
            *at++ = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            *at++ = (char)(text[i] == '+' ? ' ' : text[i]);
        }
    }
    *at = '\0';
    return copy;
}

void form_parse(struct form *form, const char *text)
{
    size_t length, name;

    for (; *text; text += length + (text[length] == '&')) {
        length = strcspn(text, "&");
        name = strcspn(text, "=&");
        if (!length)
            continue;
        add_taken(form, decoded(text, name),
                  name < length ? decoded(text + name + 1, length - name - 1) : strdup(""));
    }
}

static char *encode(char *at, const char *text)
{
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            *at++ = *text;
        else
            at += sprintf(at, "%%%02X", (unsigned char)*text);
    }
    return at;
}

char *form_encode(const struct form *form)
{
    size_t room = 1;
    char *text, *at;

    for (size_t i = 0; i < form->count; i++)
        room += 3 * (strlen(form->pairs[i].name) + strlen(form->pairs[i].value)) + 2;
    text = at = malloc(room);
    for (size_t i = 0; i < form->count; i++) {
        if (i)
            *at++ = '&';
        at = encode(at, form->pairs[i].name);
        *at++ = '=';
        at = encode(at, form->pairs[i].value);
    }
    *at = '\0';
    return text;
}

void form_free(struct form *form)
{
    for (size_t i = 0; i < form->count; i++) {
        free(form->pairs[i].name);
        free(form->pairs[i].value);
    }
    free(form->pairs);
    *form = (struct form){.pairs = NULL};
}
