/*
 * stream/frame.h - websocket frames (RFC 6455, 5.2) as bytes, so that many leave in one write.
 */
#ifndef STREAM_FRAME_H
#define STREAM_FRAME_H

#include <stddef.h>

enum { FRAME_HEAD = 14, FRAME_MASK = 4 }; /* the longest header, with its mask */

/*
 * Writes a whole text message as one frame; a client gives the four bytes of a mask, a server NULL.
 * "out" holds FRAME_HEAD + length bytes.  Returns how many were written.
 */
size_t frame_write(unsigned char *out, const char *text, size_t length, const unsigned char *mask);

#endif
