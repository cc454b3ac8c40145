/*
 * api/twilio/program.h - a customer's web server, played by the receiver stand-in: it answers the
 * TwiML that a test wants, and is told of calls.
 */
#ifndef API_TWILIO_PROGRAM_H
#define API_TWILIO_PROGRAM_H

#include "api/twilio/sdk.h"

/* The account's URL for a path ("/voice"), which no other test has. */
const char *program_url(const struct account *account, const char *path);

/* What it answers there from now on: TwiML; or a status with more members of the order as JSON. */
void program_says(const struct account *account, const char *path, const char *twiml);
void program_answers(const struct account *account, const char *path, int status, const char *more);

/* One request that it got. */
struct told {
    const char *method, *query, *body;
    json_object *headers;
    json_object *fields; /* an object: name to value */
    const char *url;     /* as it was asked */
};

/* How many came to a path so far. */
size_t program_told(const struct account *account, const char *path);

/* Waits for the one whose field has that value (NULL: the first there is). */
struct told program_hears(const struct account *account, const char *path, const char *field,
                          const char *value);

/* That the official client finds it signed with the account's token. */
void program_believes(const struct account *account, const struct told *told);

/* Somebody behind a number, who does what the script says once the phone is answered. */
const char *answers_on(const char *number, const char *script);

/* Orders a call to a number with the client; "more" are further members: "\"url\":\"…\"". */
const char *program_calls(const struct account *account, const char *to, const char *more);

/* What the carrier says of a call; waits for its end. */
json_object *carrier_ends(const char *call_sid);

#endif
