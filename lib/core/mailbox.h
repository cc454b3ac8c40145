/*
 * core/mailbox.h - who a mail is from, as headers have it: "hello@acme.example",
 * "Acme <hello@acme.example>", "\"Acme, Inc.\" <hello@acme.example>".
 *
 * One mailbox and nothing else: no list, no comment, no second address in the name, nothing that
 * would end a header.  A comma in a name without quotes ("Acme, Inc. <hello@acme.example>") is
 * taken, and quoted when it is written, since a mail server would read a list there.
 */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

#include <stdbool.h>

#include "core/arena.h"

enum { MAILBOX_MOST = 320, ADDRESS_SIZE = 255 };

/* Takes the address out of a mailbox, as it is spelled there; false when the text is none. */
bool mailbox_read(const char *text, char address[ADDRESS_SIZE]);

/* A mailbox that was read, as a header must have it: with quotes where its name has a comma. */
char *mailbox_write(struct arena *arena, const char *text);

/* Whether a text is a domain with at least two labels: "acme.example". */
bool mailbox_is_domain(const char *text);

/* Whether an address is of one of the domains of a list, separated by commas; case is ignored. */
bool mailbox_is_of(const char *address, const char *domains);

#endif
