#include "harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <mysql.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static const char *random_hex(size_t bytes)
{
    unsigned char raw[32];
    char hex[65];

    RAND_bytes(raw, (int)bytes);
    for (size_t i = 0; i < bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    return say("%s", hex);
}

const char *new_call_sid(void)
{
    return say("CA%s", random_hex(16));
}

struct reply admin(const char *method, const char *path, const char *body)
{
    const char *const headers[] = {say("x-admin-key: %s", fact("ADMIN_API_KEY")),
                                   "Content-Type: application/json", NULL};

    return http(method, path, headers, body);
}

static struct reply admin_must(const char *method, const char *path, const char *body)
{
    struct reply reply = admin(method, path, body);

    cr_assert(reply.status / 100 == 2, "%s %s: %ld %s", method, path, reply.status, reply.body);
    return reply;
}

const char *customer_key(const struct customer *customer, const char *kind, const char *extra)
{
    struct reply reply =
        admin_must("POST", say("/api/v1/admin/tenants/%s/api-keys", customer->tenant),
                   say("{\"label\":\"%s\",\"kind\":\"%s\"%s%s}", kind, kind, extra ? "," : "",
                       extra ? extra : ""));

    return at(reply.json, "created.token");
}

const char *customer_version(const struct customer *customer, const char *members)
{
    const char *path = say("/api/v1/admin/tenants/%s/agent-versions", customer->tenant);
    const char *id =
        at(admin_must("POST", path,
                      say("{\"agent_id\":\"%s\",\"config\":{%s}}", customer->agent_id, members))
               .json,
           "version.id");

    admin_must("POST", say("%s/%s/publish", path, id), NULL);
    return id;
}

struct customer customer_new(void)
{
    struct customer customer = {.tenant = say("t%s", random_hex(8))};
    const char *base = say("/api/v1/admin/tenants/%s", customer.tenant);

    admin_must("PUT", base, "{\"display_name\":\"Test\",\"recording\":{\"enabled\":true}}");
    customer.agent_id =
        at(admin_must("POST", say("%s/agents", base), "{\"agent_key\":\"desk\",\"name\":\"Desk\"}")
               .json,
           "agent.id");
    customer.agent_version_id =
        customer_version(&customer, DESK ",\"voice\":\"marin\",\"recording\":{\"enabled\":true},"
                                         "\"enabled_tools\":[\"end_call\"]");
    admin_must("POST", say("%s/balance", base), "{\"amount_micros\":50000000}");
    customer.kwickphone = customer_key(&customer, "kwickphone", NULL);
    customer.stateset = customer_key(&customer, "stateset", NULL);
    return customer;
}

struct reply kwick(const struct customer *customer, const char *method, const char *path,
                   const char *body)
{
    const char *const headers[] = {say("Authorization: Bearer %s", customer->kwickphone),
                                   "Content-Type: application/json", NULL};

    return http(method, path, headers, body);
}

/* 210 to 789, which are no toll-free ones, without those that end in 11. */
const char *area_code(void)
{
    unsigned short any;
    int code;

    do {
        RAND_bytes((unsigned char *)&any, sizeof any);
        code = 210 + any % 580;
    } while (code % 100 == 11);
    return say("%d", code);
}

void customer_number(struct customer *customer)
{
    struct reply reply;

    customer->webhook_path = say("/webhooks/%s", customer->tenant);
    reply = kwick(customer, "POST", "/v1/numbers",
                  say("{\"area_code\":\"%s\",\"webhook_url\":\"http://127.0.0.1:%s%s\"}",
                      area_code(), fact("RECEIVER_PORT"), customer->webhook_path));
    cr_assert_eq(reply.status, 201, "POST /v1/numbers: %ld %s", reply.status, reply.body);
    customer->number = at(reply.json, "phone_number");
    customer->number_id = at(reply.json, "id");
    customer->webhook_secret = at(reply.json, "webhook_secret");
    admin_must("PUT", say("/api/v1/admin/tenants/%s/phone-number-routes", customer->tenant),
               say("{\"phone_number\":\"%s\",\"direction\":\"inbound\",\"agent_id\":\"%s\"}",
                   customer->number, customer->agent_id));
    control("RECEIVER", "POST", "/_secret",
            say("{\"path\":\"%s\",\"header\":\"X-KwickPhone-Signature\",\"secret\":\"%s\"}",
                customer->webhook_path, customer->webhook_secret));
}

struct reply control(const char *stand_in, const char *method, const char *path, const char *body)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    const char *port = fact(say("%s_CONTROL", stand_in));

    return http(method, say("http://127.0.0.1:%s%s", port, path), headers, body);
}

const char *call_place(const struct customer *customer, const char *from, const char *script)
{
    struct reply reply = control(
        "CARRIER", "POST", "/_calls",
        say("{\"to\":\"%s\",\"from\":\"%s\",\"script\":%s}", customer->number, from, script));

    cr_assert_eq(reply.status, 201, "the carrier placed no call: %s", reply.body);
    return at(reply.json, "call_sid");
}

const char *somebody_on(const char *number, const char *members)
{
    struct reply reply =
        control("CARRIER", "POST", "/_callee", say("{\"number\":\"%s\",%s}", number, members));

    cr_assert_eq(reply.status / 100, 2, "%s", reply.body);
    return number;
}

json_object *call_ended(const char *call_sid)
{
    static const char *const over[] = {"completed", "busy",     "failed",
                                       "no-answer", "canceled", NULL};
    struct reply reply;

    for (int tries = 0; tries < 3000; tries++, nap_ms(20)) {
        reply = control("CARRIER", "GET", say("/_calls/%s", call_sid), NULL);
        for (const char *const *state = over; *state; state++)
            if (strcmp(at(reply.json, "state"), *state) == 0)
                return reply.json;
    }
    give_up(__FILE__, __LINE__, "the end of the call");
}

/* The store is asked until then, because a key may not ask the API more than once a second. */
json_object *call_settled(const struct customer *customer, const char *call_sid)
{
    const char *sql = say("SELECT outcome FROM calls WHERE call_sid = '%s'"
                          " AND finalized_at IS NOT NULL AND outcome IS NOT NULL",
                          call_sid);
    json_object *rows = NULL;

    AWAIT_FOR(30, *at(query(sql), "0.outcome"));
    json_object_object_get_ex(kwick(customer, "GET", "/v1/calls", NULL).json, "data", &rows);
    for (size_t i = 0; rows && i < json_object_array_length(rows); i++)
        if (strcmp(at(json_object_array_get_idx(rows, i), "id"), call_sid) == 0)
            return json_object_array_get_idx(rows, i);
    give_up(__FILE__, __LINE__, "the call in GET /v1/calls with its outcome");
}

json_object *delivery_await(const char *path, const char *event, const char *call_sid)
{
    for (int tries = 0; tries < 1500; tries++, nap_ms(20)) {
        struct reply reply = control("RECEIVER", "GET", say("/_log?after=0&path=%s", path), NULL);
        json_object *entries = NULL;

        json_object_object_get_ex(reply.json, "entries", &entries);
        for (size_t i = 0; entries && i < json_object_array_length(entries); i++) {
            json_object *entry = json_object_array_get_idx(entries, i);
            json_object *body = json_tokener_parse(at(entry, "body"));

            if (body && strcmp(at(body, "event"), event) == 0 &&
                (!call_sid || strstr(json_object_get_string(body), call_sid))) {
                json_object_object_add(entry, "json", body);
                return entry;
            }
            json_object_put(body);
        }
    }
    give_up(__FILE__, __LINE__, say("the delivery of %s at %s", event, path));
}

struct pair {
    char *name, *value;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static char *decoded(const char *text, size_t length)
{
    char *out = say("%.*s", (int)length, text), *to = out;

    for (const char *c = out; *c; c++) {
        unsigned code;

        if (*c == '%' && sscanf(c + 1, "%2x", &code) == 1) {
            *to++ = (char)code;
            c += 2;
        } else {
            *to++ = *c == '+' ? ' ' : *c;
        }
    }
    *to = '\0';
    return out;
}

const char *carrier_signature(const char *token, const char *url, const char *form)
{
    struct pair pairs[100];
    size_t count = 0;
    unsigned char digest[20], base64[32];
    unsigned size = sizeof digest;
    char *text = say("%s", url);

    while (form && *form && count < 100) {
        size_t length = strcspn(form, "&"), name = strcspn(form, "=&");

        pairs[count].name = decoded(form, name);
        pairs[count++].value =
            name < length ? decoded(form + name + 1, length - name - 1) : say("%s", "");
        form += length + (form[length] == '&');
    }
    qsort(pairs, count, sizeof pairs[0], by_name);
    for (size_t i = 0; i < count; i++)
        text = say("%s%s%s", text, pairs[i].name, pairs[i].value);
    HMAC(EVP_sha1(), token, (int)strlen(token), (const unsigned char *)text, strlen(text), digest,
         &size);
    EVP_EncodeBlock(base64, digest, (int)size);
    return say("%s", (char *)base64);
}

const char *basic_credential(const char *credentials)
{
    size_t length = strlen(credentials);
    unsigned char *base64 = kept_memory(length / 3 * 4 + 5);

    EVP_EncodeBlock(base64, (const unsigned char *)credentials, (int)length);
    return say("Authorization: Basic %s", (char *)base64);
}

struct reply callback_at(const char *base, const char *path, const char *form, const char *token,
                         const char *signed_url)
{
    const char *url = signed_url ? signed_url : say("%s%s", fact("PUBLIC_BASE_URL"), path);
    const char *const headers[] = {
        "Content-Type: application/x-www-form-urlencoded",
        token ? say("X-Twilio-Signature: %s", carrier_signature(token, url, form)) : NULL, NULL};

    return http("POST", say("%s%s", base, path), headers, form);
}

struct reply callback(const char *path, const char *form, const char *token, const char *signed_url)
{
    return callback_at("", path, form, token, signed_url);
}

static void stack(const char *command, const char *part, const char *signal)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        execl("etc/dev/stack", "stack", command, part, signal, (char *)NULL);
        _exit(127);
    }
    cr_assert(child > 0 && waitpid(child, &status, 0) == child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "stack %s %s failed", command, part);
}

void part_stop(const char *part, const char *signal)
{
    stack("stop", part, signal);
}

void part_start(const char *part)
{
    stack("start", part, NULL);
}

int part_pid(const char *part)
{
    FILE *file = fopen(say("%s/%s.pid", fact("RUN"), part), "r");
    int pid = 0;

    cr_assert(file && fscanf(file, "%d", &pid) == 1, "%s is not running", part);
    fclose(file);
    return pid;
}

json_object *query(const char *sql)
{
    const char *url = fact("DATABASE_URL"), *socket = strstr(url, "socket=");
    const char *user = strstr(url, "://") + 3;
    json_object *rows = kept(json_object_new_array());
    MYSQL *mysql = mysql_init(NULL);
    MYSQL_RES *result;
    MYSQL_ROW row;

    cr_assert(socket, "the suites use a database of their own");
    cr_assert(mysql_real_connect(mysql, NULL, say("%.*s", (int)strcspn(user, ":@"), user), NULL,
                                 "trunkline", 0,
                                 say("%.*s", (int)strcspn(socket + 7, "&"), socket + 7), 0),
              "%s", mysql_error(mysql));
    cr_assert(mysql_query(mysql, sql) == 0, "%s: %s", sql, mysql_error(mysql));
    result = mysql_store_result(mysql);
    while (result && (row = mysql_fetch_row(result))) {
        json_object *object = json_object_new_object();
        MYSQL_FIELD *fields = mysql_fetch_fields(result);
        unsigned long *lengths = mysql_fetch_lengths(result);

        for (unsigned i = 0; i < mysql_num_fields(result); i++)
            json_object_object_add(object, fields[i].name,
                                   row[i] ? json_object_new_string_len(row[i], (int)lengths[i])
                                          : NULL);
        json_object_array_add(rows, object);
    }
    if (result)
        mysql_free_result(result);
    mysql_close(mysql);
    return rows;
}
