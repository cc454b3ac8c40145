/*
 * stream/visitor.h - who watches calls over a websocket: how he proves himself, what he is told.
 *
 *   WAITING    he has shown nothing yet; a first frame {"type":"auth","token":…} is awaited, 5 s
 *   CHECKING   what he showed is being checked, off the loop
 *   REPLAYING  what was before he came is being read and told; what happens meanwhile waits
 *   LISTENING  he is told what happens
 *   LEAVING    he was refused, or is closed for another reason
 *
 * A key comes as Authorization: Bearer, as X-API-Key where the stage takes that, as subprotocol
 * "bearer.<key>" offered beside "trunkline", or in the first frame; a ticket as ?ticket=.  Keys are
 * looked at again once a minute, and so is each socket's place among those that its key or tenant
 * may have open over all nodes.  Close codes: 1008 refused, 1011 the store is away, 4404 no such
 * call, 4408 too slow, 4429 too many sockets.
 *
 * Two stages stand on this: events_role.c and logs_role.c.
 */
#ifndef STREAM_VISITOR_H
#define STREAM_VISITOR_H

#include "stream/news.h"
#include "stream/proof.h"
#include "stream/socket.h"

enum { VISITOR_CALLS = 16, VISITOR_BACKLOG = 1024 * 1024, VISITOR_MESSAGE = 4096 };

enum visitor_state { WAITING, CHECKING, REPLAYING, LISTENING, LEAVING };

struct visitor;

/* A kind of socket for visitors. */
struct stage {
    const char *path, *also; /* also: another path of the same, or NULL */
    struct proof_kind proof;
    bool takes_api_key, takes_frames, takes_legacy_query;
    bool pings; /* tells {"type":"ping"} at the beginning and every 30 s */

    /* Reads what else the query says; false refuses it. May be NULL. */
    bool (*read_query)(struct visitor *visitor, const char *query);

    /* Writes news as he reads them; false: they are none of his. */
    bool (*render)(const struct visitor *visitor, const struct event_news *news, struct text *out);
};

/* A message that waits for the end of a replay. */
struct waiting {
    struct waiting *next;
    uid id;
    size_t length;
    char text[];
};

struct visitor {
    struct watcher watcher; /* first */
    struct visitor *next;
    const struct stage *stage;
    enum visitor_state state;
    struct outlet *outlet;
    char ip[64], secret[PROOF_SECRET], call[PROOF_NAME];
    bool is_ticket;
    bool is_asking; /* a question is under way */
    bool is_gone;   /* its socket is closed; the question's answer frees it */
    bool is_watching;
    int64_t since_us, ping_us, proven_us;
    struct proven proven;
    struct socket_place place;
    uid calls[VISITOR_CALLS]; /* what he asked for */
    size_t ncalls;
    bool wants_all, is_leaving_call; /* leaving: the call that is being looked up */
    uid after;                    /* a replay begins behind this event; NO_UID: none wanted … */
    int64_t tail;                 /* … but perhaps the last so many */
    int level;                    /* the least that he wants to hear of (visitor_level) */
    char event[49];               /* … and how its type begins; "": any */
    struct seen *seen;            /* what a replay told; NULL: there was none */
    struct visitor_proof *replay; /* rows that are still to be told */
    size_t replayed;
    struct waiting *waiting, **waiting_end;
    size_t waiting_bytes;
};

void visitors_configure(const struct config *config);

/* For roles: whether he may come in (101 or a refusal), and what else they pass on. */
int visitor_admit(const struct stage *stage, const struct upgrade *upgrade, void **with);
void visitor_opened(void *with, struct outlet *outlet);
bool visitor_message(void *with, const char *text, size_t length);
void visitor_closed(void *with, const struct closing *closing);

/* From the loop's tick. */
void visitors_tick(void);

/* The daemon ends: closes all with 1001. */
void visitors_leave(void);

/* How many sockets of visitors there are. */
size_t visitors_count(void);

/* 0 debug to 3 error; -1 when the text is no level. */
int visitor_level(const char *text);

/* A value of a query ("call_sid"), "" when it is absent or does not fit. */
void visitor_query(const char *query, const char *name, char *value, size_t size);

#endif
