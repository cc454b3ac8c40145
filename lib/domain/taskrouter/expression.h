/*
 * domain/taskrouter/expression.h - the conditions of queues and workflows (reference, twilio 8.5).
 *
 *   expr    := or ;  or := and { OR and } ;  and := unary { AND unary }
 *   unary   := "(" expr ")" | operand [ op operand ]
 *   op      := == = != > >= < <= CONTAINS HAS IN "NOT IN"
 *   operand := string | number | true | false | null | [ … ] | path
 *   path    := name { "." name | "[" number "]" }        letters, digits, underscores
 *
 * Words are read in any case.  What is not there is null; two values of different types, or an
 * operator that does not suit them, are never an error but false.  The text, its depth and its
 * parts are bounded, and so is the time that an evaluation takes.
 */
#ifndef DOMAIN_TASKROUTER_EXPRESSION_H
#define DOMAIN_TASKROUTER_EXPRESSION_H

#include <json-c/json.h>

#include "core/clock.h"
#include "core/work.h"

enum {
    EXPRESSION_LONGEST = 4096, /* bytes */
    EXPRESSION_DEPTH = 32,     /* of parentheses and arrays */
    EXPRESSION_PARTS = 512     /* operands, operators, elements of arrays */
};

struct expression;

/*
 * Reads an expression into the work's arena.  INVALID blaming "field" with what is wrong and at
 * which character, from 1: "Unexpected '-' at character 9".  An empty text is an expression that is
 * never true.
 */
bool expression_read(struct work *work, const char *field, const char *text,
                     const struct expression **expression);

/* Where names are looked up: "worker.level" in the scope "worker", or in the one without a name. */
struct expression_scope {
    const char *name;    /* NULL: names stand for themselves */
    json_object *object; /* NULL: everything is null */
};

/*
 * Whether it is true.  "taskrouter.currentTime", currentHour, currentMin (UTC) and dayOfWeek are
 * those of "now" in every scope.  An operand by itself is true when it is the value true.
 */
bool expression_is_true(const struct expression *expression, const struct expression_scope *scopes,
                        size_t nscopes, instant now);

/* One key of an order: "worker.level DESC". */
struct expression_key {
    const struct expression *path;
    bool descending;
};

enum { EXPRESSION_KEYS = 8 };

/* Reads "worker.level DESC, worker.cost": a path each, ascending unless it says DESC. */
bool expression_read_order(struct work *work, const char *field, const char *text,
                           struct expression_key keys[EXPRESSION_KEYS], size_t *count);

/*
 * The value of an expression that is a path alone: borrowed from the scope's object; NULL when
 * there is none, or when it is more than a path.
 */
json_object *expression_value(const struct expression *expression,
                              const struct expression_scope *scopes, size_t nscopes);

/*
 * Which of two values comes first in ascending order (< 0: a): numbers before texts before the
 * rest; nothing at all comes last whichever the direction, which is for the caller to see to.
 */
int expression_compare(json_object *a, json_object *b);

#endif
