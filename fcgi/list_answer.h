/*
 * fcgi/list_answer.h - an answer that is an object around a list: that it is one, whose it is, how
 * many rows there are, where the next page begins.
 *
 * A view of it shows what the dialect tells, each member under the dialect's own name:
 *
 *   FIELD(list_answer, count, "count", READ),
 *   ROWS(list_answer, rows, "calls", call_view, READ),
 */
#ifndef FCGI_LIST_ANSWER_H
#define FCGI_LIST_ANSWER_H

#include "fcgi/dialect.h"

struct list_answer {
    struct rows rows;
    int64_t total;           /* of all pages */
    const char *next_cursor; /* NULL: this is the last page */
    /* Filled in by reply_list(). */
    bool ok;
    int64_t count; /* of this page */
    const char *tenant;
};

extern const struct entity list_answer_entity;

/* Answers 200 with the list through that view, and says whether that went well. */
bool reply_list(struct request *req, const struct view *view, struct list_answer *list);

#endif
