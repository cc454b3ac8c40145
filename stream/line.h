/*
 * stream/line.h - the caller's side of a call, as the bridge knows it: the carrier's media stream,
 * its conversation relay, or a browser.
 */
#ifndef STREAM_LINE_H
#define STREAM_LINE_H

#include "stream/live.h"
#include "stream/scan.h"

struct line {
    const char *name;

    /* Sends base64 µ-law as it is; false when the connection is closing. NULL: it takes words. */
    bool (*audio)(struct live *live, struct slice audio);

    /* The carrier says the name again when everything before it was played. */
    void (*mark)(struct live *live, const char *name);

    /* The carrier forgets what it has queued. */
    void (*clear)(struct live *live);

    /*
     * Sends words of the agent's to a line that speaks them itself; "last": the sentence is whole.
     * NULL when the line takes audio.
     */
    void (*words)(struct live *live, const char *text, bool last);

    /* Says that the call is over and why, before the connection is closed; NULL: it need not. */
    void (*leave)(struct live *live);

    /* Presses keys; NULL when they are sent as tones in the audio. */
    void (*digits)(struct live *live, const char *digits);
};

#endif
