/*
 * domain/taskrouter/expression_parts.h - what an expression consists of once it was read.
 *
 * Private to expression.c, which reads, and evaluate.c, which evaluates.
 */
#ifndef DOMAIN_TASKROUTER_EXPRESSION_PARTS_H
#define DOMAIN_TASKROUTER_EXPRESSION_PARTS_H

#include <stdbool.h>
#include <stddef.h>

enum relation {
    NO_RELATION,
    EQUAL,
    UNEQUAL,
    GREATER,
    AT_LEAST,
    LESS,
    AT_MOST,
    CONTAINS,
    HAS,
    IN,
    NOT_IN
};

/* One part of a path: a member's name, or, without one, a place in a list. */
struct step {
    const char *name;
    size_t index;
    struct step *next;
};

enum operand_kind { NOTHING, TRUTH, AMOUNT, WORDS, LIST, PATH };

struct operand {
    enum operand_kind kind;
    bool yes;              /* TRUTH */
    double amount;         /* AMOUNT */
    const char *words;     /* WORDS */
    struct operand *items; /* LIST: its first */
    struct step *path;     /* PATH: its first */
    struct operand *next;  /* in a list */
};

enum node_kind { ANY_OF, ALL_OF, COMPARISON };

struct expression {
    enum node_kind kind;
    struct expression *first, *next; /* children of a row, and the next in one */
    struct operand left, right;      /* of a comparison; without an operator only the left */
    enum relation relation;
};

#endif
