/*
 * stream/proof.h - what visitors' keys and tickets are worth, whether there is a place for them,
 * which call they mean, and what was before they came: asked of the store, off the loop.
 *
 * A key that was good is taken for good again for PROOF_KEPT_US from the same address.  Places are
 * counted over all nodes (domain/socket_places.h); while the store is away none can be refused, and
 * the node's own count must do.
 */
#ifndef STREAM_PROOF_H
#define STREAM_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/work.h"
#include "db/db.h"
#include "domain/socket_places.h"
#include "stream/offloop.h"

enum { PROOF_SECRET = 512, PROOF_NAME = 80, PROOF_KEPT_US = 10 * 1000000, PROOF_ROWS = 1000 };

/* What is good enough. */
struct proof_kind {
    const char *key_kind;   /* "phony", "stateset" */
    const char *permission; /* that the key must have; NULL: none */
    const char *ticket;     /* the role that a ticket must be for, and places are taken for */
    int64_t most_sockets;   /* over all nodes … */
    bool is_by_key;         /* … with the same key; else of the same tenant */
};

/* Who somebody is. */
struct proven {
    int64_t tenant;
    uid key;  /* NO_UID: a ticket */
    uid call; /* all that a ticket's bearer may see; NO_UID: the whole tenant */
    char tenant_key[65];
};

/* A question and its answer; the asker keeps it until it is answered, then frees it. */
struct visitor_proof {
    struct task task;
    void *asker;

    /* What is asked: whose the secret is ("" leaves "who" as it is), … */
    const struct proof_kind *kind;
    char secret[PROOF_SECRET], ip[64];
    bool is_ticket, is_again; /* again: what was good may have changed */
    char call[PROOF_NAME];    /* … which call that is, in any spelling; "": none … */
    bool wants_place;   /* … whether there is a place, or the one that it has is still his … */
    bool wants_rows;    /* … and what was before. */
    uid after, rows_of; /* rows_of: only of that call; NO_UID: of all */
    int64_t tail;       /* the last so many; 0: all after "after", at most PROOF_ROWS */

    /* What came of it: 0, or the code and reason of the closing it deserves. */
    unsigned refusal;
    const char *reason;
    struct proven who;
    uid call_id;
    struct socket_place place; /* asked for by its node; with a holder it is to be given back */
    struct work work;          /* holds the rows */
    struct rows rows;          /* of struct event_news */
};

/* Starts the helper that asks the store; false when that fails, and the log says so. */
bool proofs_start(const struct config *config);
void proofs_stop(void);

/* Asks; "done" is called in the loop. False when too many are waiting: it is still the asker's. */
bool proof_ask(struct visitor_proof *proof, void (*done)(struct task *task));

/* Runs another task in its turn among the questions. False when too many are waiting. */
bool proofs_run(struct task *task);

/* Forgets the secret, and frees it. */
void proof_free(struct visitor_proof *proof);

#endif
