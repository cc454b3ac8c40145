/* Evaluates what expression.c has read. */
#include <string.h>

#include "core/column.h"
#include "domain/taskrouter/expression.h"
#include "domain/taskrouter/expression_parts.h"

/* A value met on the way; a list is one of the expression's, or one of the document's. */
struct value {
    enum { NONE, BOOL, REAL_NUMBER, STRING_TEXT, ROW, OTHER } kind;
    bool yes;
    double amount;
    const char *words;
    const struct operand *items; /* of a list in the expression */
    json_object *array;          /* of one in the document */
};

struct context {
    const struct expression_scope *scopes;
    size_t nscopes;
    instant now;
};

static struct value value_of_json(json_object *tree)
{
    switch (json_object_get_type(tree)) {
    case json_type_null:
        return (struct value){.kind = NONE};
    case json_type_boolean:
        return (struct value){.kind = BOOL, .yes = json_object_get_boolean(tree)};
    case json_type_int:
    case json_type_double:
        return (struct value){.kind = REAL_NUMBER, .amount = json_object_get_double(tree)};
    case json_type_string:
        return (struct value){.kind = STRING_TEXT, .words = json_object_get_string(tree)};
    case json_type_array:
        return (struct value){.kind = ROW, .array = tree};
    default:
        return (struct value){.kind = OTHER};
    }
}

/* ---- paths ---- */

static json_object *follow(json_object *tree, const struct step *step)
{
    for (; step && tree; step = step->next) {
        if (step->name)
            json_object_object_get_ex(json_object_is_type(tree, json_type_object) ? tree : NULL,
                                      step->name, &tree);
        else
            tree = json_object_is_type(tree, json_type_array)
                       ? json_object_array_get_idx(tree, step->index)
                       : NULL;
    }
    return tree;
}

/* A scope that is named goes before the one that is not. */
static json_object *look_up(const struct expression_scope *scopes, size_t nscopes,
                            const struct step *path)
{
    for (size_t i = 0; i < nscopes; i++)
        if (scopes[i].name && strcmp(scopes[i].name, path->name) == 0)
            return follow(scopes[i].object, path->next);
    for (size_t i = 0; i < nscopes; i++)
        if (!scopes[i].name)
            return follow(scopes[i].object, path);
    return NULL;
}

/* What the router itself knows. */
static struct value router_value(const char *name, instant now)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    int64_t minutes = now.ms / 60000, hour = minutes / 60 % 24, minute = minutes % 60;

    if (strcmp(name, "currentTime") == 0)
        return (struct value){.kind = REAL_NUMBER, .amount = (double)(hour * 100 + minute)};
    if (strcmp(name, "currentHour") == 0)
        return (struct value){.kind = REAL_NUMBER, .amount = (double)hour};
    if (strcmp(name, "currentMin") == 0)
        return (struct value){.kind = REAL_NUMBER, .amount = (double)minute};
    if (strcmp(name, "dayOfWeek") == 0)
        return (struct value){.kind = STRING_TEXT, .words = days[minutes / (24 * 60) % 7]};
    return (struct value){.kind = NONE};
}

static struct value value_of(const struct context *context, const struct operand *operand)
{
    const struct step *path = operand->path;

    switch (operand->kind) {
    case TRUTH:
        return (struct value){.kind = BOOL, .yes = operand->yes};
    case AMOUNT:
        return (struct value){.kind = REAL_NUMBER, .amount = operand->amount};
    case WORDS:
        return (struct value){.kind = STRING_TEXT, .words = operand->words};
    case LIST:
        return (struct value){.kind = ROW, .items = operand->items};
    case PATH:
        if (strcmp(path->name, "taskrouter") == 0 && path->next && path->next->name)
            return router_value(path->next->name, context->now);
        return value_of_json(look_up(context->scopes, context->nscopes, path));
    default:
        return (struct value){.kind = NONE};
    }
}

/* ---- operators ---- */

static bool are_equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case NONE:
        return true;
    case BOOL:
        return a->yes == b->yes;
    case REAL_NUMBER:
        return a->amount == b->amount;
    case STRING_TEXT:
        return strcmp(a->words, b->words) == 0;
    default:
        return false;
    }
}

static bool is_among(const struct context *context, const struct value *one,
                     const struct value *list)
{
    struct value item;

    for (const struct operand *at = list->items; at; at = at->next) {
        item = value_of(context, at);
        if (are_equal(one, &item))
            return true;
    }
    for (size_t i = 0; list->array && i < json_object_array_length(list->array); i++) {
        item = value_of_json(json_object_array_get_idx(list->array, i));
        if (are_equal(one, &item))
            return true;
    }
    return false;
}

static bool is_scalar(const struct value *value)
{
    return value->kind != ROW && value->kind != OTHER;
}

/* Whether something is there may be asked of anything; else only like things are compared. */
static bool is_unequal(const struct value *a, const struct value *b)
{
    if (a->kind == NONE || b->kind == NONE)
        return a->kind != b->kind;
    return a->kind == b->kind && is_scalar(a) && !are_equal(a, b);
}

/* Less than 0, 0, or greater; false when the two have no order. */
static bool compare(const struct value *a, const struct value *b, int *order)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == REAL_NUMBER)
        *order = (a->amount > b->amount) - (a->amount < b->amount);
    else if (a->kind == STRING_TEXT)
        *order = strcmp(a->words, b->words);
    else
        return false;
    return true;
}

static bool apply(const struct context *context, enum relation relation, const struct value *a,
                  const struct value *b)
{
    int order = 0;

    switch (relation) {
    case NO_RELATION:
        return a->kind == BOOL && a->yes;
    case EQUAL:
        return are_equal(a, b);
    case UNEQUAL:
        return is_unequal(a, b);
    case GREATER:
        return compare(a, b, &order) && order > 0;
    case AT_LEAST:
        return compare(a, b, &order) && order >= 0;
    case LESS:
        return compare(a, b, &order) && order < 0;
    case AT_MOST:
        return compare(a, b, &order) && order <= 0;
    case CONTAINS:
        return a->kind == STRING_TEXT && b->kind == STRING_TEXT && strstr(a->words, b->words);
    case HAS:
        return a->kind == ROW && is_scalar(b) && is_among(context, b, a);
    case IN:
        return b->kind == ROW && is_scalar(a) && is_among(context, a, b);
    case NOT_IN:
        return b->kind == ROW && is_scalar(a) && !is_among(context, a, b);
    default:
        return false;
    }
}

/* As deep as the reader let it be. */
static bool is_true(const struct context *context, const struct expression *node)
{
    struct value left, right;

    if (node->kind == COMPARISON) {
        left = value_of(context, &node->left);
        right = value_of(context, &node->right);
        return apply(context, node->relation, &left, &right);
    }
    for (const struct expression *one = node->first; one; one = one->next)
        if (is_true(context, one) == (node->kind == ANY_OF))
            return node->kind == ANY_OF;
    return node->kind == ALL_OF;
}

bool expression_is_true(const struct expression *expression, const struct expression_scope *scopes,
                        size_t nscopes, instant now)
{
    struct context context = {scopes, nscopes, now};

    return is_true(&context, expression);
}

/* ---- values by themselves ---- */

/* Through rows of one to the only operand there is. */
static const struct operand *alone(const struct expression *node)
{
    while (node && node->kind != COMPARISON)
        node = node->first && !node->first->next ? node->first : NULL;
    return node && node->relation == NO_RELATION ? &node->left : NULL;
}

json_object *expression_value(const struct expression *expression,
                              const struct expression_scope *scopes, size_t nscopes)
{
    const struct operand *operand = alone(expression);

    return operand && operand->kind == PATH ? look_up(scopes, nscopes, operand->path) : NULL;
}

int expression_compare(json_object *a, json_object *b)
{
    struct value left = value_of_json(a), right = value_of_json(b);
    static const int ranks[] = {
        [REAL_NUMBER] = 0, [STRING_TEXT] = 1, [BOOL] = 2, [ROW] = 2, [OTHER] = 2, [NONE] = 3};
    int order;

    if (compare(&left, &right, &order))
        return order;
    return ranks[left.kind] - ranks[right.kind];
}
