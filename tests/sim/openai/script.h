/*
 * openai/script.h - what the model says and does; script.c holds the rules.
 */
#ifndef SIM_OPENAI_SCRIPT_H
#define SIM_OPENAI_SCRIPT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

enum { STEPS_MAX = 4 };

enum step_kind { SAY, CALL };

struct step {
    enum step_kind kind;
    char *text;       /* SAY: the words */
    char *name;       /* CALL: the tool */
    char *arguments;  /* CALL: JSON text */
    char call_id[80]; /* CALL */
    bool slowly;      /* CALL: its arguments take two seconds */
};

/* The outputs of one response, one after the other, and how it ends. */
struct plan {
    struct step steps[STEPS_MAX];
    size_t count;
    const char *failure;    /* code with which it fails before any output, or NULL */
    const char *incomplete; /* reason for which it stops half way, or NULL */
};

/* What a rule may look at.  Texts may be NULL. */
struct prompt {
    const char *instructions;         /* of this response */
    const char *session_instructions; /* of the session */
    bool opening;                     /* nobody has said anything yet */
    const char *heard;                /* what the caller said last and nobody answered */
    const char *tool_output;          /* outputs of tools that nobody has spoken about */
    struct json_object *tools;
    struct json_object *tool_choice;
};

/* The rules, applied.  Always says or does something, unless it fails. */
void plan_make(struct plan *plan, const struct prompt *prompt);

void plan_free(struct plan *plan);

#endif
