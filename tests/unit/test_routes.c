#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/redirect.h>

#include "api_of_things.h"

static void prepare(void)
{
    static const struct dialect *const all[] = {&lenient, &strict, &forms, &rest};

    cr_assert(routes_prepare_these(all, COUNT(all)));
}

TestSuite(routes, .init = prepare);

Test(routes, belong_to_the_longest_prefix)
{
    cr_expect_eq(dialect_of("/things"), &lenient);
    cr_expect_eq(dialect_of("/things/"), &lenient);
    cr_expect_eq(dialect_of("/things/7"), &lenient);
    cr_expect_eq(dialect_of("/%73trict/7"), &strict);
    cr_expect_eq(dialect_of("/thingsandmore"), &rest);
    cr_expect_eq(dialect_of("/"), &rest);
    cr_expect_eq(dialect_of("/%zz"), &rest);
}

static bool answer(struct request *req)
{
    return reply_empty(req, 204);
}

/* Each row is wrong in one way. */
static const struct {
    struct route route;
    const char *fault;
} wrong[] = {
    /* clang-format off */
    {{"FETCH /things", NULL, answer, NULL, NULL, "x"},           "is not \"METHOD /path\""},
    {{"GET things", NULL, answer, NULL, NULL, "x"},              "is not \"METHOD /path\""},
    {{"GET", NULL, answer, NULL, NULL, "x"},                     "is not \"METHOD /path\""},
    {{"GET /things/{", NULL, answer, NULL, NULL, "x"},           "has a {name} that is none"},
    {{"GET /things/{}", NULL, answer, NULL, NULL, "x"},          "has a {name} that is none"},
    {{"GET /things/a{b}", NULL, answer, NULL, NULL, "x"},        "has a {name} that is none"},
    {{"GET /things/b}", NULL, answer, NULL, NULL, "x"},          "has a {name} that is none"},
    {{"GET /things/x", NULL, answer, NULL, NULL, NULL},          "has no summary"},
    {{"GET /things/x", NULL, NULL, NULL, NULL, "x"},             "has no handler"},
    {{"GET /things/x", "key", list_rows, NULL, NULL, "x"},       "shows rows without a view out"},
    {{"POST /things/x", "key", create_row, NULL, NULL, "x"},     "writes rows without a view in"},
    {{"POST /things/x", "key", create_row, &thing_view, NULL, "x"}, "does not show what it wrote"},
    {{"GET /things/x", "key", get_row, NULL, &thing_view, "x"},  "has no {name} that is a field of its view out"},
    {{"GET /things/{idd}", "key", get_row, NULL, &thing_view, "x"}, "has no {name} that is a field of its view out"},
    {{"GET /strict/x", NULL, answer, NULL, NULL, "x"},           "stands under another dialect's prefix"},
    /* clang-format on */
};

Test(routes, that_are_wrong_are_told)
{
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const char *fault = route_fault(&lenient, &wrong[i].route);

        cr_expect(fault, "%s", wrong[i].route.line);
        cr_expect_str_eq(fault, wrong[i].fault, "%s: %s", wrong[i].route.line, fault);
    }
}

Test(routes, need_a_dialect_that_can_prove_who_asks)
{
    static const struct route route = {"GET /x", "key", answer, NULL, NULL, "x"};

    cr_expect_str_eq(route_fault(&rest, &route),
                     "asks for a credential that the dialect cannot prove");
}

Test(routes, that_collide_stop_the_program, .init = cr_redirect_stderr)
{
    static const struct route routes[] = {
        {"GET /things/{id}", NULL, answer, NULL, NULL, "x"},
        {"GET /things/{name}", NULL, answer, NULL, NULL, "x"},
    };
    struct dialect twice = lenient;
    const struct dialect *const all[] = {&twice, &rest};

    twice.routes = routes;
    twice.nroutes = COUNT(routes);
    cr_expect_not(routes_prepare_these(all, COUNT(all)));
    cr_expect_stderr_eq_str("lenient: \"GET /things/{id}\" and \"GET /things/{name}\" collide\n",
                            "");
}

Test(routes, of_a_wrong_dialect_stop_the_program, .init = cr_redirect_stderr)
{
    struct dialect mute = lenient;
    const struct dialect *const all[] = {&mute, &rest};

    mute.refuse = NULL;
    cr_expect_not(routes_prepare_these(all, COUNT(all)));
}

/* Views that are wrong, each in one way. */
static const struct field no_column[] = {
    {.name = "a", .offset = 3, .use = READ},
};
static const struct field no_use[] = {
    FIELD(thing, label, "a", 0),
};
static const struct field twice[] = {
    FIELD(thing, label, "a", READ),
    FIELD(thing, code, "a", READ),
};
static const struct field bad_name[] = {
    FIELD(thing, label, "a\"", READ),
};
static const struct field only_required[] = {
    FIELD(thing, label, "a", READ | REQUIRED),
};
static const struct field bytes_shown[] = {
    FIELD(thing, raw, "a", READ),
};
static const struct field cannot_parse[] = {
    FIELD(thing, amount, "a", RW, .wire = &wire_positive),
};

static const struct {
    struct view view;
    const char *fault;
} wrong_views[] = {
    /* clang-format off */
    {VIEW("V", thing_entity, no_column),     "view V, field a shows a member that is no column"},
    {VIEW("V", thing_entity, no_use),        "view V, field a is of no use"},
    {VIEW("V", thing_entity, twice),         "view V, field a stands twice"},
    {VIEW("V", thing_entity, bad_name),      "view V, field a\" has a name that cannot be written down"},
    {VIEW("V", thing_entity, only_required), "view V, field a is required but not to be created with"},
    {VIEW("V", thing_entity, bytes_shown),   "view V, field a shows bytes without a wire"},
    {VIEW("V", thing_entity, cannot_parse),  "view V, field a is written but its wire cannot parse"},
    /* clang-format on */
};

Test(routes, with_wrong_views_are_told)
{
    for (size_t i = 0; i < COUNT(wrong_views); i++) {
        const char *fault = view_fault(&wrong_views[i].view);

        cr_expect_str_eq(fault ? fault : "nothing", wrong_views[i].fault);
    }
    cr_expect_null(view_fault(&thing_view));
}
