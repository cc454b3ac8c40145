/*
 * What is a sender's address and what only looks like one; whose domain it is of.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/column.h" /* COUNT */
#include "core/mailbox.h"

struct written {
    char text[100], address[60]; /* "": it is none */
};

ParameterizedTestParameters(mailbox, is_one_address_and_perhaps_a_name)
{
    static struct written all[] = {
        {"hello@acme.example", "hello@acme.example"},
        {"Acme <hello@acme.example>", "hello@acme.example"},
        {"<hello@acme.example>", "hello@acme.example"},
        {"\"Acme, Inc.\" <hello@acme.example>", "hello@acme.example"},
        {"Acme, Inc. <hello@acme.example>", "hello@acme.example"},
        {"boss@bank.example, Acme <hello@acme.example>", ""},
        {"M\xC3\xBCller & Co. <h.m+desk@mail.acme.example>", "h.m+desk@mail.acme.example"},
        {"", ""},
        {"acme.example", ""},
        {"hello@", ""},
        {"@acme.example", ""},
        {"hello@localhost", ""},
        {"hello@acme..example", ""},
        {"hello@acme.example.", ""},
        {"hello@-acme.example", ""},
        {"he llo@acme.example", ""},
        {".hello@acme.example", ""},
        {"a@bank.example@acme.example", ""},
        {"a@bank.example, b@acme.example", ""},
        {"boss@bank.example <hello@acme.example>", ""},
        {"<boss@bank.example> <hello@acme.example>", ""},
        {"Acme <hello@acme.example> (boss@bank.example)", ""},
        {"Bank\r\nBcc: all@bank.example <hello@acme.example>", ""},
        {"\"Bank\" boss@bank.example\" <hello@acme.example>", ""},
        {"hello@acme.example\nX: y", ""},
        {"Acme <hello@acme.example", ""},
    };

    return cr_make_param_array(struct written, all, COUNT(all));
}

ParameterizedTest(struct written *given, mailbox, is_one_address_and_perhaps_a_name)
{
    char address[ADDRESS_SIZE];
    bool is_one = mailbox_read(given->text, address);

    cr_expect_eq(is_one, *given->address != '\0', "%s", given->text);
    if (is_one)
        cr_expect_str_eq(address, given->address, "%s", given->text);
}

Test(mailbox, longer_than_any_header_is_none)
{
    char text[MAILBOX_MOST + 40], address[ADDRESS_SIZE];

    memset(text, 'a', sizeof text);
    strcpy(text + MAILBOX_MOST, " <a@acme.example>");
    cr_expect_not(mailbox_read(text, address));
    memset(text, 'a', 70);
    strcpy(text + 70, "@acme.example");
    cr_expect_not(mailbox_read(text, address), "no one's name is that long before the @");
}

Test(mailbox, is_of_a_domain_that_is_named_whole)
{
    static const char list[] = "acme.example, Shop.example,third.example";

    cr_expect(mailbox_is_of("a@acme.example", list));
    cr_expect(mailbox_is_of("a@ACME.Example", list));
    cr_expect(mailbox_is_of("a@shop.example", list));
    cr_expect(mailbox_is_of("a@third.example", list));
    cr_expect_not(mailbox_is_of("a@mail.acme.example", list), "nor of what is below it");
    cr_expect_not(mailbox_is_of("a@notacme.example", list));
    cr_expect_not(mailbox_is_of("a@acme.exampl", list));
    cr_expect_not(mailbox_is_of("a@acme.example", NULL));
    cr_expect_not(mailbox_is_of("a@acme.example", ""));
}

Test(mailbox, with_a_comma_in_its_name_is_written_in_quotes)
{
    static const struct {
        const char *text, *written;
    } all[] = {
        {"Acme, Inc. <hello@acme.example>", "\"Acme, Inc.\" <hello@acme.example>"},
        {"Acme, Inc.<hello@acme.example>", "\"Acme, Inc.\" <hello@acme.example>"},
        {"\"Acme, Inc.\" <hello@acme.example>", "\"Acme, Inc.\" <hello@acme.example>"},
        {"Acme <hello@acme.example>", "Acme <hello@acme.example>"},
        {"hello@acme.example", "hello@acme.example"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT(all); i++)
        cr_expect_str_eq(mailbox_write(&arena, all[i].text), all[i].written);
    arena_free(&arena);
}
