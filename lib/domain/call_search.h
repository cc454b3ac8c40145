/*
 * domain/call_search.h - which calls had a phrase said in them.
 *
 * The full-text index narrows to the tenant's texts that have the phrase's words; LIKE then finds
 * the phrase itself, without regard to case.  Words that the index does not hold (too short, too
 * common, of scripts that set no spaces) are left to LIKE alone.
 */
#ifndef DOMAIN_CALL_SEARCH_H
#define DOMAIN_CALL_SEARCH_H

#include "core/work.h"

struct call_search {
    const char *words; /* for MATCH … AGAINST (? IN BOOLEAN MODE); NULL when the index is no help */
    const char *like; /* for LIKE ? */
};

/* Reads a phrase; INVALID, blaming "field", when there is nothing in it. */
bool call_search_read(struct work *work, const char *field, const char *phrase,
                      struct call_search *search);

#endif
