#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/column.h"
#include "core/e164.h"

struct reading_case {
    char text[48], country[4], number[E164_SIZE]; /* an empty number: it is none */
};

ParameterizedTestParameters(e164, reads_numbers_as_people_write_them)
{
    static struct reading_case cases[] = {
        /* clang-format off */
        {"+13125551234",            "",   "+13125551234"},
        {"+1 (312) 555-1234",       "",   "+13125551234"},
        {" (+1) 312.555.1234 ",     "",   "+13125551234"},
        {"(312) 555-1234",          "US", "+13125551234"},
        {"1-312-555-1234",          "us", "+13125551234"},
        {"011 49 30 123456",        "US", "+4930123456"},
        {"0049 30 123456",          "",   "+4930123456"},
        {"0049 30 123456",          "US", "+4930123456"},
        {"030/123456",              "DE", "+4930123456"},
        {"+44 (0)20 7946 0958",     "",   "+442079460958"},
        {"020 7946 0958",           "GB", "+442079460958"},
        {"01481 234567",            "GG", "+441481234567"},
        {"416-555-0123",            "CA", "+14165550123"},
        {"787 555 0123",            "PR", "+17875550123"},
        {"06 6982 1234",            "IT", "+390669821234"},
        {"06 1 234 5678",           "HU", "+3612345678"},
        {"8 (812) 123-45-67",       "RU", "+78121234567"},
        {"812 123 45 67",           "RU", "+78121234567"},
        {"8 727 123 45 67",         "KZ", "+77271234567"},
        {"0011 1 312 555 1234",     "AU", "+13125551234"},
        {"55 1234 5678",            "MX", "+525512345678"},
        {"612 345 678",             "ES", "+34612345678"},
        {"9 123 4567",              "CW", "+59991234567"},
        {"",                        "US", ""},
        {"+",                       "",   ""},
        {"(312) 555-1234",          "",   ""},
        {"13125551234",             "",   ""},
        {"(312) 555-1234",          "XX", ""},
        {"(312) 555-1234",          "U",  ""},
        {"555-1234",                "US", ""},
        {"+1 312 555 123",          "",   ""},
        {"+1 312 555 12345",        "",   ""},
        {"+0123456789",             "",   ""},
        {"+123456",                 "",   ""},
        {"+2345678901234567",       "",   ""},
        {"00000000000000000000000000000000", "DE", ""},
        {"1-800-FLOWERS",           "US", ""},
        {"312 555 1234 x5",         "US", ""},
        {"++13125551234",           "",   ""},
        {"1+3125551234",            "US", ""},
        {"sip:ann@example.com",     "US", ""},
        {"312\n555 1234",           "US", ""},
        /* clang-format on */
    };

    return cr_make_param_array(struct reading_case, cases, COUNT(cases));
}

ParameterizedTest(struct reading_case *given, e164, reads_numbers_as_people_write_them)
{
    char number[E164_SIZE] = "";
    bool ok = e164_read(given->text, *given->country ? given->country : NULL, number);

    cr_expect_eq(ok, *given->number != '\0', "\"%s\" %s", given->text, given->country);
    if (*given->number)
        cr_expect_str_eq(number, given->number);
}

struct validity_case {
    char text[32];
    bool ok;
};

ParameterizedTestParameters(e164, is_a_plus_and_7_to_15_digits)
{
    static struct validity_case cases[] = {
        {"+1234567", true},
        {"+123456", false},
        {"+123456789012345", true},
        {"+1234567890123456", false},
        {"+0234567", false},
        {"1234567", false},
        {"+12345678 ", false},
        {"+1234567a", false},
        {"", false},
        {"+", false},
        {"+1-2345678", false},
    };

    return cr_make_param_array(struct validity_case, cases, COUNT(cases));
}

ParameterizedTest(struct validity_case *given, e164, is_a_plus_and_7_to_15_digits)
{
    cr_expect_eq(e164_is_valid(given->text), given->ok, "%s", given->text);
}

struct country_case {
    char number[24], country[4];
};

ParameterizedTestParameters(e164, country_follows_from_the_longest_prefix)
{
    static struct country_case cases[] = {
        {"+13125551234", "US"},
        {"+14165550123", "CA"},
        {"+18765550123", "JM"},
        {"+17875550123", "PR"},
        {"+18005550123", "US"},
        {"+442079460958", "GB"},
        {"+441481234567", "GG"},
        {"+441534123456", "JE"},
        {"+4930123456", "DE"},
        {"+390669821234", "VA"},
        {"+390612345678", "IT"},
        {"+78121234567", "RU"},
        {"+77271234567", "KZ"},
        {"+35812345678", "FI"},
        {"+358181234567", "AX"},
        {"+5999123456", "CW"},
        {"+881612345678", ""},
        {"+9991234567", ""},
        {"13125551234", ""},
        {"", ""},
        {"+", ""},
    };

    return cr_make_param_array(struct country_case, cases, COUNT(cases));
}

ParameterizedTest(struct country_case *given, e164, country_follows_from_the_longest_prefix)
{
    cr_expect_str_eq(e164_country(given->number), given->country, "%s", given->number);
}

struct mask_case {
    char number[40], masked[24];
};

ParameterizedTestParameters(e164, mask_hides_the_last_four_digits)
{
    static struct mask_case cases[] = {
        {"+13125551234", "+1312555****"},
        {"1234", "****"},
        {"12", "**"},
        {"", ""},
        {"+123456789012345678901234567890", "+12345678901234****"},
    };

    return cr_make_param_array(struct mask_case, cases, COUNT(cases));
}

ParameterizedTest(struct mask_case *given, e164, mask_hides_the_last_four_digits)
{
    char masked[E164_SIZE];

    e164_mask(given->number, masked);
    cr_expect_str_eq(masked, given->masked);
}
