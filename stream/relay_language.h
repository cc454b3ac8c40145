/*
 * stream/relay_language.h - callers who change the language in the middle of a call.
 *
 * A carrier that detects languages says with every sentence which one it heard; when that is
 * another one than it speaks, its voice is changed.  Beside that an agent that has the tool
 * switch_language changes both what is spoken and what is listened for, on any line.  A document
 * with "languages" names those that may be chosen.
 */
#ifndef STREAM_RELAY_LANGUAGE_H
#define STREAM_RELAY_LANGUAGE_H

#include <json-c/json.h>

struct live;

/* The carrier heard a sentence in that language; NULL: it does not say. */
void relay_language_heard(struct live *live, const char *language);

/* The tool: its answer as JSON, or what is wrong with its arguments. */
const char *language_tool(struct live *live, json_object *arguments, const char **fault);

#endif
