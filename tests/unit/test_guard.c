#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/config.h"
#include "remote/guard.h"

struct address_case {
    char address[48];
    bool open;
};

ParameterizedTestParameters(guard, addresses)
{
    static struct address_case cases[] = {
        /* clang-format off */
        {"8.8.8.8", true},            {"1.1.1.1", true},          {"172.32.0.1", true},
        {"100.128.0.1", true},        {"198.20.0.1", true},       {"223.255.255.1", true},
        {"127.0.0.1", false},         {"127.255.255.254", false}, {"0.0.0.0", false},
        {"10.0.0.1", false},          {"172.16.0.1", false},      {"172.31.255.255", false},
        {"192.168.1.1", false},       {"169.254.169.254", false}, {"100.64.0.1", false},
        {"100.127.255.255", false},   {"192.0.0.8", false},       {"192.0.2.1", false},
        {"198.18.0.1", false},        {"198.51.100.7", false},    {"203.0.113.9", false},
        {"224.0.0.1", false},         {"239.1.1.1", false},       {"255.255.255.255", false},
        {"2606:4700::1111", true},    {"2a00:1450::1", true},
        {"::", false},                {"::1", false},             {"fe80::1", false},
        {"fc00::1", false},           {"fd12:3456::1", false},    {"ff02::1", false},
        {"2001:db8::1", false},       {"2001::1", false},         {"3fff::1", false},
        {"::ffff:127.0.0.1", false},  {"::ffff:10.0.0.1", false}, {"::ffff:8.8.8.8", true},
        {"64:ff9b::a00:1", false},    {"64:ff9b::808:808", true},
        {"2002:7f00:1::1", false},    {"2002:808:808::1", true},  {"::127.0.0.1", false},
        /* clang-format on */
    };

    return cr_make_param_array(struct address_case, cases, COUNT(cases));
}

ParameterizedTest(struct address_case *given, guard, addresses)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    bool six = strchr(given->address, ':') != NULL;

    cr_assert_eq(inet_pton(six ? AF_INET6 : AF_INET, given->address,
                           six ? (void *)&in6.sin6_addr : (void *)&in.sin_addr),
                 1);
    cr_expect_eq(guard_is_public(six ? (struct sockaddr *)&in6 : (struct sockaddr *)&in),
                 given->open, "%s", given->address);
}

Test(guard, knows_no_other_families)
{
    struct sockaddr unix_socket = {.sa_family = AF_UNIX};

    cr_expect_not(guard_is_public(&unix_socket));
}

struct origin_case {
    char allowed[80], url[80];
    bool open;
};

ParameterizedTestParameters(guard, origins)
{
    static struct origin_case cases[] = {
        /* clang-format off */
        {"no",  "https://10.0.0.1/", false},
        {"",    "https://10.0.0.1/", false},
        {"yes", "http://10.0.0.1/",  true},
        {"http://127.0.0.1:9003", "http://127.0.0.1:9003/webhooks/demo", true},
        {"http://127.0.0.1:9003", "http://127.0.0.1:9003?x=1",           true},
        {"http://127.0.0.1:9003", "HTTP://127.0.0.1:9003/",              true},
        {"http://127.0.0.1:9003", "http://127.0.0.1:9004/",              false},
        {"http://127.0.0.1:9003", "http://127.0.0.1:90031/",             false},
        {"http://127.0.0.1:9003", "https://127.0.0.1:9003/",             false},
        {"http://127.0.0.1:9003", "http://127.0.0.1:9003@10.0.0.1/",     false},
        {"http://127.0.0.1:9003", "http://user@127.0.0.1:9003/",         false},
        {"http://127.0.0.1:9003", "http://127.0.0.1/",                   false},
        {"https://a.example, http://b.example", "http://b.example/x",    true},
        {"https://a.example, http://b.example", "https://A.example:443", true},
        {"https://a.example, http://b.example", "https://a.example.evil", false},
        {"http://[::1]:8000",     "http://[::1]:8000/",                  true},
        {"http://[::1]:8000",     "http://[::1]:8001/",                  false},
        /* clang-format on */
    };

    return cr_make_param_array(struct origin_case, cases, COUNT(cases));
}

ParameterizedTest(struct origin_case *given, guard, origins)
{
    cr_expect_eq(guard_is_allowed(given->allowed, given->url), given->open, "%s in \"%s\"",
                 given->url, given->allowed);
}

struct url_case {
    char url[120];
    bool good;
};

ParameterizedTestParameters(guard, urls)
{
    static struct url_case cases[] = {
        /* clang-format off */
        {"https://hooks.example.com/x?y=1",      true},
        {"https://hooks.example.com:8443/x",     true},
        {"https://8.8.8.8/",                     true},
        {"http://127.0.0.1:9003/webhooks/demo",  true},  /* allowed by name below */
        {"http://hooks.example.com/x",           false},
        {"http://127.0.0.1:9004/webhooks/demo",  false},
        {"https://127.0.0.1/",                   false},
        {"https://localhost/x",                  false},
        {"https://2130706433/",                  false}, /* 127.0.0.1 as one number */
        {"https://0x7f.1/",                      false},
        {"https://[::1]/",                       false},
        {"https://[::ffff:10.0.0.1]/",           false},
        {"https://user:pass@hooks.example.com/", false},
        {"https://hooks.example.com/#part",      false},
        {"https://hooks.example.com/a b",        false},
        {"https:///x",                           false},
        {"ftp://hooks.example.com/",             false},
        {"hooks.example.com",                    false},
        {"",                                     false},
        {"https://hooks.example.com:0/",         false},
        {"https://hooks.example.com:99999/",     false},
        {"https://hooks.example.com:http/",      false},
        /* clang-format on */
    };

    return cr_make_param_array(struct url_case, cases, COUNT(cases));
}

ParameterizedTest(struct url_case *given, guard, urls)
{
    struct config config = {.allow_private_urls = "http://127.0.0.1:9003"};
    struct work work = {.id = "test", .config = &config};

    cr_expect_eq(guard_check_url(&work, "webhook_url", given->url, 1000), given->good, "%s",
                 given->url);
    if (!given->good) {
        cr_expect_eq(work.error.what, INVALID);
        cr_expect_str_eq(work.error.field, "webhook_url");
    }
}

Test(guard, refuses_urls_that_are_too_long)
{
    struct config config = {.allow_private_urls = "no"};
    struct work work = {.id = "test", .config = &config};

    cr_expect(guard_check_url(&work, "url", "https://a.example/12", 20));
    cr_expect_not(guard_check_url(&work, "url", "https://a.example/123", 20));
}

/* What a client of a carrier's API names may be plain http, and leads no further inwards by that.
 */
Test(guard, takes_plain_http_where_that_is_usual)
{
    static const struct url_case cases[] = {
        {"http://demo.example.com/docs/voice.xml", true},
        {"https://demo.example.com/docs/voice.xml", true},
        {"http://10.0.0.1/", false},
        {"http://localhost/", false},
        {"http://user:pass@demo.example.com/", false},
        {"ftp://demo.example.com/", false},
    };
    struct config config = {.allow_private_urls = "no"};
    struct work work = {.id = "test", .config = &config};

    for (size_t i = 0; i < COUNT(cases); i++) {
        cr_expect_eq(guard_check_web_url(&work, "Url", cases[i].url, 200), cases[i].good, "%s",
                     cases[i].url);
        if (!cases[i].good)
            cr_expect_str_eq(work.error.field, "Url");
    }
    work_end(&work);
}
