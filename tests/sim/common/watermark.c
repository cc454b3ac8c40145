#include "common/watermark.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC = 0x5472756E, VERSION = 1, MAGIC_BITS = 32, REST_BYTES = 11, HEADER_BITS = 120 };

/* An utterance that has begun, or so it seems until the rest of its header has been read. */
struct candidate {
    uint64_t first;
    size_t heard;
    unsigned char rest[REST_BYTES]; /* the header behind the magic, as bits arrive */
    size_t text_bytes, total;       /* 0 until the header is read */
    uint32_t expected, sum;
    char *text;          /* its bits, as they arrive */
    unsigned char *head; /* samples that wait for the text, which the checksum begins with */
    size_t head_count;
};

struct watermark_finder {
    uint64_t position;
    uint32_t shift;            /* the last 32 bits heard */
    unsigned char last[32];    /* the samples they came from; "position" tells the oldest */
    struct candidate *current; /* its header is known to be good */
    struct candidate *next;    /* only its magic was seen yet */
};

/* CRC-32 as zlib computes it, a nibble at a time. */
static uint32_t crc_add(uint32_t sum, const void *bytes, size_t count)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const unsigned char *at = bytes;

    sum = ~sum;
    for (size_t i = 0; i < count; i++) {
        sum = table[(sum ^ at[i]) & 15] ^ (sum >> 4);
        sum = table[(sum ^ (unsigned)(at[i] >> 4)) & 15] ^ (sum >> 4);
    }
    return ~sum;
}

size_t watermark_room(size_t text_bytes)
{
    return HEADER_BITS + 8 * text_bytes;
}

static void put_number(unsigned char *at, uint32_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (unsigned char)(number >> (8 * (bytes - 1 - i)));
}

static uint32_t get_number(const unsigned char *at, size_t bytes)
{
    uint32_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

/* Faint noise around zero, for samples that have to be added: the codes of 0, 16 and -16. */
static void pad(unsigned char *at, size_t count)
{
    static const unsigned char codes[4] = {0xFF, 0xFD, 0x7D, 0xFE};
    uint32_t state = 1;

    for (size_t i = 0; i < count; i++) {
        state = state * 1103515245U + 12345U;
        at[i] = codes[state >> 30];
    }
}

static uint32_t checksum(const char *text, size_t text_bytes, const unsigned char *ulaw,
                         size_t count)
{
    uint32_t sum = crc_add(0, text, text_bytes);

    for (size_t i = 0; i < count; i++) {
        unsigned char cleared = ulaw[i] & 0xFE;

        sum = crc_add(sum, &cleared, 1);
    }
    return sum;
}

static void put_bits(unsigned char *ulaw, const unsigned char *bits, size_t bytes)
{
    for (size_t i = 0; i < 8 * bytes; i++) {
        unsigned bit = bits[i / 8] >> (7 - i % 8) & 1;

        ulaw[i] = (unsigned char)((ulaw[i] & 0xFE) | bit);
    }
}

unsigned char *watermark_put(const char *text, const unsigned char *ulaw, size_t count,
                             size_t *out_count)
{
    size_t length = strlen(text);
    size_t room = watermark_room(length);
    size_t total = count > room ? count : room;
    unsigned char header[HEADER_BITS / 8];
    unsigned char *out;

    if (length > WATERMARK_TEXT_MAX || total > WATERMARK_SAMPLES_MAX ||
        (out = malloc(total)) == NULL)
        return NULL;
    if (count > 0)
        memcpy(out, ulaw, count);
    pad(out + count, total - count);
    put_number(header, MAGIC, 4);
    header[4] = VERSION;
    put_number(header + 5, (uint32_t)length, 2);
    put_number(header + 7, (uint32_t)total, 4);
    put_number(header + 11, checksum(text, length, out, total), 4);
    put_bits(out, header, sizeof header);
    put_bits(out + HEADER_BITS, (const unsigned char *)text, length);
    *out_count = total;
    return out;
}

struct watermark_finder *watermark_new(void)
{
    return calloc(1, sizeof(struct watermark_finder));
}

static void candidate_free(struct candidate *candidate)
{
    if (candidate == NULL)
        return;
    free(candidate->text);
    free(candidate->head);
    free(candidate);
}

void watermark_free(struct watermark_finder *finder)
{
    if (finder == NULL)
        return;
    candidate_free(finder->current);
    candidate_free(finder->next);
    free(finder);
}

uint64_t watermark_position(const struct watermark_finder *finder)
{
    return finder->position;
}

void watermark_forget(struct watermark_finder *finder)
{
    candidate_free(finder->current);
    candidate_free(finder->next);
    finder->current = finder->next = NULL;
    finder->shift = 0;
}

static bool text_heard(const struct candidate *candidate)
{
    return candidate->text != NULL && candidate->head == NULL;
}

static struct watermark_found describe(const struct candidate *candidate)
{
    return (struct watermark_found){
        .text = text_heard(candidate) ? candidate->text : NULL,
        .samples_total = candidate->total,
        .samples_heard = candidate->heard,
        .whole = candidate->heard == candidate->total && candidate->sum == candidate->expected,
        .first_sample = candidate->first,
    };
}

bool watermark_pending(const struct watermark_finder *finder, struct watermark_found *found)
{
    if (finder->current == NULL)
        return false;
    *found = describe(finder->current);
    return true;
}

/* Reads the header once its last bit is there; false when it is no header after all. */
static bool read_header(struct candidate *candidate)
{
    size_t room;
    unsigned char *head;

    candidate->text_bytes = get_number(candidate->rest + 1, 2);
    candidate->total = get_number(candidate->rest + 3, 4);
    candidate->expected = get_number(candidate->rest + 7, 4);
    room = watermark_room(candidate->text_bytes);
    if (candidate->rest[0] != VERSION || candidate->text_bytes > WATERMARK_TEXT_MAX ||
        candidate->total < room || candidate->total > WATERMARK_SAMPLES_MAX)
        return false;
    candidate->text = calloc(1, candidate->text_bytes + 1);
    head = realloc(candidate->head, room);
    if (head != NULL)
        candidate->head = head;
    return candidate->text != NULL && head != NULL;
}

/* With the last bit of the text the checksum can begin. */
static void begin_checksum(struct candidate *candidate)
{
    candidate->sum = crc_add(0, candidate->text, candidate->text_bytes);
    candidate->sum = crc_add(candidate->sum, candidate->head, candidate->head_count);
    free(candidate->head);
    candidate->head = NULL;
}

/* One more sample of an utterance; false when its header turns out to be none. */
static bool candidate_add(struct candidate *candidate, unsigned char sample)
{
    size_t bit = candidate->heard++;
    unsigned char cleared = sample & 0xFE;
    unsigned char value = (unsigned char)((sample & 1) << (7 - bit % 8));

    if (candidate->head == NULL) {
        candidate->sum = crc_add(candidate->sum, &cleared, 1);
        return true;
    }
    candidate->head[candidate->head_count++] = cleared;
    if (bit >= MAGIC_BITS && bit < HEADER_BITS)
        candidate->rest[(bit - MAGIC_BITS) / 8] |= value;
    if (bit >= HEADER_BITS)
        candidate->text[(bit - HEADER_BITS) / 8] |= (char)value;
    if (candidate->heard == HEADER_BITS && !read_header(candidate))
        return false;
    if (candidate->heard >= HEADER_BITS &&
        candidate->heard == watermark_room(candidate->text_bytes))
        begin_checksum(candidate);
    return true;
}

/* An utterance seems to begin: its magic ends with the last sample that was heard. */
static struct candidate *candidate_begin(const struct watermark_finder *finder)
{
    struct candidate *candidate = calloc(1, sizeof *candidate);

    if (candidate == NULL || (candidate->head = malloc(HEADER_BITS)) == NULL) {
        free(candidate);
        return NULL;
    }
    candidate->first = finder->position - MAGIC_BITS;
    for (uint64_t i = 0; i < MAGIC_BITS; i++)
        candidate_add(candidate, finder->last[(candidate->first + i) % MAGIC_BITS]);
    return candidate;
}

static void report(struct candidate *candidate, watermark_callback *on_found, void *user)
{
    struct watermark_found found = describe(candidate);

    if (on_found != NULL)
        on_found(user, &found);
    candidate_free(candidate);
}

static void feed_current(struct watermark_finder *finder, unsigned char sample,
                         watermark_callback *on_found, void *user)
{
    struct candidate *current = finder->current;

    if (current == NULL)
        return;
    candidate_add(current, sample);
    if (current->heard == current->total) {
        finder->current = NULL;
        report(current, on_found, user);
    }
}

/* A header that proves good inside another utterance means that the other was cut off. */
static void feed_next(struct watermark_finder *finder, unsigned char sample,
                      watermark_callback *on_found, void *user)
{
    struct candidate *next = finder->next;

    if (next == NULL)
        return;
    if (!candidate_add(next, sample)) {
        candidate_free(next);
        finder->next = NULL;
    } else if (next->heard == HEADER_BITS) {
        struct candidate *cut = finder->current;

        finder->current = next;
        finder->next = NULL;
        if (cut != NULL) {
            cut->heard -= HEADER_BITS;
            report(cut, on_found, user);
        }
        if (next->heard == next->total) {
            finder->current = NULL;
            report(next, on_found, user);
        }
    }
}

void watermark_feed(struct watermark_finder *finder, const unsigned char *ulaw, size_t count,
                    watermark_callback *on_found, void *user)
{
    for (size_t i = 0; i < count; i++) {
        finder->last[finder->position % MAGIC_BITS] = ulaw[i];
        finder->position++;
        feed_current(finder, ulaw[i], on_found, user);
        feed_next(finder, ulaw[i], on_found, user);
        finder->shift = finder->shift << 1 | (ulaw[i] & 1);
        if (finder->shift == MAGIC && finder->position >= MAGIC_BITS && finder->next == NULL)
            finder->next = candidate_begin(finder);
    }
}
