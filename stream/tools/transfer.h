/*
 * stream/tools/transfer.h - whom an agent may pass its callers on to.
 *
 * The version's "transfer_settings" names a default ("default_number", "number" or "target") and
 * destinations: an object of names and numbers, or a list of {"name","number"}.  Where destinations
 * are named, no other number is called, unless "allow_any_number" is set.  With "mode" "warm"
 * whoever is called hears first what it is about, and may decline (domain/human_legs.h); then the
 * next one is called: of a destination's "numbers", of all destinations when anybody will do, and
 * at last of "fallback_numbers".
 */
#ifndef STREAM_TOOLS_TRANSFER_H
#define STREAM_TOOLS_TRANSFER_H

#include "core/json.h"
#include "core/text.h"

/*
 * Finds the number of what the model asked for: a name, a number, or nothing (the default).  NULL
 * when the settings have none; fails with FORBIDDEN or NOT_FOUND in the work's error when they
 * speak against it.  "settings" may be NULL.
 */
bool transfer_find(struct work *work, json_object *settings, const char *wanted,
                   const char **number);

/* So many others are called at most. */
enum { TRANSFER_OTHERS = 5 };

/*
 * Who else is called, one after the other, when "number" does not take the caller: numbers with
 * commas between them, NULL when there is nobody.  "wanted" as above.
 */
const char *transfer_others(struct work *work, json_object *settings, const char *wanted,
                            const char *number);

/* Adds " Known destinations: Sales, Support." when there are any. */
void transfer_names(json_object *settings, struct text *text);

/* The version's settings, in either spelling; NULL when it has none. */
json_object *transfer_settings(json_object *config);

#endif
