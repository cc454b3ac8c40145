#include "stream/burst.h"

#include <linux/sockios.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/rand.h"
#include "stream/frame.h"

enum { BATCH_SIZE = 16 * 1024, MASKS_SIZE = 4096 };

/* The loop's, which is the only thread that sends. */
static unsigned char batch[BATCH_SIZE], masks[MASKS_SIZE];
static size_t masks_used;

/* A mask for a client's frame; they are drawn many at a time. */
static const unsigned char *next_mask(void)
{
    if (masks_used == sizeof masks)
        masks_used = 0;
    if (masks_used == 0)
        rand_bytes(masks, sizeof masks);
    masks_used += FRAME_MASK;
    return masks + masks_used - FRAME_MASK;
}

/* Frames as many messages as fit; says how many, and how many bytes they became. */
static size_t frame(const struct burst *burst, const struct queue *queue, size_t *count)
{
    size_t length, used = 0;

    *count = 0;
    for (char *message = queue_first(queue, &length);
         message && used + FRAME_HEAD + length <= sizeof batch;
         message = queue_next(queue, message, &length)) {
        used += frame_write(batch + used, message, length, burst->masks ? next_mask() : NULL);
        ++*count;
    }
    return used;
}

/*
 * What the kernel accounts for a small packet is several times its size, so only a part of its
 * buffer is counted on.  It is asked again when that is used up.
 */
static bool has_room(struct burst *burst, size_t need)
{
    int size = 0, waiting = 0;
    socklen_t length = sizeof size;

    if (burst->room >= need)
        return true;
    if (getsockopt(burst->fd, SOL_SOCKET, SO_SNDBUF, &size, &length) != 0 ||
        ioctl(burst->fd, SIOCOUTQ, &waiting) != 0 || size / 4 <= 2 * waiting)
        return false;
    burst->room = (size_t)(size / 4 - 2 * waiting);
    return burst->room >= need;
}

static bool write_all(const struct burst *burst, size_t length)
{
    if (burst->ssl)
        return SSL_write(burst->ssl, batch, (int)length) == (int)length;
    return send(burst->fd, batch, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

enum burst_result burst_send(struct burst *burst, struct queue *queue)
{
    size_t count, used = frame(burst, queue, &count);

    if (!used || !has_room(burst, used)) {
        burst->room = 0;
        return BURST_NO_ROOM;
    }
    if (!write_all(burst, used))
        return BURST_BROKEN;
    burst->room -= used;
    while (count--)
        queue_drop_first(queue);
    return BURST_SENT;
}
