/*
 * stream/last_words.h - what a caller said just before he hung up (openai-realtime.md 5.14).
 *
 * A model takes half a second of silence for the end of somebody's words, and a while more to write
 * them down; who says "cancel it, thanks" and hangs up is faster than that.  So the session of a
 * caller whose words are still on their way keeps its model for two seconds at most.  Nobody is
 * heard meanwhile, no tool runs and no order is taken: only what he said is written down.  Then the
 * session ends as it would have ended at once.
 */
#ifndef STREAM_LAST_WORDS_H
#define STREAM_LAST_WORDS_H

#include <stdbool.h>

struct live;

enum { LAST_WORDS_US = 2 * 1000000 };

/*
 * The caller has hung up while the call was talked in: whether words of his are still to come.
 * Then the model is told to write down what it has of them, and to say nothing any more.
 */
bool last_words_await(struct live *live);

/*
 * The wait begins, and is over.  The call's sockets may be gone meanwhile, so the wait itself holds
 * the call: it may be freed by last_words_end() when nobody else does.
 */
void last_words_begin(struct live *live);
void last_words_end(struct live *live);

/* Whether some are still to come. */
bool last_words_are_owed(const struct live *live);

#endif
