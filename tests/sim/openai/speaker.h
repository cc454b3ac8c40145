/*
 * openai/speaker.h - makes speech in threads beside the loop.
 */
#ifndef SIM_OPENAI_SPEAKER_H
#define SIM_OPENAI_SPEAKER_H

#include <stddef.h>
#include <stdint.h>

void speaker_start(void);
void speaker_stop(void);

/* Has the text spoken, then tells the response of that session in the loop, if both still live:
 * response_spoken() in response.h's sense.  "voice" is a voice of the API ("marin"). */
void speaker_order(const char *text, const char *voice, int64_t session, const char *response,
                   void (*ready)(int64_t session, const char *response, unsigned char *ulaw,
                                 size_t samples));

#endif
