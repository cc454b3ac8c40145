/*
 * stream/tools/builtins.h - what an agent can do without anybody's webhook.
 *
 * A tool either runs at once, in the loop, or is an errand: work with the database, done by a
 * thread beside the loop, with something to do in the loop when it went well.
 */
#ifndef STREAM_TOOLS_BUILTINS_H
#define STREAM_TOOLS_BUILTINS_H

#include <stdbool.h>

#include "core/json.h"
#include "core/text.h"
#include "core/uid.h"
#include "core/work.h"

struct function;
struct live;
struct toolbox;

/* What an errand knows. */
struct errand {
    const struct toolbox *box;
    json_object *arguments; /* they fit the tool's schema */
    uid id;                 /* of this one run; rows that it makes have it for a key */

    /* Of a function of the program's (domain/functions.h): which, for whom, and who asks. */
    const struct function *function;
    uid session;
    const char *via;
};

struct builtin {
    const char *name, *other_name; /* as versions list it; the model knows the first */
    const char *description, *parameters;
    bool by_default; /* enabled when the version lists nothing */
    bool is_silent;  /* when it went well the model does not go on talking */
    bool passes_on;  /* its description names whom the version's settings name */

    /* At once: the result as JSON, in the live's scratch, or what is wrong with the arguments. */
    const char *(*run)(struct live *live, json_object *arguments, const char **fault);

    /* Or an errand: adds its result as JSON, or fails with a message for the model. */
    bool (*errand)(struct work *work, const struct errand *errand, struct text *result);

    /* In the loop, after an errand that went well; NULL: nothing. */
    void (*after)(struct live *live, json_object *result);
};

/* All of them, one by one; NULL behind the last. */
const struct builtin *builtin_at(size_t index);

#endif
