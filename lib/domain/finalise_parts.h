/*
 * domain/finalise_parts.h - the steps of finalising a call; private to domain/finalise.c.
 *
 * All run in one transaction behind the guard, so each happens once.
 */
#ifndef DOMAIN_FINALISE_PARTS_H
#define DOMAIN_FINALISE_PARTS_H

#include "domain/calls.h"
#include "domain/sessions.h"
#include "domain/turns.h"

/* A call on its way to the end; what is read on the way is kept for the next step. */
struct finalising {
    uid id;
    instant now;
    bool done;
    struct call call;
    struct voice_session session;
    bool has_session;
    struct rows turns; /* struct turn */
};

/* Works out outcome, resolution, times and cost, and writes them into the call's row. */
bool finalise_decide(struct work *work, struct finalising *f);

/* Writes what others look the call up by: its text, its latencies, its outcome. */
bool finalise_record(struct work *work, const struct finalising *f);

/* Owes the outside what it was promised to hear. */
bool finalise_tell(struct work *work, const struct finalising *f);

#endif
