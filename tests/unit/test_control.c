#include <criterion/criterion.h>

#include <string.h>

#include "core/clock.h"
#include "domain/commands.h"
#include "stream/control.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static const struct config config = {.control_secret = SECRET};
static struct work work = {.id = "test", .config = &config};
static struct control_request request = {
    .method = "POST", .path = "/control/commands/1", .body = "{}"};

static void begin(void)
{
    clock_set((instant){1767225600000});
    request.signature = control_signature(&work, "POST", "/control/commands/1", "{}");
}

static void end(void)
{
    work_end(&work);
}

TestSuite(control, .init = begin, .fini = end);

static bool is_signed(int seconds_later)
{
    return control_is_signed(SECRET, &request, 1767225600 + seconds_later);
}

Test(control, orders_that_we_signed_are_ours_for_half_a_minute)
{
    cr_expect(is_signed(0));
    cr_expect(is_signed(30));
    cr_expect(is_signed(-30));
    cr_expect_not(is_signed(31));
    cr_expect_not(is_signed(-31));
}

Test(control, a_signature_holds_for_one_method_path_and_body)
{
    request.path = "/control/commands/2";
    cr_expect_not(is_signed(0));
    request.path = "/control/commands/1";
    request.method = "GET";
    cr_expect_not(is_signed(0));
    request.method = "POST";
    request.body = "{} ";
    cr_expect_not(is_signed(0));
    request.body = "{}";
    cr_expect(is_signed(0));
}

Test(control, nothing_else_is_taken_for_a_signature)
{
    static const char *const wrong[] = {
        "", "t=1767225600", "t=1767225600,v1=", "v1=00", "t=x,v1=00", "t=1767225600,v1=zz"};
    char text[160];

    for (size_t i = 0; i < COUNT(wrong); i++) {
        request.signature = wrong[i];
        cr_expect_not(is_signed(0), "%s", wrong[i]);
    }
    begin();
    snprintf(text, sizeof text, "%sx", request.signature);
    request.signature = text;
    cr_expect_not(is_signed(0));
}

Test(control, without_a_secret_nobody_gives_orders)
{
    cr_expect_not(control_is_signed(NULL, &request, 1767225600));
    cr_expect_not(control_is_signed("", &request, 1767225600));
    cr_expect_not(control_is_signed("another secret, as long as it takes", &request, 1767225600));
}
