/*
 * domain/rooms.h - two calls that belong together: a translation call (reference 1.5 and 5.11).
 *
 *   forming -> waiting (one leg is up) -> live -> ended | failed
 *
 * Both legs are held by one node, which the room names before either is ordered; when that node is
 * lost, the leg that comes back first names another.
 */
#ifndef DOMAIN_ROOMS_H
#define DOMAIN_ROOMS_H

#include "db/store.h"

struct call;
struct media_node;

struct room {
    int64_t tenant_id;
    uid id;
    const char *kind;                    /* translation, conference */
    const char *state;                   /* one of room_states */
    const char *language_a, *language_b; /* of participant_a and participant_b */
    int64_t original_level;              /* how loud the untranslated voice stays, percent */
    int64_t node_id;
    const char *conference_sid;
    instant started_at, ended_at;
    const char *error;
    instant created_at, updated_at;
    int64_t rev;
};

extern const struct entity room_entity;
extern const char *const room_states[];

/* The tenant's room of that key; NOT_FOUND. */
bool room_get(struct work *work, uid id, struct room *room);

/*
 * Moves a room on; later news of an earlier state change nothing.  "error" (NULL: none) says why it
 * failed.
 */
bool room_move(struct work *work, uid id, const char *state, instant at, const char *error);

/*
 * Ends a room of which every leg is over: as "ended" when both sides talked, else as "failed".
 * NO_UID: nothing.  Inside the caller's transaction.
 */
bool room_settle(struct work *work, uid id, instant at);

/*
 * The node of a room's legs: the one it names while that lives and takes calls, else another, which
 * it then names for both.  WRONG_STATE when the room is over; NOT_FOUND when no node has room.
 */
bool room_node(struct work *work, uid id, struct media_node *node);

/* What a translation call is ordered with. */
struct translation_order {
    const char *from;        /* NULL: the tenant's own choice, then the number of its first route */
    const char *to_a, *to_b; /* E.164 */
    const char *language_a, *language_b; /* NULL: en and es */
    int64_t original_level;              /* NO_INTEGER: ROOM_ORIGINAL_LEVEL */
    const char *trace_id;
};

enum { ROOM_ORIGINAL_LEVEL = 15 };

/*
 * Orders both legs.  The room and its calls are written in one transaction; when the second order
 * fails, the first leg is cancelled and the room failed.  Fails as outbound_order() does, and with
 * UPSTREAM also when the carrier gave no answer.
 */
bool room_translate(struct work *work, const struct translation_order *order, struct room *room,
                    struct call *legs);

#endif
