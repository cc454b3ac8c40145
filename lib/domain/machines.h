/*
 * domain/machines.h - what an agent does when a machine answers its call: the version's call
 * settings (reference 1.3, 5.6).
 */
#ifndef DOMAIN_MACHINES_H
#define DOMAIN_MACHINES_H

#include <stdbool.h>

#include "core/uid.h"
#include "core/work.h"

struct machine_settings {
    bool detects;        /* the carrier is asked who answers, whoever orders the call */
    const char *message; /* what is left; NULL: nothing */
};

/* Of an agent's version; an unknown one has none. False only when the store fails. */
bool machine_settings(struct work *work, uid agent_version, struct machine_settings *settings);

#endif
