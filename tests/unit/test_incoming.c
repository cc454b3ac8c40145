#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/address.h"
#include "core/config.h"
#include "fcgi/incoming.h"

static struct config config;
static struct request req;

static void setup(void)
{
    config = (struct config){
        .public_base_url = "https://voice.example.com",
        .trusted_proxies = "127.0.0.1, 10.0.0.0/8,fd00::/8",
    };
    req = (struct request){.work.config = &config};
}

static void end(void)
{
    request_end(&req);
}

TestSuite(incoming, .init = setup, .fini = end);

/* Who is taken for the client: the nearest address that is none of our proxies. */
struct client_case {
    char socket[40], forwarded[80], client[40];
};

ParameterizedTestParameters(incoming, finds_the_client)
{
    static struct client_case cases[] = {
        {"203.0.113.7", "", "203.0.113.7"},
        {"203.0.113.7", "198.51.100.1", "203.0.113.7"},
        {"127.0.0.1", "", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"},
        {"127.0.0.1", "6.6.6.6, 198.51.100.1, 10.1.2.3", "198.51.100.1"},
        {"127.0.0.1", "198.51.100.1:4711", "198.51.100.1"},
        {"127.0.0.1", "[2001:db8::1]:80", "2001:db8::1"},
        {"127.0.0.1", "2001:db8::1", "2001:db8::1"},
        {"127.0.0.1", "6.6.6.6, rubbish", "127.0.0.1"},
        {"127.0.0.1", "6.6.6.6, rubbish, 10.0.0.1", "10.0.0.1"},
        {"127.0.0.1", " , ", "127.0.0.1"},
        {"fd00::1", "198.51.100.1", "198.51.100.1"},
    };

    return cr_make_param_array(struct client_case, cases, COUNT(cases));
}

ParameterizedTest(struct client_case *given, incoming, finds_the_client)
{
    char socket[60], forwarded[120];
    char *variables[] = {socket, "REQUEST_METHOD=GET", "REQUEST_URI=/", forwarded, NULL};

    snprintf(socket, sizeof socket, "REMOTE_ADDR=%s", given->socket);
    snprintf(forwarded, sizeof forwarded, "HTTP_X_FORWARDED_FOR=%s", given->forwarded);
    if (!*given->forwarded)
        variables[3] = NULL;
    incoming_read(&req, variables);
    cr_expect_str_eq(req.client_ip, given->client, "%s: %s", given->forwarded, req.client_ip);
}

Test(incoming, believes_scheme_and_host_of_proxies_only)
{
    char *variables[] = {"REMOTE_ADDR=10.0.0.9",
                         "REQUEST_URI=/",
                         "HTTP_HOST=inside:8080",
                         "HTTP_X_FORWARDED_PROTO=https",
                         "HTTP_X_FORWARDED_HOST=voice.example.com",
                         NULL};

    incoming_read(&req, variables);
    cr_expect_str_eq(req.scheme, "https");
    cr_expect_str_eq(req.host, "voice.example.com");
    request_end(&req);
    setup();
    variables[0] = "REMOTE_ADDR=203.0.113.7";
    incoming_read(&req, variables);
    cr_expect_str_eq(req.scheme, "http");
    cr_expect_str_eq(req.host, "inside:8080");
}

Test(incoming, reads_headers_target_and_length)
{
    char *variables[] = {"REQUEST_METHOD=POST",
                         "REQUEST_URI=/v1/x%2Fy?a=1&b=2?3",
                         "HTTP_X_REQUEST_ID=r1",
                         "CONTENT_TYPE=application/json",
                         "CONTENT_LENGTH=12",
                         "HTTPS=on",
                         NULL};

    cr_expect_eq(incoming_read(&req, variables), 12);
    cr_expect_str_eq(req.method, "POST");
    cr_expect_str_eq(req.path, "/v1/x%2Fy");
    cr_expect_str_eq(req.query_string, "a=1&b=2?3");
    cr_expect_str_eq(request_header(&req, "X-Request-ID"), "r1");
    cr_expect_str_eq(req.content_type, "application/json");
    cr_expect_str_eq(req.scheme, "https");
}

Test(incoming, survives_a_server_that_says_nothing)
{
    char *variables[] = {NULL};

    cr_expect_eq(incoming_read(&req, variables), NOT_ANNOUNCED);
    cr_expect_str_eq(req.method, "GET");
    cr_expect_str_eq(req.path, "/");
    cr_expect_str_eq(req.query_string, "");
    cr_expect_null(req.client_ip);
}

Test(incoming, finds_the_credential_that_apache_hides)
{
    char *variables[] = {"REDIRECT_HTTP_AUTHORIZATION=Bearer x", NULL};

    incoming_read(&req, variables);
    cr_expect_str_eq(request_header(&req, "Authorization"), "Bearer x");
}

/* Where we live below another path than "/". */
struct base_case {
    char base[40], uri[60], path[40];
};

ParameterizedTestParameters(incoming, takes_off_the_path_of_the_installation)
{
    static struct base_case cases[] = {
        {"https://h", "/v1/calls", "/v1/calls"},
        {"https://h/", "/v1/calls", "/v1/calls"},
        {"https://h/~u/t", "/~u/t/v1/calls", "/v1/calls"},
        {"https://h/~u/t/", "/~u/t/v1/calls?x", "/v1/calls"},
        {"https://h/~u/t", "/~u/t", "/"},
        {"https://h/~u/t", "/~u/t?x", "/"},
        {"https://h/~u/t", "/~u/tea", "/~u/tea"},
        {"https://h/~u/t", "/v1/calls", "/v1/calls"},
        {"https://h", "http://other/v1/calls", "/v1/calls"},
        {"https://h", "http://other?x", "/"},
    };

    return cr_make_param_array(struct base_case, cases, COUNT(cases));
}

ParameterizedTest(struct base_case *given, incoming, takes_off_the_path_of_the_installation)
{
    char uri[80];
    char *variables[] = {uri, NULL};

    snprintf(uri, sizeof uri, "REQUEST_URI=%s", given->uri);
    config.public_base_url = given->base;
    incoming_read(&req, variables);
    cr_expect_str_eq(req.path, given->path, "%s: %s", given->uri, req.path);
}

Test(incoming, notices_bodies_that_are_not_as_announced)
{
    char body[8] = "abc";

    incoming_body(&req, body, 3, 3, false);
    cr_expect(!req.body_cut && !req.body_too_large && req.body_length == 3);
    incoming_body(&req, body, 3, 4, false);
    cr_expect(req.body_cut);
    incoming_body(&req, body, 3, 2, false);
    cr_expect(req.body_cut);
    incoming_body(&req, body, 3, NOT_ANNOUNCED, false);
    cr_expect_not(req.body_cut);
    incoming_body(&req, body, 3, 900, true);
    cr_expect(req.body_too_large && !req.body_cut && req.body_length == 0);
}

Test(incoming, lets_no_answer_add_a_header)
{
    struct text head = {.arena = &req.work.arena};

    reply_text(&req, 404, NULL, "x");
    reply_header(&req, "Location", "a\r\nSet-Cookie: b");
    outgoing_head(&req, &head);
    cr_expect_str_eq(head.at, "Status: 404 Not Found\r\nContent-Type: application/json\r\n"
                              "Content-Length: 1\r\nLocation: a  Set-Cookie: b\r\n\r\n");
}

Test(incoming, sends_no_type_without_a_body)
{
    struct text head = {.arena = &req.work.arena};

    reply_empty(&req, 204);
    outgoing_head(&req, &head);
    cr_expect_str_eq(head.at, "Status: 204 No Content\r\n\r\n");
}

/* Addresses and ranges. */
Test(address, lies_in_a_range_or_not)
{
    static const struct {
        const char *address, *list;
        bool in;
    } cases[] = {
        {"10.1.2.3", "10.0.0.0/8", true},
        {"11.1.2.3", "10.0.0.0/8", false},
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.2/31", true},
        {"10.1.2.4", "10.1.2.2/31", false},
        {"10.1.2.3", "0.0.0.0/0", true},
        {"::ffff:10.1.2.3", "10.0.0.0/8", true},
        {"2001:db8::1", "2001:db8::/32", true},
        {"2001:db9::1", "2001:db8::/32", false},
        {"2001:db8::1", "10.0.0.0/8 , 2001:db8::1", true},
        {"10.1.2.3", "", false},
        {"10.1.2.3", NULL, false},
        {"10.1.2.3", "10.0.0.0/33", false},
        {"10.1.2.3", "10.0.0.0/x", false},
        {"10.1.2.3", "rubbish", false},
        {"rubbish", "0.0.0.0/0", false},
        {"10.1.2.3", "::/0", true},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        cr_expect_eq(address_in_list(cases[i].address, cases[i].list), cases[i].in, "%s in %s",
                     cases[i].address, cases[i].list);
}
