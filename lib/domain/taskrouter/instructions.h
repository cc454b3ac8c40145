/*
 * domain/taskrouter/instructions.h - what an answer to an assignment callback, or a client, wants
 * done with a reservation (reference, twilio 8.6).
 */
#ifndef DOMAIN_TASKROUTER_INSTRUCTIONS_H
#define DOMAIN_TASKROUTER_INSTRUCTIONS_H

#include <json-c/json.h>

#include "core/column.h"
#include "core/work.h"

enum tr_instruction_kind {
    TR_NO_INSTRUCTION, /* somebody decides later */
    TR_ACCEPT,
    TR_REJECT,
    TR_DEQUEUE,    /* connects the task's call with the worker */
    TR_CALL,       /* calls the worker and plays the TwiML of "url" */
    TR_REDIRECT,   /* sends a call to the TwiML of "url" */
    TR_CONFERENCE, /* as dequeue, in a conference */
};

/* Texts are NULL where nothing was said; a client's parameters carry the same things. */
struct tr_instruction {
    enum tr_instruction_kind kind;
    const char *to;       /* E.164; NULL: the worker's attribute contact_uri */
    const char *from;     /* of call: E.164, a number of the tenant */
    const char *url;      /* of call and redirect */
    const char *call_sid; /* of redirect */
    const char *status_callback_url;
    int64_t timeout_seconds;   /* of call: how long it rings; NO_INTEGER: 60 */
    bool accept;               /* of call and redirect: the reservation is accepted as well */
    uid post_work_activity_id; /* whereto the worker goes afterwards; NO_UID: stays */
    uid activity_id;           /* of reject: whereto the worker goes; NO_UID: stays */
};

/* Every member at its nothing. */
void tr_instruction_begin(struct tr_instruction *instruction);

/* accept, reject, dequeue, call, redirect, conference, in any case; INVALID: "instruction". */
bool tr_instruction_kind_read(struct work *work, const char *word, enum tr_instruction_kind *kind);

/*
 * Reads the answer of an assignment callback.  {} and an empty text are no instruction.  INVALID
 * (code 40001) for anything else that is not one.
 */
bool tr_instruction_read(struct work *work, const char *answer, size_t length,
                         struct tr_instruction *instruction);

/* As JSON for the outbox, in the arena, and back. */
char *tr_instruction_write(struct work *work, const struct tr_instruction *instruction);

/* Whether it connects the task's call with the worker. */
bool tr_instruction_connects(const struct tr_instruction *instruction);

/* Whether the reservation is accepted with it: dequeue and conference always, others if they say
 * so. */
bool tr_instruction_accepts(const struct tr_instruction *instruction);

struct tr_task;

/*
 * Whether the telephone's part can be done for the task; INVALID (code 40001) when something is
 * missing, or when the task stands for no call of ours.
 */
bool tr_instruction_check(struct work *work, const struct tr_task *task,
                          const struct tr_instruction *instruction);

#endif
