// with: lib/domain/taskrouter/expression.c lib/domain/taskrouter/evaluate.c
/*
 * Whatever a customer writes as a condition: it is read or refused with a place, its evaluation
 * ends, and says the same twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/json.h"
#include "core/text.h"
#include "domain/taskrouter/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char attributes[] =
    "{\"a\":1,\"b\":\"x\",\"c\":[1,\"x\",null,[2]],\"d\":{\"e\":[true]}}";

static void evaluate(const struct expression *expression, json_object *tree)
{
    const struct expression_scope scopes[] = {{"worker", tree}, {"task", NULL}, {NULL, tree}};
    const instant now = {1793610300000};
    bool first = expression_is_true(expression, scopes, COUNT(scopes), now);

    if (expression_is_true(expression, scopes, COUNT(scopes), now) != first)
        abort();
    expression_value(expression, scopes, COUNT(scopes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct work work = {.id = "fuzz"};
    const char *text = arena_copy(&work.arena, (const char *)data, size);
    struct expression_key keys[EXPRESSION_KEYS];
    const struct expression *expression;
    json_object *tree = json_parse(attributes);
    size_t count;

    if (expression_read(&work, "field", text, &expression))
        evaluate(expression, tree);
    else if (!*work.error.message || !*work.error.field)
        abort();
    if (expression_read_order(&work, "field", text, keys, &count) &&
        (!count || count > EXPRESSION_KEYS))
        abort();
    json_object_put(tree);
    work_end(&work);
    return 0;
}
