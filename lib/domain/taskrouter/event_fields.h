/*
 * domain/taskrouter/event_fields.h - the parameters of what a customer's program is told.
 *
 * Private to the folder.
 */
#ifndef DOMAIN_TASKROUTER_EVENT_FIELDS_H
#define DOMAIN_TASKROUTER_EVENT_FIELDS_H

#include "domain/taskrouter/tasks.h"
#include "domain/taskrouter/workers.h"
#include "domain/taskrouter/workspaces.h"
#include "remote/twilio_signature.h"

struct fields {
    struct work *work;
    struct twilio_field at[48];
    size_t count;
};

void fields_begin(struct fields *fields, struct work *work);
void fields_text(struct fields *fields, const char *name, const char *value);
void fields_number(struct fields *fields, const char *name, int64_t value);
void fields_sid(struct fields *fields, const char *name, const char letters[2], uid id);

void fields_task(struct fields *fields, const struct tr_task *task);
void fields_worker(struct fields *fields, const struct tr_worker *worker);

#endif
