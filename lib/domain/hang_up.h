/*
 * domain/hang_up.h - ending a call from outside, because a client of an API says so.
 */
#ifndef DOMAIN_HANG_UP_H
#define DOMAIN_HANG_UP_H

#include <stdbool.h>

struct call;
struct work;

enum hang_up {
    HANG_UP_ANY,       /* whatever it is doing */
    HANG_UP_UNANSWERED /* only while nobody has answered */
};

/*
 * Ends a live call: one at the carrier is ended there, whose callback then says when it was over;
 * one that the browser holds is ended by its node; one that was never ordered is cancelled here.
 * WRONG_STATE when the call is over (or answered, where that matters) or the carrier says so;
 * UPSTREAM or BUSY when it cannot be ended now.  "state" (may be NULL) is where the carrier says it
 * is, in our words, which the call's row learns from the callback.
 */
bool call_hang_up(struct work *work, const struct call *call, enum hang_up how, const char **state);

#endif
