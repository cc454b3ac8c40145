/*
 * api/api.h - what the API suites share: requests with headers of their own, tenants with a carrier
 * account of their own, and looks into the store.
 */
#ifndef API_API_H
#define API_API_H

#include <stddef.h>

#include "harness/harness.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* One request with a bearer key (NULL: none) and one more header line (NULL: none). */
struct reply ask(const char *method, const char *path, const char *key, const char *body,
                 const char *header);

/*
 * The same GET until it is answered otherwise than with a 200, which is the answer: what a key may
 * ask in a minute is used up.  A minute that ends meanwhile is filled anew.
 */
struct reply use_up_minute(const char *path, const char *key);

/* A header of an answer as a number; -1 when it is not there. */
long header_number(const struct reply *reply, const char *name);

/* One request as the operator with one more header line. */
struct reply admin_with(const char *method, const char *path, const char *body, const char *header);

/*
 * The same beside the test, in a process of its own; "headers" as of http().  Its status is waited
 * for by aside_status().
 */
int ask_aside(const char *method, const char *path, const char *const *headers, const char *body);
long aside_status(int process);

/* That it is the KwickPhone refusal of this status and code, and says why. */
void kwick_refused(const struct reply *reply, long status, const char *code);

/* That it is the operator's refusal of this status: {"ok": false, "error": "…"}. */
void admin_refused(const struct reply *reply, long status);

/*
 * That it is the refusal of this status to a client of StateSet's, and of this code (NULL: any):
 * {"success": false, "error": "…", "code": "…"}.
 */
void stateset_refused(const struct reply *reply, long status, const char *code);

/* The same where StateSet's clients are told {"ok": false, "error": "…"}, with that word in it. */
void is_not_ok(const struct reply *reply, long status, const char *word);

/* "/api/v1/admin/tenants/<tenant>" and what follows. */
const char *admin_path(const struct customer *customer, const char *rest);

/*
 * Gives the tenant an account of its own at the carrier stand-in, so that faults can be ordered for
 * it alone; answers the account's SID.
 */
const char *customer_carrier(const struct customer *customer);

/* The token that a SID of customer_carrier() signs with. */
const char *carrier_token(const char *account);

/* Orders a fault for what this account asks below a path: "/IncomingPhoneNumbers", "\"do\":…". */
void carrier_fails(const char *account, const char *method, const char *path, const char *what);

/* Somebody who never picks up, so that a call stays as it was ordered; answers the number. */
const char *rings_on(const char *number);

/* A column of a call's row, as text. */
const char *column_of(const char *call_sid, const char *column);

/* "2026-11-02T10:00:00Z", so many seconds from now. */
const char *moment_in(long seconds);

/* How many numbers an account has at the carrier. */
size_t carrier_numbers(const char *account);

/* The first value of the first row, as a number; "SELECT COUNT(*) FROM …". */
long long number_of(const char *sql);

/* The same as text. */
const char *text_of(const char *sql);

/* How many rows of a table belong to a tenant. */
long long rows_of(const struct customer *customer, const char *table);

/* The sum of a tenant's ledger, in millionths. */
long long balance_of(const struct customer *customer);

/* A signed incoming call of the rehearsal's carrier; answers its SID, and the TwiML in "reply". */
const char *call_arrives(const struct customer *customer, const char *from, struct reply *reply);

/* The form of that call with another SID or status. */
const char *call_form(const struct customer *customer, const char *sid, const char *status,
                      const char *more);

#endif
