/*
 * harness/harness.h - how tests speak to a running stack, as a client, a carrier and an operator.
 *
 * tests/run starts one private stack for a suite and hands its facts over in the environment; every
 * test makes a tenant of its own and shares nothing else.  Each exchange with the API is written
 * down in $EXCHANGES, where tests/conform afterwards compares answers with the documents and looks
 * for documented statuses that were never seen.
 *
 * What these functions return lives until the test's process ends.  What must not fail does not
 * return: it fails the test.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

/* A variable of the stack ("BASE_URL", "CARRIER_CONTROL"); fails the test when it is not set. */
const char *fact(const char *name);

/* A tree that nobody puts: it lives as long as the rest. */
json_object *kept(json_object *json);

/* Zeroed memory that nobody frees; and printf into such memory. */
void *kept_memory(size_t size);
char *say(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct reply {
    long status; /* 0: the connection was closed without an answer */
    char *body;
    size_t length;
    char *headers;     /* as received, lines */
    json_object *json; /* the body, when it is JSON */
};

/*
 * One exchange. "url" may be a path, then it goes to the stack's web server.  "headers" are lines
 * ("Authorization: Bearer …"), NULL at the end, or NULL; "body" NULL for none.
 */
struct reply http(const char *method, const char *url, const char *const *headers,
                  const char *body);

/* The same with bytes for a body and a limit on patience. */
struct reply http_bytes(const char *method, const char *url, const char *const *headers,
                        const void *body, size_t length, long timeout_ms);

/* A header of a reply, or NULL. */
const char *reply_header_of(const struct reply *reply, const char *name);

/* The text, or the number as text, at a path of an answer: at(r.json, "data.0.id"); "" when absent.
 */
const char *at(json_object *json, const char *path);

/* Whether the path is there, null included. */
bool has(json_object *json, const char *path);

/* A tenant made for one test, through the operator's API. */
struct customer {
    const char *tenant; /* its tenant_key */
    const char *agent_id, *agent_version_id;
    const char *kwickphone, *stateset; /* keys */
    const char *number, *number_id;    /* of customer_number() */
    const char *webhook_secret, *webhook_path;
};

/* A new tenant with a published agent, a kwickphone and a stateset key and $50 of balance. */
struct customer customer_new(void);

/*
 * Publishes another version of its agent, whose document has these members: DESK ",\"language\":…".
 * Answers the version's id.
 */
const char *customer_version(const struct customer *customer, const char *members);

#define DESK "\"greeting\":\"Hello, this is the desk.\",\"instructions\":\"Be brief.\""

/*
 * An area code that the carrier sells numbers in, any of many: it offers its numbers to all who ask
 * at once, so that tests in one area would get in each other's way.
 */
const char *area_code(void);

/* Buys it a number through POST /v1/numbers, with a webhook to the receiver, routed to the agent.
 */
void customer_number(struct customer *customer);

/* A key of some kind for it. "extra" are further JSON members, or NULL: "\"expires_at\":null". */
const char *customer_key(const struct customer *customer, const char *kind, const char *extra);

/* Requests as that customer through the kwickphone dialect. */
struct reply kwick(const struct customer *customer, const char *method, const char *path,
                   const char *body);

/* Requests as the operator. */
struct reply admin(const char *method, const char *path, const char *body);

/* Requests to a stand-in's control port: control("CARRIER", "POST", "/_calls", body). */
struct reply control(const char *stand_in, const char *method, const char *path, const char *body);

/* Places a call to the customer's number with a script (JSON array); answers its call SID. */
const char *call_place(const struct customer *customer, const char *from, const char *script);

/*
 * Says who answers a number that is called, in members of the carrier stand-in's order:
 * "\"answer_after_ms\":50,\"script\":[…]".  Answers the number.
 */
const char *somebody_on(const char *number, const char *members);

/* Waits until the carrier stand-in says that the call has ended, and answers what it logged. */
json_object *call_ended(const char *call_sid);

/* Waits until GET /v1/calls shows the call as finalised (it has an outcome), and answers its row.
 */
json_object *call_settled(const struct customer *customer, const char *call_sid);

/* Waits for a webhook delivery at a path of the receiver; the body's JSON under "json". */
json_object *delivery_await(const char *path, const char *event, const char *call_sid);

/*
 * A signed carrier callback, as the carrier itself would send it: form fields already encoded
 * ("CallSid=…&CallStatus=…"), signed with "token" for "signed_url" (NULL: PUBLIC_BASE_URL + path).
 */
struct reply callback(const char *path, const char *form, const char *token,
                      const char *signed_url);

/* The same to another address than the stack's: "http://127.0.0.1:9000". */
struct reply callback_at(const char *base, const char *path, const char *form, const char *token,
                         const char *signed_url);

/* The carrier's signature: HMAC-SHA-1 over the URL and the sorted, decoded fields. */
const char *carrier_signature(const char *token, const char *url, const char *form);

/* The header's line of a name and its password: "AC…:token". */
const char *basic_credential(const char *credentials);

/* A call SID that no one has used. */
const char *new_call_sid(void);

/* Stops ("KILL", "TERM", "STOP", "CONT") and starts parts of the stack. */
void part_stop(const char *part, const char *signal);
void part_start(const char *part);
int part_pid(const char *part);

/* Rows of the stack's own database, for what no API shows yet: one SELECT, as an array of objects.
 */
json_object *query(const char *sql);

/* Polls until the expression is true; fails the test after about "seconds". */
#define AWAIT_FOR(seconds, expression)                                                             \
    do {                                                                                           \
        int tries_left = (seconds)*50;                                                             \
        bool is_so;                                                                                \
        while (!(is_so = (expression)) && tries_left-- > 0)                                        \
            nap_ms(20);                                                                            \
        if (!is_so)                                                                                \
            give_up(__FILE__, __LINE__, #expression);                                              \
    } while (0)
#define AWAIT(expression) AWAIT_FOR(20, expression)

void nap_ms(int ms);
_Noreturn void give_up(const char *file, int line, const char *what);

#endif
