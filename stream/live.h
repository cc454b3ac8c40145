/*
 * stream/live.h - one call's way through the daemon: from the carrier's socket to the last fact.
 *
 *   OPEN        the carrier has connected; its start frame with a token is awaited
 *   CLAIMING    the token is being claimed, off the loop
 *   CONNECTING  the model's socket is being opened
 *   CONFIGURING it is open and was told how to behave
 *   READY       both sides talk
 *   DRAINING    the agent says its last sentence
 *   CLOSING     its end is being written down, at first perhaps the caller's last words; then the
 *               carrier's socket is closed
 *   OVER        it only waits for its sockets and tasks to let go of it
 *
 * media.c knows the carrier's words, realtime.c the model's, bridge.c carries the audio between
 * them; what they have in common stands here.  All of it runs in the loop's thread.
 */
#ifndef STREAM_LIVE_H
#define STREAM_LIVE_H

#include "core/config.h"
#include "core/work.h"
#include "domain/tokens.h"
#include "stream/checkpoint.h"
#include "stream/clarification.h"
#include "stream/coalesce.h"
#include "stream/facts.h"
#include "stream/interruption.h"
#include "stream/model.h"
#include "stream/outage.h"
#include "stream/outlet.h"
#include "stream/pace.h"
#include "stream/playback.h"
#include "stream/queue.h"
#include "stream/responses.h"
#include "stream/rollover.h"
#include "stream/room.h"
#include "stream/said_commands.h"
#include "stream/settings.h"
#include "stream/takeover.h"
#include "stream/tones.h"
#include "stream/tools/run.h"
#include "stream/transcript.h"
#include "stream/voice_out.h"
#include "stream/voicemail.h"

enum live_state {
    LIVE_OPEN,
    LIVE_CLAIMING,
    LIVE_CONNECTING,
    LIVE_CONFIGURING,
    LIVE_READY,
    LIVE_DRAINING,
    LIVE_CLOSING,
    LIVE_OVER,
};

/* Something said before this session: in a session that broke off. */
struct said {
    enum speaker speaker;
    const char *text;
};

/* The caller's turn that is under way. */
struct speech {
    char item[ID_SIZE];
    instant at;
    int64_t start_ms, end_ms;
    int64_t stopped_us; /* when the caller stopped; 0: nobody waits for an answer */
};

struct mind;
struct line;
struct monitor;

struct usage {
    int64_t responses, text_in, audio_in, text_cached, audio_cached, text_out, audio_out;
};

enum { KEYS = 32 };

struct live {
    struct live *next;
    struct work work;     /* its arena lives as long as the call */
    struct arena scratch; /* of the message in hand */
    struct subject subject;
    enum live_state state;
    int holds; /* sockets and tasks that know this session */
    char id[37], ip[64];
    char token[TOKEN_LIMIT + 1];
    bool is_pending; /* it came without a token, and counts as such */
    bool is_bearer;  /* what came as a token may be the tenant's key (claims.h) */
    int64_t opened_us, deadline_us;
    int64_t started_us;    /* the carrier's start frame */
    int64_t last_media_us; /* the last frame of the caller */
    const char *result, *end_reason;

    const struct line *line; /* how the caller is reached */
    struct relay *relay;     /* a conversation relay's part of it; NULL: it is another line */
    struct chat *chat;       /* the same of a chat model */
    const struct mind *mind; /* who talks to the caller; NULL before the claim */
    struct outlet *carrier;
    char stream_sid[ID_SIZE], call_sid[ID_SIZE];
    struct checkpoint checkpoint;
    struct ladder ladder;
    struct rollover rollover;
    struct outage_caller caller; /* for a claim without the store */
    char media_head[128];        /* how every message of audio to the carrier begins */
    size_t media_head_length;
    bool was_stopped; /* the carrier said that the stream is over */
    bool is_left;     /* this process ends before the call does */
    char keys[KEYS + 1];
    int64_t keys_us; /* when the last key was pressed */

    struct outlet *model;
    struct link *link; /* the current attempt to reach the model */
    struct settings settings;
    struct said *history; /* of the sessions before; told to the model first */
    size_t nhistory;
    bool is_resumed, nobody_came; /* came: to whom the caller was to be passed on */
    unsigned connects, segments;  /* attempts to connect; model sessions that were configured */
    bool was_ready;
    char setup_event[EVENT_SIZE], last_error[64];
    struct queue early;    /* audio of the caller until the model takes it */
    struct coalesced held; /* frames of the caller that leave together */
    size_t held_bytes;     /* of the message with the last of them; 0: it was not held */
    int64_t base_ms;       /* of the session, when the model's own count of audio began */
    bool has_base;

    struct responses responses;
    struct playback playback;
    struct tones tones;
    struct transcript transcript;
    struct voice_out voice; /* whose voice the caller hears */
    struct room_leg room;
    struct speech speech;
    struct interruption interruption;
    struct pace pace;
    struct voicemail voicemail;
    struct usage usage;
    struct toolbox *toolbox; /* what the agent can do; NULL before the claim */
    struct tool_runs tools;
    struct said_commands said;
    struct clarification clarification; /* what the agent asks its supervisor */
    const char *drain_result;           /* of a session that drains; NULL: completed */
    int64_t retry_us, hang_up_us;       /* when to do it; 0: not wanted */
    struct speak again;                 /* what is asked for once more then */
    int64_t last_words_us;              /* so long the caller's are waited for; 0: they are not */
    int64_t ended_ms;                   /* of the session, when its end was known */
    int64_t ready_us;                   /* since when the model is of use */
    int64_t active_us;                  /* when somebody was last heard */
    const char *drain_reason;           /* why it is the last sentence */
    struct monitor *monitors;           /* supervisors who listen */
    struct takeover takeover;           /* … and one who speaks in the agent's place */
    struct recorder *recorder;          /* NULL: nothing is recorded */
    struct call_log *log;               /* NULL: the call is not kept for a replay */
};

/* A new session; its first hold is the carrier's socket. */
struct live *live_new(const struct config *config, const char *ip);

/* Somebody else needs the session: it stays until that one lets go too. */
void live_hold(struct live *live);

/* Lets go; the last one frees it. */
void live_release(struct live *live);

/* How many there are, and how many of them came without a token (from one address). */
size_t live_count(void);
size_t live_pending(const char *ip);

/* What one call of all that are live; for the control listener. NULL: none. */
struct live *live_find(uid id);

/* The carrier's start frame is here and the token known: claims it. */
void live_start(struct live *live);

/* What the claim found; texts are copied. */
struct claimed {
    const struct voice_session *session;
    const struct call *call;
    const struct agent_version *version;
    const struct turn *history;
    size_t nhistory;
    bool tenant_records;
    unsigned redacts;                    /* REDACT_… */
    const struct tool_definition *tools; /* the tenant's own */
    size_t ntools;
    const struct voice_choice *voice;
    const struct room *room; /* NULL: it is no leg of one */
};

/* What came of claim_ask(): the session is ours, and its model is called; or it is closed. */
void live_claimed(struct live *live, const struct claimed *claimed);
void live_refused(struct live *live, const struct error *error);

/* The model is configured: what was held back flows, and the agent speaks. */
void live_ready(struct live *live);

/* The agent has said what there was to say: hangs up when the caller has heard it. */
void live_drain(struct live *live);

/* The same for another reason than the agent's wish. */
void live_drain_for(struct live *live, const char *end_reason);

/*
 * Over.  Result and reason are written down first, and the carrier's socket is closed when they
 * are, because the carrier's next question is answered from them.
 */
void live_finish(struct live *live, const char *result, const char *end_reason);

/* Somebody speaks or types: whoever was silent is not. */
void live_heard(struct live *live, bool by_caller);

/* The carrier's socket broke without a word: the call may come back. */
void live_lost(struct live *live);

/* The writer has written down how it ended. */
void live_end_is_stored(uid id);

/* Milliseconds since the carrier's start frame. */
int64_t live_elapsed_ms(const struct live *live);

/* Writes down turns that are new or changed. */
void live_write_turns(struct live *live);

/* Everything that is due; ten times a second. */
void live_tick(void);

/* The process ends: what still runs is left to another node. */
void live_lose_all(void);

#endif
