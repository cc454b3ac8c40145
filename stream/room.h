/*
 * stream/room.h - a translation call: two legs that meet in one room (reference 5.11).
 *
 * Each leg has its own model, which interprets: it hears its leg's caller and speaks to the other
 * leg.  To each caller goes, at the pace of that caller's own frames, the other leg's interpreter
 * with the other caller's voice low under it.  So a leg's line is the other leg's carrier; marks
 * are sent there with the audio they belong to, and come back from there.
 *
 * Whoever is first hears that he has to wait; when one leg ends, the other hears so and is ended.
 */
#ifndef STREAM_ROOM_H
#define STREAM_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/rooms.h"
#include "stream/mix.h"
#include "stream/playback.h"

struct live;
struct meeting;

enum { ROOM_MARKS = 96 };

/* A mark that leaves when the audio before it has. */
struct owed_mark {
    int speaker;     /* the side whose playback it belongs to */
    uint64_t behind; /* bytes of the leg's speech, counted from its beginning */
    char name[MARK_SIZE];
};

/* What a leg of a room has; all zero for any other call. */
struct room_leg {
    struct meeting *meeting; /* NULL: it is no leg */
    int side;                /* 0: participant_a, 1: participant_b */
    struct jitter original;  /* the other caller's voice */
    struct jitter speech;    /* what is said to this caller, as fast as it was made */
    uint64_t put, taken;     /* bytes of speech since the beginning */
    struct owed_mark *marks; /* ROOM_MARKS, in the call's arena */
    size_t nmarks;
    bool is_ready;   /* its interpreter can be talked to */
    int64_t wait_us; /* until when it waits for the other; 0: it does not */
    int64_t end_us;  /* when it is ended; 0: not yet */
};

/* The leg of a claimed session enters; its settings become an interpreter's.  NULL: no room. */
void room_enter(struct live *live, const struct room *room, const char *leg_role);

/* The model is ready for the first time: true when it is a leg's, which is not greeted. */
bool room_ready(struct live *live);

/* A frame of the leg's caller: for the other leg, and the moment to serve this one. */
void room_from_caller(struct live *live, struct slice audio);

/* A mark that came back from the leg's carrier; false when it is none of a room's. */
bool room_mark_heard(struct live *live, const char *name);

/* Ends who has waited or stayed behind too long; ten times a second. */
void room_tick(struct live *live);

/* The leg ends; "comes_back": only its connection was lost. */
void room_leave(struct live *live, bool comes_back);

#endif
