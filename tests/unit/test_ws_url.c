#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/column.h"
#include "stream/ws_url.h"

struct ws_url_case {
    char text[80];
    bool ok, tls;
    char host[40];
    int port;
    char path[40];
};

ParameterizedTestParameters(ws_url, read)
{
    static struct ws_url_case cases[] = {
        /* clang-format off */
        {"wss://api.openai.com/v1/realtime",    true,  true,  "api.openai.com", 443,  "/v1/realtime"},
        {"ws://127.0.0.1:9001/v1/realtime?a=b", true,  false, "127.0.0.1",      9001, "/v1/realtime?a=b"},
        {"ws://host",                           true,  false, "host",           80,   "/"},
        {"ws://host?a=b",                       true,  false, "host",           80,   "/?a=b"},
        {"wss://host:8443/",                    true,  true,  "host",           8443, "/"},
        {"http://host/",                        false, false, "", 0, ""},
        {"ws://",                               false, false, "", 0, ""},
        {"ws://:80/",                           false, false, "", 0, ""},
        {"ws://host:/",                         false, false, "", 0, ""},
        {"ws://host:0/",                        false, false, "", 0, ""},
        {"ws://host:99999/",                    false, false, "", 0, ""},
        {"ws://host:12x/",                      false, false, "", 0, ""},
        {"",                                    false, false, "", 0, ""},
        /* clang-format on */
    };

    return cr_make_param_array(struct ws_url_case, cases, COUNT(cases));
}

ParameterizedTest(struct ws_url_case *given, ws_url, read)
{
    struct ws_url url;

    cr_assert_eq(ws_url_read(given->text, &url), given->ok, "%s", given->text);
    if (!given->ok)
        return;
    cr_expect_eq(url.tls, given->tls);
    cr_expect_str_eq(url.host, given->host);
    cr_expect_eq(url.port, given->port);
    cr_expect_str_eq(url.path, given->path);
}
