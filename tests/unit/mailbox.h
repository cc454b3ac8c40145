/*
 * tests/unit/mailbox.h - the stand-in of a mail server, as a process of the test's own.
 */
#ifndef TESTS_UNIT_MAILBOX_H
#define TESTS_UNIT_MAILBOX_H

#include <json-c/json.h>

/* Starts it and answers its address: "smtp://127.0.0.1:<port>". It ends with the test. */
const char *mailbox_start(void);

/* What it wrote down so far of one kind ("mail", "refused"), in order; kept for the test. */
json_object *mailbox_log(const char *event);

#endif
