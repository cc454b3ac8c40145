/*
 * stream/relay_heard.h - which of the agent's words a caller heard who interrupted it.
 *
 * The relay tells them as text.  They may span several items of the conversation, and begin with
 * the second when the first was spoken to its end.
 */
#ifndef STREAM_RELAY_HEARD_H
#define STREAM_RELAY_HEARD_H

#include "stream/live.h"

/*
 * Cuts what the agent said since the caller's last turn to the words that were heard, in the
 * transcript and in the mind; "heard_ms" of the last of them.  True when something was cut.
 */
bool relay_note_heard(struct live *live, const char *heard, int64_t heard_ms);

/*
 * How many bytes of "text" the words "heard" cover, spaces apart: all of it when "heard" goes on
 * behind it; *rest is then what is left of "heard".  False when they differ.
 */
bool relay_covers(const char *text, const char *heard, size_t *covered, const char **rest);

#endif
