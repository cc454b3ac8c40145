/*
 * stream/replay/inside.h - what the files of a replay know of each other; nobody else includes it.
 *
 *   log.c      the lines of the log, and what came out compared with them
 *   sides.c    carrier and model, to whom the call speaks
 *   inputs.c   what is handed in, by kinds of lines
 *   replay.c   the way through a log, and who asks for it
 */
#ifndef STREAM_REPLAY_INSIDE_H
#define STREAM_REPLAY_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/config.h"
#include "stream/live.h"
#include "stream/replay.h"
#include "stream/socket.h"
#include "stream/tools.h"

/* A line of the log. */
struct line_read {
    int64_t after_us;
    char kind;
    const char *text; /* unfolded for what comes in, as it stands for what goes out */
    size_t length;
    size_t number;
};

/* A side to which the call speaks: what it says is compared with the log. */
struct side {
    struct outlet outlet;
    char kind;
    enum message_kind message;
    char *room;
    bool is_open, is_gone;
};

/* A connection to a model; role NULL: there is none. */
struct connection {
    const struct role *role;
    void *with;
};

enum { REPLAY_EARLIER = 8, REPLAY_AWAY = 64 };

/* There is one at a time, as there is one clock. */
struct replay {
    struct arena arena, scratch; /* scratch: of the line in hand */
    const char *at, *end;        /* the rest of the file */
    size_t number;
    int64_t now_us, skipped_us; /* skipped: of lines that were left out of the accepted log */
    struct replay_result *result;
    struct config config;
    struct live *live;
    struct side carrier, to_model;
    struct connection model;                   /* that was asked for last */
    struct connection earlier[REPLAY_EARLIER]; /* that were given up and have not ended yet */
    size_t nearlier;
    struct tool_run *away[REPLAY_AWAY]; /* tools that have not answered yet */
    size_t naway;
    bool is_over;   /* what is said now nobody compares */
    FILE *accepted; /* the log with what is said now; NULL: it is compared */
};

extern struct replay replaying;

/* ---- log.c ---- */

/* Whether lines of that kind tell what went out. */
bool replay_is_output(char kind);

/* The next line, without moving on; false at the end. */
bool replay_peek(struct line_read *line, const char **behind);

void replay_move_on(const struct line_read *line, const char *behind);

/* Whether there was a difference; only the first counts, because what follows follows from it. */
bool replay_differs(void);
void replay_note(const char *what, const struct line_read *expected, const char *got,
                 size_t length);

/* Something went out: it must be the log's next line. */
void replay_came_out(char kind, const char *text, size_t length);

/* Everything that went out then must have gone out by now. */
void replay_expect_silence(void);

/* ---- sides.c ---- */

/* Whom the call may speak to from now on; kind: of the lines that tell of it. */
struct outlet *replay_open_side(struct side *side, char kind);

/* ---- inputs.c ---- */

/* Takes the places of those who would answer from outside: claims, connections, tools. */
void replay_stand_in(void);

/* Hands in what a line tells; false when it cannot have been there. */
bool replay_hand_in(const struct line_read *line);

/* Ends what the log left open, and gives the places back. */
void replay_let_go(void);

#endif
