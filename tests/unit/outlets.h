/*
 * tests/unit/outlets.h - an outlet that keeps what was sent, for tests that hand texts to a call.
 */
#ifndef TESTS_OUTLETS_H
#define TESTS_OUTLETS_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/live.h"
#include "stream/outlet.h"

enum { OUTLET_MESSAGES = 512, OUTLET_TEXT = 8192 };

struct kept {
    struct outlet outlet;
    char *texts[OUTLET_MESSAGES];
    size_t count;
    unsigned closed; /* the code it was closed with; 0: open */
};

void kept_open(struct kept *kept);

/* How many messages hold the text. */
size_t kept_with(const struct kept *kept, const char *text);

/* The last message, "" when there is none. */
const char *kept_last(const struct kept *kept);

void kept_forget(struct kept *kept);

/* A call in which both sides talk already, with outlets of these. */
struct live *live_for_test(struct kept *carrier, struct kept *model);

/* In what a test writes, ' stands for ", and #n# for base64 of n bytes of audio. */
const char *expand(struct arena *arena, const char *text);

/* A message of the model's, as expand() spells it; the test fails when it is not taken. */
void model_sends(struct live *live, const char *message);

/* An order, its members as expand() spells them: NULL, or what speaks against it. */
const char *order_for_test(struct live *live, const char *kind, const char *args);

/* Facts that calls left behind since the test began, one line each. */
extern char facts_kept[64 * 1024];

#endif
