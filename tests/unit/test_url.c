#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/column.h"
#include "db/url.h"

struct url_case {
    char url[120];
    bool good;
    char host[40], user[20], password[20], name[20], socket[40], ssl_ca[20];
    unsigned port;
};

ParameterizedTestParameters(url, parts)
{
    static struct url_case cases[] = {
        /* clang-format off */
        {"mysql://u:p@db.example:3307/shop", true, "db.example", "u", "p", "shop", "", "", 3307},
        {"mariadb://u@db.example/shop", true, "db.example", "u", "", "shop", "", "", 0},
        {"mysql://localhost/shop", true, "localhost", "", "", "shop", "", "", 0},
        {"mysql:///shop", true, "", "", "", "shop", "", "", 0},
        {"mysql://u:@h/shop", true, "h", "u", "", "shop", "", "", 0},
        {"mysql://u:p%40%2f%3A@h/s%20p", true, "h", "u", "p@/:", "s p", "", "", 0},
        {"mysql://u:p@q@h/shop", true, "h", "u", "p@q", "shop", "", "", 0},
        {"mysql://u@[::1]:3307/shop", true, "::1", "u", "", "shop", "", "", 3307},
        {"mysql://u@[::1]/shop", true, "::1", "u", "", "shop", "", "", 0},
        {"mysql://u@localhost/shop?socket=/run/my%20sql.sock&ssl-ca=ca.pem", true, "localhost", "u",
         "", "shop", "/run/my sql.sock", "ca.pem", 0},
        {"mysql://u@h/shop?", true, "h", "u", "", "shop", "", "", 0},
        {.url = ""},
        {.url = "postgres://u@h/shop"},
        {.url = "mysql://u@h"},
        {.url = "mysql://u@h/"},
        {.url = "mysql://u@h/?socket=/x"},
        {.url = "mysql://u@h:/shop"},
        {.url = "mysql://u@h:0/shop"},
        {.url = "mysql://u@h:65536/shop"},
        {.url = "mysql://u@h:33x/shop"},
        {.url = "mysql://u@h:99999999999999999999/shop"},
        {.url = "mysql://u@[::1/shop"},
        {.url = "mysql://u@[::1]x/shop"},
        {.url = "mysql://u:%zz@h/shop"},
        {.url = "mysql://u:%4@h/shop"},
        {.url = "mysql://u:%00@h/shop"},
        {.url = "mysql://u@h/shop?sockets=/x"},
        {.url = "mysql://u@h/shop?socket"},
        /* clang-format on */
    };

    return cr_make_param_array(struct url_case, cases, COUNT(cases));
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

ParameterizedTest(struct url_case *given, url, parts)
{
    struct arena arena = {0};
    struct address address;

    cr_expect_eq(url_read(&arena, given->url, &address), given->good, "%s", given->url);
    if (given->good) {
        cr_expect_str_eq(or_empty(address.host), given->host);
        cr_expect_str_eq(or_empty(address.user), given->user);
        cr_expect_str_eq(or_empty(address.password), given->password);
        cr_expect_str_eq(or_empty(address.name), given->name);
        cr_expect_str_eq(or_empty(address.socket), given->socket);
        cr_expect_str_eq(or_empty(address.ssl_ca), given->ssl_ca);
        cr_expect_eq(address.port, given->port);
    }
    arena_free(&arena);
}
