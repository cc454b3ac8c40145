#include "fake_carrier.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

enum { MAX_REQUEST = 16384 };

/* Numbers are for sale by area code: +1<area>555<4 digits>, counted up over all processes' tests.
 */
static void write_number(const char *area_code, int i, char number[20])
{
    snprintf(number, 20, "+1%.3s%03d%04d", area_code, 200 + (int)(getpid() % 700),
             (int)(getpid() / 700 % 100) * 100 + i);
}

/* One of those who are told to fail, if any is left. */
static bool take(atomic_int *left)
{
    if (atomic_load(left) <= 0)
        return false;
    atomic_fetch_sub(left, 1);
    return true;
}

static void answer(int fd, const char *status, const char *body)
{
    char text[MAX_REQUEST];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                          "Twilio-Request-Id: RQ1\r\nConnection: close\r\n\r\n%s",
                          status, strlen(body), body);

    if (write(fd, text, (size_t)length) < 0)
        return;
}

/* The decoded value of a parameter in a form or a query; "" when absent. */
static void read_parameter(const char *form, const char *name, char *value, size_t size)
{
    size_t length = 0;

    for (const char *at = form; at && *at; at = strchr(at, '&') ? strchr(at, '&') + 1 : NULL) {
        if (strncmp(at, name, strlen(name)) != 0 || at[strlen(name)] != '=')
            continue;
        for (at += strlen(name) + 1; *at && *at != '&' && *at != ' ' && length + 1 < size; at++) {
            char code[3] = {at[0] == '%' ? at[1] : '0', at[0] == '%' ? at[2] : '0', '\0'};

            value[length++] = *at == '%' ? (char)strtol(code, NULL, 16) : *at == '+' ? ' ' : *at;
            at += *at == '%' ? 2 : 0;
        }
        break;
    }
    value[length] = '\0';
}

static void search(struct fake_carrier *carrier, int fd, const char *query)
{
    char area[8], body[2000], *end = body;

    atomic_fetch_add(&carrier->searches, 1);
    read_parameter(query, "AreaCode", area, sizeof area);
    end += sprintf(end, "{\"available_phone_numbers\":[");
    if (!take(&carrier->searches_empty))
        for (int i = 0, shown = 0; i < FAKE_NUMBERS && shown < 3; i++) {
            char number[20];

            if (carrier->numbers[i].owned)
                continue;
            write_number(*area ? area : "415", i, number);
            end += sprintf(end, "%s{\"phone_number\":\"%s\",\"capabilities\":{\"voice\":true}}",
                           shown++ ? "," : "", number);
        }
    sprintf(end, "]}");
    answer(fd, "200 OK", body);
}

static void write_owned(const struct fake_number *number, char *text, size_t size)
{
    snprintf(text, size,
             "{\"sid\":\"%s\",\"phone_number\":\"%s\",\"friendly_name\":\"%s\","
             "\"capabilities\":{\"voice\":true,\"SMS\":true,\"mms\":false}}",
             number->sid, number->number, number->name);
}

static struct fake_number *free_place(struct fake_carrier *carrier)
{
    for (int i = 0; i < FAKE_NUMBERS; i++)
        if (!carrier->numbers[i].owned)
            return &carrier->numbers[i];
    abort();
}

static void sell(struct fake_carrier *carrier, int fd, const char *form)
{
    struct fake_number *number;
    char body[400];

    atomic_fetch_add(&carrier->orders, 1);
    if (take(&carrier->sales_refused)) {
        answer(fd, "400 Bad Request", "{\"code\":21422,\"message\":\"not available\"}");
        return;
    }
    if (take(&carrier->sales_forbidden)) {
        answer(fd, "403 Forbidden", "{\"code\":20003,\"message\":\"no\"}");
        return;
    }
    if (take(&carrier->sales_lost))
        return;
    number = free_place(carrier);
    snprintf(number->sid, sizeof number->sid, "PN%032x",
             (unsigned)getpid() * 64 + (unsigned)(number - carrier->numbers));
    read_parameter(form, "PhoneNumber", number->number, sizeof number->number);
    read_parameter(form, "FriendlyName", number->name, sizeof number->name);
    snprintf(number->form, sizeof number->form, "%s", form);
    number->owned = true;
    atomic_fetch_add(&carrier->sold, 1);
    write_owned(number, body, sizeof body);
    if (!take(&carrier->answers_lost))
        answer(fd, "201 Created", body);
}

static void find(struct fake_carrier *carrier, int fd, const char *query)
{
    char name[80], body[2000] = "", one[400];

    atomic_fetch_add(&carrier->finds, 1);
    if (take(&carrier->finds_lost))
        return;
    read_parameter(query, "FriendlyName", name, sizeof name);
    for (int i = 0; i < FAKE_NUMBERS; i++)
        if (carrier->numbers[i].owned && strcmp(carrier->numbers[i].name, name) == 0)
            write_owned(&carrier->numbers[i], one, sizeof one),
                snprintf(body, sizeof body, "{\"incoming_phone_numbers\":[%s]}", one);
    answer(fd, "200 OK", *body ? body : "{\"incoming_phone_numbers\":[]}");
}

static void take_back(struct fake_carrier *carrier, int fd, const char *path)
{
    if (take(&carrier->releases_failed)) {
        answer(fd, "500 Internal Server Error", "{\"code\":20500,\"message\":\"later\"}");
        return;
    }
    for (int i = 0; i < FAKE_NUMBERS; i++)
        if (carrier->numbers[i].owned && strstr(path, carrier->numbers[i].sid)) {
            carrier->numbers[i].owned = false;
            atomic_fetch_add(&carrier->released, 1);
            answer(fd, "204 No Content", "");
            return;
        }
    answer(fd, "404 Not Found", "{\"code\":20404,\"message\":\"gone\"}");
}

static void serve(struct fake_carrier *carrier, int fd, char *request)
{
    char *path = strchr(request, ' ') + 1, *query = path + strcspn(path, "? ");
    char *body = strstr(request, "\r\n\r\n") + 4;
    const char *parameters = *query == '?' ? query + 1 : "";

    path[strcspn(path, " ")] = '\0';
    if (strncmp(request, "POST", 4) == 0)
        sell(carrier, fd, body);
    else if (strncmp(request, "DELETE", 6) == 0)
        take_back(carrier, fd, path);
    else if (strstr(path, "/AvailablePhoneNumbers/"))
        search(carrier, fd, parameters);
    else
        find(carrier, fd, parameters);
}

/* Reads headers and as much of a body as they announce. */
static bool read_request(int fd, char *request)
{
    size_t length = 0, wanted = 0;

    for (;;) {
        ssize_t got = read(fd, request + length, MAX_REQUEST - 1 - length);
        const char *end, *announced;

        if (got <= 0)
            return false;
        length += (size_t)got;
        request[length] = '\0';
        end = strstr(request, "\r\n\r\n");
        if (!end)
            continue;
        announced = strstr(request, "\r\nContent-Length:");
        wanted = (size_t)(end + 4 - request) + (announced ? strtoul(announced + 17, NULL, 10) : 0);
        if (length >= wanted)
            return true;
    }
}

static void *run(void *with)
{
    struct fake_carrier *carrier = with;
    char request[MAX_REQUEST];

    for (;;) {
        int fd = accept(carrier->listener, NULL, NULL);

        if (fd < 0)
            return NULL;
        if (read_request(fd, request)) {
            snprintf(carrier->request, sizeof carrier->request, "%.4000s", request);
            if (!carrier->canned)
                serve(carrier, fd, request);
            else if (write(fd, carrier->canned, strlen(carrier->canned)) < 0)
                close(fd);
        }
        close(fd);
    }
}

void fake_carrier_start(struct fake_carrier *carrier)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    memset(carrier, 0, sizeof *carrier);
    carrier->listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(carrier->listener, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(carrier->listener, 16), 0);
    cr_assert_eq(getsockname(carrier->listener, (struct sockaddr *)&address, &length), 0);
    snprintf(carrier->base_url, sizeof carrier->base_url, "http://127.0.0.1:%d",
             ntohs(address.sin_port));
    cr_assert_eq(pthread_create(&carrier->thread, NULL, run, carrier), 0);
}

void fake_carrier_stop(struct fake_carrier *carrier)
{
    shutdown(carrier->listener, SHUT_RDWR);
    pthread_join(carrier->thread, NULL);
    close(carrier->listener);
}

void fake_carrier_answers(struct fake_carrier *carrier, struct arena *arena, int status,
                          const char *json)
{
    carrier->canned = arena_format(arena,
                                   "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                                   "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                                   status, strlen(json), json);
}

const struct fake_number *fake_carrier_sold(const struct fake_carrier *carrier, const char *name)
{
    for (int i = 0; i < FAKE_NUMBERS; i++)
        if (carrier->numbers[i].owned && strcmp(carrier->numbers[i].name, name) == 0)
            return &carrier->numbers[i];
    return NULL;
}
