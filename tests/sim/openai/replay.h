/*
 * openai/replay.h - plays a recorded call to every session in place of the model.
 *
 * The file has one event a line, in time order.  "_dir" says who sent it, "_at_ms" when, since
 * the connection opened.  Lines of the server are sent at their time; a line that answers the
 * client waits for what it answers, and all that follow wait with it.  Ids that the client chose
 * replace the recorded ones, and ids of the server are made new for each session.
 */
#ifndef SIM_OPENAI_REPLAY_H
#define SIM_OPENAI_REPLAY_H

#include <json-c/json.h>
#include <stdbool.h>

struct session;

/* Reads the file into model.replay; false after a line on stderr. */
bool replay_load(const char *path);
void replay_unload(void);

void replay_begin(struct session *session);
void replay_receive(struct session *session, struct json_object *event, const char *type);
void replay_end(struct session *session);

#endif
