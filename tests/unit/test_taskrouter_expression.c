/* The conditions of queues and workflows: what they match, and what is said of those that are none.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "core/column.h"
#include "core/json.h"
#include "core/text.h"
#include "domain/taskrouter/expression.h"

static const char document_of_all[] =
    "{\"level\":3,\"cost\":1.5,\"lang\":[\"en\",\"es\"],\"name\":\"Ann O'Hara\",\"vip\":true,"
    "\"off\":false,\"nothing\":null,\"deep\":{\"er\":[{\"x\":7}]},\"numbers\":[1,2,3],"
    "\"taskrouter\":{\"currentHour\":99}}";

/* Monday, 2 November 2026, 09:05 UTC */
static const instant monday = {1793610300000};

static bool is_true_of(struct work *work, const char *text, const char *scope_name)
{
    json_object *tree = json_parse(document_of_all);
    const struct expression_scope scope = {scope_name, tree};
    const struct expression *expression;
    bool yes;

    cr_assert(expression_read(work, "target_workers", text, &expression), "%s: %s", text,
              work->error.message);
    yes = expression_is_true(expression, &scope, 1, monday);
    json_object_put(tree);
    return yes;
}

struct row {
    const char *text;
    bool yes;
};

/* What each operator says of each kind of value. */
static const struct row rows[] = {
    {"1==1", true},
    {"1 == 2", false},
    {"", false},
    {"   ", false},
    {"level == 3", true},
    {"level = 3", true},
    {"level != 3", false},
    {"level != 4", true},
    {"level == '3'", false},
    {"level != '3'", false},
    {"level > 2", true},
    {"level > 3", false},
    {"level >= 3", true},
    {"level < 3.5", true},
    {"level <= 2.9", false},
    {"level > -1", true},
    {"level > 1e0", true},
    {"cost == 1.5", true},
    {"cost < level", true},
    {"name == \"Ann O'Hara\"", true},
    {"name == 'Ann O\\'Hara'", true},
    {"name > 'Am'", true},
    {"name > 3", false},
    {"name CONTAINS 'O'", true},
    {"name contains 'o'", false},
    {"lang CONTAINS 'en'", false},
    {"lang HAS 'en'", true},
    {"lang has 'fr'", false},
    {"name HAS 'A'", false},
    {"numbers HAS 2", true},
    {"numbers HAS '2'", false},
    {"level HAS 'x'", false},
    {"level IN [1, 2, 3]", true},
    {"level in [1, 2]", false},
    {"level NOT IN [1, 2]", true},
    {"level not in [3]", false},
    {"'en' IN lang", true},
    {"'fr' IN lang", false},
    {"'fr' NOT IN lang", true},
    {"level IN 3", false},
    {"lang == 'en'", false},
    {"lang == lang", false},
    {"level IN []", false},
    {"vip", true},
    {"off", false},
    {"level", false},
    {"vip == true", true},
    {"vip == TRUE AND off == False", true},
    {"missing == null", true},
    {"missing != null", false},
    {"nothing == null", true},
    {"level != null", true},
    {"lang != null", true},
    {"deep != null", true},
    {"missing > 1", false},
    {"missing == 'x'", false},
    {"missing != 'x'", true},
    {"missing NOT IN ['x']", true},
    {"deep.er[0].x == 7", true},
    {"deep.er[1].x == null", true},
    {"deep.er.x == null", true},
    {"lang[1] == 'es'", true},
    {"level.x == null", true},
    {"(level == 3)", true},
    {"level == 4 OR level == 3", true},
    {"level == 3 AND off OR vip", true},
    {"level == 3 AND (off OR missing)", false},
    {"off AND off OR vip AND vip", true},
    {"vip OR off AND off", true},
    {"((((level == 3))))", true},
    {"taskrouter.currentTime == 905", true},
    {"taskrouter.currentHour == 9 AND taskrouter.currentMin == 5", true},
    {"taskrouter.dayOfWeek == 'Mon'", true},
    {"taskrouter.dayOfWeek IN ['Sat', 'Sun']", false},
    {"taskrouter.nothing == null", true},
};

Test(taskrouter_expression, says_what_each_operator_says_of_each_kind_of_value)
{
    struct work work = {.id = "test"};

    for (size_t i = 0; i < COUNT(rows); i++)
        cr_expect_eq(is_true_of(&work, rows[i].text, NULL), rows[i].yes, "%s", rows[i].text);
    work_end(&work);
}

Test(taskrouter_expression, of_a_named_scope_is_asked_by_its_name)
{
    struct work work = {.id = "test"};

    cr_expect(is_true_of(&work, "worker.level == 3", "worker"));
    cr_expect_not(is_true_of(&work, "level == 3", "worker"));
    cr_expect_not(is_true_of(&work, "task.level == 3", "worker"));
    work_end(&work);
}

/* ---- what is none ---- */

static const struct {
    const char *text, *message;
} faults[] = {
    {"level-1 == 2", "Unexpected '-' at character 6"},
    {"my-skill == 2", "Unexpected '-' at character 3"},
    {"level ==", "Unexpected end of the expression at character 9"},
    {"level == 3 AND", "Unexpected end of the expression at character 15"},
    {"(level == 3", "Unexpected end of the expression at character 12"},
    {"level == 3)", "Unexpected ')' at character 11"},
    {"== 3", "Unexpected '=' at character 1"},
    {"level === 3", "Unexpected '=' at character 9"},
    {"level ! 3", "Unexpected '!' at character 7"},
    {"level NOT 3", "Unexpected '3' at character 11"},
    {"name == 'open", "Unexpected end of the expression at character 14"},
    {"lang HAS [1,,2]", "Unexpected ',' at character 13"},
    {"lang[x] == 1", "Unexpected 'x' at character 6"},
    {"lang[-1] == 1", "Unexpected '-' at character 6"},
    {"deep. == 1", "Unexpected '=' at character 7"},
    {"12abc == 1", "Unexpected '1' at character 1"},
    {"größe == 1", "Unexpected 'ö' at character 3"},
    {"'ö' = = 1", "Unexpected '=' at character 7"},
    {"level == 3; DROP", "Unexpected ';' at character 11"},
    {"level == 3 level == 3", "Unexpected 'l' at character 12"},
};

Test(taskrouter_expression, that_cannot_be_read_is_refused_with_the_place_of_what_is_wrong)
{
    struct work work = {.id = "test"};
    const struct expression *expression;

    for (size_t i = 0; i < COUNT(faults); i++) {
        cr_expect_not(expression_read(&work, "target_workers", faults[i].text, &expression), "%s",
                      faults[i].text);
        cr_expect_eq(work.error.what, INVALID);
        cr_expect_str_eq(work.error.field, "target_workers");
        cr_expect_str_eq(work.error.message, faults[i].message, "%s: %s", faults[i].text,
                         work.error.message);
    }
    work_end(&work);
}

static const char *repeated(struct work *work, const char *part, int times, const char *end)
{
    struct text text = {.arena = &work->arena};

    for (int i = 0; i < times; i++)
        text_put(&text, part);
    text_put(&text, end);
    return text.at;
}

Test(taskrouter_expression, is_bounded_in_depth_length_and_parts)
{
    struct work work = {.id = "test"};
    const struct expression *expression;

    cr_expect_not(expression_read(&work, "f", repeated(&work, "(", 33, "1==1"), &expression));
    cr_expect(strstr(work.error.message, "nested") != NULL, "%s", work.error.message);
    cr_expect_not(expression_read(&work, "f", repeated(&work, "[", 33, ""), &expression));
    cr_expect_not(expression_read(&work, "f", repeated(&work, "a OR ", 600, "a"), &expression));
    cr_expect(strstr(work.error.message, "parts") != NULL, "%s", work.error.message);
    cr_expect_not(expression_read(&work, "f", repeated(&work, "a", 5000, ""), &expression));
    cr_expect(strstr(work.error.message, "longer") != NULL, "%s", work.error.message);
    cr_expect(expression_read(&work, "f", repeated(&work, "(", 32, repeated(&work, "", 0, "1==1")),
                              &expression) == false,
              "what is opened must be closed");
    work_end(&work);
}

/* ---- orders ---- */

Test(taskrouter_expression, of_an_order_is_a_list_of_paths_with_a_way_each)
{
    struct expression_key keys[EXPRESSION_KEYS];
    struct work work = {.id = "test"};
    size_t count;

    cr_assert(expression_read_order(&work, "f", "worker.level DESC, worker.cost, worker.age asc",
                                    keys, &count));
    cr_expect_eq(count, 3);
    cr_expect(keys[0].descending);
    cr_expect_not(keys[1].descending);
    cr_expect_not(keys[2].descending);
    cr_expect_not(expression_read_order(&work, "f", "worker.level DOWN", keys, &count));
    cr_expect_not(expression_read_order(&work, "f", "worker.level,", keys, &count));
    cr_expect_not(expression_read_order(&work, "f", "3 DESC", keys, &count));
    work_end(&work);
}

Test(taskrouter_expression, compares_numbers_as_numbers_and_puts_nothing_last)
{
    json_object *two = json_object_new_int(2), *ten = json_object_new_double(10.0);
    json_object *text = json_object_new_string("1");

    cr_expect_lt(expression_compare(two, ten), 0);
    cr_expect_gt(expression_compare(ten, two), 0);
    cr_expect_eq(expression_compare(two, two), 0);
    cr_expect_lt(expression_compare(ten, text), 0);
    cr_expect_lt(expression_compare(text, NULL), 0);
    json_object_put(two);
    json_object_put(ten);
    json_object_put(text);
}
