#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "core/config.h"
#include "remote/http.h"

/*
 * A server of the test's own.  The path says what it does: /status/N, /large/N, /drop, /silent,
 * /redirect/N/path, /echo.
 */
static struct config config = {.allow_private_urls = "no"};
static struct work work = {.id = "test", .config = &config};
static pthread_t thread;
static int listener;
static char base[64], last_request[8192];

static void say(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        return;
}

static void redirect(int fd, const char *path)
{
    char answer[600];
    int status;
    char to[300];

    if (sscanf(path, "/redirect/%d%299s", &status, to) != 2)
        return;
    snprintf(answer, sizeof answer, "HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
             status, strncmp(to, "/http", 5) == 0 ? to + 1 : to);
    say(fd, answer);
}

static void send_large(int fd, long length)
{
    char head[80], piece[1000];

    memset(piece, 'x', sizeof piece);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n", length);
    say(fd, head);
    for (; length > 0; length -= 1000)
        if (send(fd, piece, length < 1000 ? (size_t)length : 1000, MSG_NOSIGNAL) < 0)
            return;
}

static void answer(int fd, const char *path)
{
    char text[200];

    if (strncmp(path, "/redirect/", 10) == 0)
        redirect(fd, path);
    else if (strncmp(path, "/large/", 7) == 0)
        send_large(fd, strtol(path + 7, NULL, 10));
    else if (strncmp(path, "/status/", 8) == 0) {
        snprintf(text, sizeof text,
                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 %ld X\r\nX-One:  1 \r\n"
                 "Content-Length: 2\r\n\r\nok",
                 strtol(path + 8, NULL, 10));
        say(fd, text);
    } else if (strcmp(path, "/silent") == 0) {
        if (read(fd, text, sizeof text) < 0) /* until the client gives up */
            return;
    }
}

static void *run(void *with)
{
    (void)with;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char path[400] = "";
        ssize_t got;

        if (fd < 0)
            return NULL;
        got = read(fd, last_request, sizeof last_request - 1);
        last_request[got > 0 ? got : 0] = '\0';
        if (sscanf(last_request, "%*s %399s", path) == 1)
            answer(fd, path);
        close(fd);
    }
}

static void setup(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(listener, 16), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    snprintf(base, sizeof base, "http://127.0.0.1:%d", ntohs(address.sin_port));
    cr_assert_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void end(void)
{
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    work_end(&work);
}

TestSuite(http, .init = setup, .fini = end, .timeout = 20);

static const char *at(const char *path)
{
    return arena_format(&work.arena, "%s%s", base, path);
}

Test(http, answers_with_status_headers_and_body)
{
    struct http_answer answered;

    cr_assert(http_send(&work, &(struct http_request){.url = at("/status/418")}, &answered));
    cr_expect_eq(answered.end, HTTP_ANSWERED);
    cr_expect_eq(answered.status, 418);
    cr_expect_str_eq(answered.body.at, "ok");
    cr_expect_str_eq(http_header_of(&answered, "x-one"), "1");
    cr_expect_null(http_header_of(&answered, "x-two"));
    cr_expect_null(answered.problem);
}

Test(http, sends_what_it_is_given)
{
    const struct http_header headers[] = {{"X-Mine", "yes"}};
    struct http_answer answered;

    cr_assert(http_send(&work,
                        &(struct http_request){.url = at("/status/200"),
                                               .user = "ann",
                                               .password = "secret",
                                               .headers = headers,
                                               .nheaders = 1,
                                               .content_type = "application/json",
                                               .body = "{\"a\":1}",
                                               .length = 7},
                        &answered));
    cr_expect_eq(strncmp(last_request, "POST /status/200 HTTP/1.1\r\n", 27), 0, "%s", last_request);
    cr_expect_not_null(strstr(last_request, "X-Mine: yes\r\n"));
    cr_expect_not_null(strstr(last_request, "Content-Type: application/json\r\n"));
    cr_expect_not_null(strstr(last_request, "Authorization: Basic YW5uOnNlY3JldA==\r\n"));
    cr_expect_not_null(strstr(last_request, "\r\n\r\n{\"a\":1}"));
    cr_expect_null(strstr(last_request, "Expect:"));
}

Test(http, keeps_guarded_requests_off_private_addresses)
{
    struct http_answer answered;
    const struct http_request request = {.url = at("/status/200"), .guarded = true};

    cr_expect_not(http_send(&work, &request, &answered));
    cr_expect_eq(answered.end, HTTP_FORBIDDEN);
    cr_expect_eq(work.error.what, UPSTREAM);
    cr_expect_str_eq(last_request, "", "nothing was sent");
    config.allow_private_urls = base;
    cr_expect(http_send(&work, &request, &answered));
    cr_expect_eq(answered.status, 200);
}

/* A name is judged by the address it leads to. */
Test(http, keeps_guarded_requests_off_names_of_private_addresses)
{
    struct http_answer answered;
    const char *url =
        arena_format(&work.arena, "http://localhost:%s/status/200", strrchr(base, ':') + 1);

    cr_expect_not(http_send(&work, &(struct http_request){.url = url, .guarded = true}, &answered));
    cr_expect_eq(answered.end, HTTP_FORBIDDEN);
}

Test(http, follows_no_redirects_unless_asked)
{
    struct http_answer answered;
    struct http_request request = {.url = at("/redirect/302/status/204")};

    cr_assert(http_send(&work, &request, &answered));
    cr_expect_eq(answered.status, 302);
    request.redirects = 1;
    cr_assert(http_send(&work, &request, &answered));
    cr_expect_eq(answered.status, 204);
    request.url = at("/redirect/302/redirect/302/status/204");
    cr_assert(http_send(&work, &request, &answered));
    cr_expect_eq(answered.status, 302, "not more often than asked");
}

Test(http, sends_a_body_again_only_where_the_redirect_says_so)
{
    struct http_answer answered;
    struct http_request request = {
        .url = at("/redirect/307/status/200"), .body = "x", .length = 1, .redirects = 1};

    cr_assert(http_send(&work, &request, &answered));
    cr_expect_eq(strncmp(last_request, "POST ", 5), 0);
    request.url = at("/redirect/303/status/200");
    cr_assert(http_send(&work, &request, &answered));
    cr_expect_eq(strncmp(last_request, "GET ", 4), 0);
}

Test(http, tells_another_origin_no_secrets)
{
    const struct http_header headers[] = {{"X-Secret", "yes"}};
    struct http_request request = {
        .user = "ann", .password = "secret", .headers = headers, .nheaders = 1, .redirects = 1};
    struct http_answer answered;

    request.url = at("/redirect/302/status/200");
    cr_assert(http_send(&work, &request, &answered));
    cr_expect_not_null(strstr(last_request, "X-Secret"), "the same origin");
    request.url = at(arena_format(&work.arena, "/redirect/302/http://localhost:%s/status/200",
                                  strrchr(base, ':') + 1));
    cr_assert(http_send(&work, &request, &answered));
    cr_expect_null(strstr(last_request, "X-Secret"), "%s", last_request);
    cr_expect_null(strstr(last_request, "Authorization"));
}

Test(http, judges_every_redirect_anew)
{
    struct http_answer answered;
    struct http_request request = {.guarded = true, .redirects = 1};

    config.allow_private_urls = base;
    request.url = at(arena_format(&work.arena, "/redirect/302/http://localhost:%s/status/200",
                                  strrchr(base, ':') + 1));
    cr_expect_not(http_send(&work, &request, &answered));
    cr_expect_eq(answered.end, HTTP_FORBIDDEN);
}

Test(http, bounds_answers)
{
    struct http_answer answered;
    struct http_request request = {.url = at("/large/5000"), .answer_limit = 4999};

    cr_expect_not(http_send(&work, &request, &answered));
    cr_expect_eq(answered.end, HTTP_UNANSWERED);
    request.cut = true;
    cr_assert(http_send(&work, &request, &answered));
    cr_expect_eq(answered.body.length, 4999);
    request.answer_limit = 5000;
    cr_assert(http_send(&work, &request, &answered));
    cr_expect_eq(answered.body.length, 5000);
}

Test(http, tells_unreached_from_unanswered)
{
    struct http_answer answered;

    cr_expect_not(
        http_send(&work, &(struct http_request){.url = "http://127.0.0.1:1/"}, &answered));
    cr_expect_eq(answered.end, HTTP_UNREACHED);
    cr_expect_not(http_send(&work, &(struct http_request){.url = at("/drop")}, &answered));
    cr_expect_eq(answered.end, HTTP_UNANSWERED);
    cr_expect_not(http_send(&work, &(struct http_request){.url = at("/silent"), .deadline_ms = 100},
                            &answered));
    cr_expect_eq(answered.end, HTTP_UNANSWERED);
    cr_expect_not_null(answered.problem);
}

Test(http, speaks_http_only)
{
    struct http_answer answered;

    cr_expect_not(http_send(&work, &(struct http_request){.url = "file:///etc/passwd"}, &answered));
    cr_expect_eq(answered.end, HTTP_UNREACHED);
    cr_expect_eq(answered.body.length, 0);
}

static void count(struct work *of, struct http_exchange *exchange)
{
    (void)of;
    *(int *)exchange->with += 1;
}

Test(http, sends_many_at_once)
{
    struct http_exchange exchanges[20] = {0};
    int done = 0;

    for (int i = 0; i < 20; i++) {
        exchanges[i].request.url = at(i % 5 ? "/status/200" : "/drop");
        exchanges[i].with = &done;
    }
    http_send_many(&work, exchanges, 20, 4, count);
    cr_expect_eq(done, 20);
    for (int i = 0; i < 20; i++)
        cr_expect_eq(exchanges[i].answer.end, i % 5 ? HTTP_ANSWERED : HTTP_UNANSWERED, "%d", i);
}

Test(http, encodes_forms)
{
    struct text form = {.arena = &work.arena};

    http_form_add(&form, "To", "+1 555");
    http_form_add(&form, "Left out", NULL);
    http_form_add(&form, "Empty", "");
    http_form_add(&form, "A&B", "\xc3\xa9=");
    cr_expect_str_eq(form.at, "To=%2B1%20555&Empty=&A%26B=%C3%A9%3D");
}
