/*
 * What is no document of TwiML: broken and hostile XML is refused before anybody looks at its
 * verbs.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/column.h"
#include "core/text.h"
#include "domain/customer_twiml.h"
#include "domain/twiml_document.h"

static struct work work = {.id = "test"};

static void end(void)
{
    work_end(&work);
}

TestSuite(twiml_document, .fini = end);

static bool is_read(const char *text)
{
    struct twiml_notice error;
    bool read = customer_twiml_check(&work, text, strlen(text), &error);

    cr_expect_eq(read ? 0 : 12100, error.code);
    return read;
}

struct hostile {
    char text[300];
};

ParameterizedTestParameters(twiml_document, is_refused)
{
    static struct hostile cases[] = {
        {""},
        {"hello"},
        {"<Response>"},
        {"<Response/><Response/>"},
        {"<response/>"},
        {"<Say>hello</Say>"},
        {"<Response><Say>&unknown;</Say></Response>"},
        {"<Response><Say a=\"1\" a=\"2\"/></Response>"},
        {"<Response>\x01</Response>"},
        {"<Response>\xFF\xFE</Response>"},
        {"<!DOCTYPE Response><Response/>"},
        {"<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">"
         "<!ENTITY c \"&b;&b;&b;&b;\">]><Response><Say>&c;</Say></Response>"},
        {"<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Response>&x;</Response>"},
        {"<!DOCTYPE r SYSTEM \"http://127.0.0.1:1/x.dtd\"><Response/>"},
        {"<!DOCTYPE r [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\"> %p;]><Response/>"},
    };

    return cr_make_param_array(struct hostile, cases, COUNT(cases));
}

ParameterizedTest(struct hostile *hostile, twiml_document, is_refused)
{
    cr_expect_not(is_read(hostile->text), "%s", hostile->text);
    work_end(&work);
}

Test(twiml_document, is_bounded)
{
    struct text deep = {.arena = &work.arena}, wide = {.arena = &work.arena};
    struct text large = {.arena = &work.arena};

    text_put(&deep, "<Response>");
    text_put(&wide, "<Response>");
    text_put(&large, "<Response><Say>");
    for (int i = 0; i < 20000; i++)
        text_put(&deep, "<s>");
    for (int i = 0; i <= TWIML_ELEMENT_LIMIT; i++)
        text_put(&wide, "<Pause/>");
    while (large.length < TWIML_SIZE_LIMIT)
        text_put(&large, "blah blah ");
    for (int i = 0; i < 20000; i++)
        text_put(&deep, "</s>");
    text_put(&wide, "</Response>");
    text_put(&deep, "</Response>");
    text_put(&large, "</Say></Response>");
    cr_expect_not(is_read(deep.at));
    cr_expect_not(is_read(wide.at));
    cr_expect_not(is_read(large.at));
    cr_expect_not(
        is_read("<Response><Say><p><s><w><sub><w><sub><w>x</w></sub></w></sub></w></s></p>"
                "</Say></Response>"));
}
