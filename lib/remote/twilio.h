/*
 * remote/twilio.h - the carrier's REST API: numbers, calls, messages.
 *
 * Whoever orders something must know whether it was certainly not done or may have been done: every
 * function that orders says so in an "outcome".  Failures are of the kind UPSTREAM, but INVALID
 * where the carrier blames what was asked for, LIMIT_REACHED where it has no such number, and
 * NOT_FOUND.  Texts of answers live in the work's arena.
 */
#ifndef REMOTE_TWILIO_H
#define REMOTE_TWILIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/column.h"
#include "core/work.h"

/* Whose account is used. */
enum carrier_kind { CARRIER_PLATFORM, CARRIER_OWN, CARRIER_SIMULATED };

/* An account with the carrier, or with what stands in for it. */
struct carrier {
    const char *base_url; /* "https://api.twilio.com", without a slash at the end */
    const char *account_sid, *auth_token;
    enum carrier_kind kind;
};

/* What became of an order. */
enum carrier_end {
    CARRIER_DONE,
    CARRIER_REFUSED, /* certainly not done: refused, or never sent */
    CARRIER_UNKNOWN  /* may have been done: no answer, or one that cannot be understood */
};

struct carrier_outcome {
    enum carrier_end end;
    int status;          /* HTTP, 0 when there was no answer */
    int code;            /* the carrier's own error code, 0 for none */
    const char *message; /* the carrier's own words, for operators; may be NULL */
};

/* A number for sale (sid is NULL then), or one of ours. */
struct carrier_number {
    const char *sid, *phone_number, *friendly_name;
    const char *locality, *region, *country;
    const char *voice_url, *status_url, *sms_url; /* its callbacks; NULL: none */
    bool voice, sms, mms;
};

struct carrier_numbers {
    struct carrier_number *at;
    size_t count;
};

struct number_search {
    const char *country;   /* "US" */
    const char *type;      /* "Local" or "TollFree"; NULL: Local */
    const char *area_code; /* NULL: any, as the others */
    const char *contains, *region, *locality;
    int64_t limit;
};

/* Numbers for sale; an empty list is an answer. */
bool twilio_search_numbers(struct work *work, const struct carrier *carrier,
                           const struct number_search *search, struct carrier_numbers *numbers);

/* What a number is bought with; NULL leaves a setting out. */
struct number_order {
    const char *phone_number;
    const char *friendly_name; /* our order key, by which the number is found again */
    const char *voice_url, *status_url, *sms_url;
};

/* Buys a number; code 21422 says that somebody else was faster. */
bool twilio_buy_number(struct work *work, const struct carrier *carrier,
                       const struct number_order *order, struct carrier_number *number,
                       struct carrier_outcome *outcome);

/* The first number of the account with that name or that number (NULL: any); NOT_FOUND. */
bool twilio_find_number(struct work *work, const struct carrier *carrier, const char *friendly_name,
                        const char *phone_number, struct carrier_number *number);

/* Sets the callbacks of a number; phone_number and NULL members are left as they are. */
bool twilio_update_number(struct work *work, const struct carrier *carrier, const char *sid,
                          const struct number_order *order, struct carrier_outcome *outcome);

/* Gives a number back; one that is gone already counts as given back. */
bool twilio_release_number(struct work *work, const struct carrier *carrier, const char *sid,
                           struct carrier_outcome *outcome);

struct carrier_call {
    const char *sid, *status, *direction, *from, *to, *answered_by, *parent_call_sid;
    int64_t duration_seconds; /* NO_INTEGER while not known */
    int64_t price_micros;     /* what it costs, not negative; NO_INTEGER while not known */
    const char *price_unit;
    instant started_at, ended_at;
};

struct carrier_calls {
    struct carrier_call *at;
    size_t count;
};

/* One setting of a request as the carrier names it: {"StatusCallbackEvent", "answered"}. */
struct carrier_setting {
    const char *name, *value; /* a NULL value is left out */
};

/* Orders a call: To, From and Url or Twiml, and whatever else the settings say. */
bool twilio_call_create(struct work *work, const struct carrier *carrier,
                        const struct carrier_setting *settings, size_t nsettings,
                        struct carrier_call *call, struct carrier_outcome *outcome);

/* Changes a live call: Status, or Url, or Twiml.  Code 21220: it is not in progress. */
bool twilio_call_update(struct work *work, const struct carrier *carrier, const char *call_sid,
                        const struct carrier_setting *settings, size_t nsettings,
                        struct carrier_call *call, struct carrier_outcome *outcome);

/* What the carrier knows of a call now; NOT_FOUND. */
bool twilio_call_fetch(struct work *work, const struct carrier *carrier, const char *call_sid,
                       struct carrier_call *call);

/* Calls between two numbers since a time, to settle orders whose outcome is unknown. */
bool twilio_calls_list(struct work *work, const struct carrier *carrier, const char *from,
                       const char *to, instant since, struct carrier_calls *calls);

/* Sends a message: To, From, Body, StatusCallback … ; *sid is the carrier's id of it. */
bool twilio_message_create(struct work *work, const struct carrier *carrier,
                           const struct carrier_setting *settings, size_t nsettings,
                           const char **sid, struct carrier_outcome *outcome);

/* Begins to record a live call; code 21220: it is not in progress, or recorded already. */
bool twilio_recording_start(struct work *work, const struct carrier *carrier, const char *call_sid,
                            const struct carrier_setting *settings, size_t nsettings,
                            const char **sid, struct carrier_outcome *outcome);

/* Reads the metadata or the bytes below the account's URL ("/Recordings/RE….json"). */
bool twilio_get(struct work *work, const struct carrier *carrier, const char *path,
                size_t answer_limit, const char **body, size_t *length);

#endif
