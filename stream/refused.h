/*
 * stream/refused.h - settings of an agent that the model's provider does not take.
 *
 * The provider takes a configuration as a whole or not at all, and names the member that it does
 * not like: a voice that it has no more, a language that it does not know, the schema of a tool.  A
 * caller is not left without an agent for that: the member gets its default, or is left out, and
 * the rest is sent again.
 */
#ifndef STREAM_REFUSED_H
#define STREAM_REFUSED_H

#include <stdbool.h>

struct live;

/*
 * The session's configuration was refused with an error's "code" for its "param"
 * ("session.audio.output.voice"; NULL: it did not say).  True when the settings are others now and
 * may be sent again; false when there is nothing to give up.
 */
bool refused_setting(struct live *live, const char *code, const char *param);

#endif
