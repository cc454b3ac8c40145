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
    const char *from;     /* E.164, a number of the tenant; NULL: the one the caller talks to */
    const char *url;      /* of call and redirect */
    const char *call_sid; /* of redirect */
    const char *status_callback_url;
    int64_t timeout_seconds;   /* how long the worker's telephone rings; NO_INTEGER: as usual */
    bool record;               /* the worker's leg, from the answer on */
    bool accept;               /* of call and redirect: the reservation is accepted as well */
    uid post_work_activity_id; /* whereto the worker goes afterwards; NO_UID: stays */
    uid activity_id;           /* of reject: whereto the worker goes; NO_UID: stays */
};

/* Every member at its nothing. */
void tr_instruction_begin(struct tr_instruction *instruction);

/*
 * accept, reject, dequeue, call, redirect, conference, in any case; INVALID: "instruction".  So is
 * supervise: a supervisor joins the conversation of an agent, by the supervisors' own requests, and
 * nobody joins that of two humans, which takes place in no conference that others may enter.
 */
bool tr_instruction_kind_read(struct work *work, const char *word, enum tr_instruction_kind *kind);

/*
 * Whether a word for what is to be recorded says that it is: record-from-answer, record-from-start,
 * record-from-ringing (also with "-dual"), true; or do-not-record, false.  Every recording begins
 * when the worker answers.  False for any other word.
 */
bool tr_record_read(const char *word, bool *record);

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
 * missing, when "from" is no number of the tenant's, or when the task stands for no call of ours.
 */
bool tr_instruction_check(struct work *work, const struct tr_task *task,
                          const struct tr_instruction *instruction);

#endif
