/*
 * stream/visitor_frames.h - what a visitor may say, and what he has asked to hear.
 *
 *   {"type":"auth","token":…[,"call_sid":…][,"after":…]}   once, when he has shown nothing yet
 *   {"type":"subscribe"[,"call_sid":…][,"after":…]}        one call more, or all; and a replay
 *   {"type":"unsubscribe"[,"call_sid":…]}                  one call less, or nothing more
 *   {"type":"ping"}, answered by {"type":"pong"};  {"type":"pong"}
 */
#ifndef STREAM_VISITOR_FRAMES_H
#define STREAM_VISITOR_FRAMES_H

#include "stream/visitor.h"

/* A message of his; false: he does not keep to the rules. */
bool visitor_frame(struct visitor *visitor, const char *text, size_t length);

/* Whether news are of a call and a kind that he wants to hear of. */
bool visitor_wants(const struct visitor *visitor, const struct event_news *news);

/* From now on he hears of that call, and of others only if he asks for them too. */
bool visitor_add_call(struct visitor *visitor, uid call);

/* Reads the spellings of an event's key. */
bool visitor_event_id(const char *text, uid *id);

/* visitor.c's: asks for his proof, for what was before, for a call by its name. */
void visitor_prove(struct visitor *visitor);
void visitor_read_again(struct visitor *visitor);
bool visitor_find_call(struct visitor *visitor, const char *name);

/* The call that he named; NO_UID: there is none. */
void visitor_call_found(struct visitor *visitor, uid call);

#endif
