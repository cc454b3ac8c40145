#include "stream/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "stream/audio.h"
#include "stream/line.h"
#include "stream/live.h"
#include "stream/media.h"
#include "stream/mind.h"
#include "stream/socket.h"

enum {
    SPEECH_MS = 60 * 1000,       /* an interpreter is never so far ahead of its listener */
    ORIGINAL_MS = 400,           /* the longest that the other voice may be late … */
    ORIGINAL_LEAD_MS = 40,       /* … and how much of it is gathered first */
    SPEECH_LEAD = 60 * 8,        /* bytes sent ahead when speech begins, against uneven frames */
    FRAME_MOST = 4000,           /* bytes of a carrier's frame: half a second */
    RING_US = 60 * 1000000,      /* so long the first leg waits for the second */
    COME_BACK_US = 30 * 1000000, /* so long for one whose connection was lost */
    GOODBYE_US = 10 * 1000000,   /* so long the last leg stays */
};

/* Of a room, the legs that this node holds. */
struct meeting {
    struct meeting *next;
    uid id;
    struct live *legs[2];
    int level;
    char languages[2][17];
};

static struct meeting *meetings;

static const struct line room_line;

static struct live *other(const struct live *live)
{
    return live->room.meeting ? live->room.meeting->legs[!live->room.side] : NULL;
}

/* ---- what is said to those who are alone ---- */

enum notice { NOTICE_WAIT, NOTICE_LEFT, NOTICE_UNREACHED, NOTICES };

/* The first row is English, which an interpreter puts into any other language. */
static const struct {
    const char *language;
    const char *sentence[NOTICES];
} sentences[] = {
    {"en",
     {"One moment please, the other side is being connected.",
      "The other side has left the call. Goodbye.",
      "The other side could not be reached. Goodbye."}},
    {"es",
     {"Un momento, por favor, estamos conectando a la otra persona.",
      "La otra persona ha dejado la llamada. Adiós.",
      "No se pudo contactar a la otra persona. Adiós."}},
    {"de",
     {"Einen Moment bitte, die andere Seite wird verbunden.",
      "Die andere Seite hat das Gespräch verlassen. Auf Wiederhören.",
      "Die andere Seite war nicht zu erreichen. Auf Wiederhören."}},
    {"fr",
     {"Un instant, s'il vous plaît, nous appelons votre correspondant.",
      "Votre correspondant a quitté l'appel. Au revoir.",
      "Votre correspondant n'a pas pu être joint. Au revoir."}},
    {"pt",
     {"Um momento, por favor, estamos a ligar a outra pessoa.",
      "A outra pessoa saiu da chamada. Adeus.",
      "Não foi possível contactar a outra pessoa. Adeus."}},
};

static const char *notice_of(struct live *live, enum notice notice)
{
    const char *language = live->room.meeting->languages[live->room.side];

    for (size_t i = 0; i < COUNT(sentences); i++)
        if (strncmp(sentences[i].language, language, 2) == 0)
            return arena_format(&live->work.arena, "Say exactly: %s",
                                sentences[i].sentence[notice]);
    return arena_format(&live->work.arena, "Say in the language %s, and nothing else: %s", language,
                        sentences[0].sentence[notice]);
}

static void announce(struct live *live, enum notice notice)
{
    mind_speak(live, &(struct speak){.purpose = "room_notice",
                                     .instructions = notice_of(live, notice),
                                     .no_tools = true});
}

/* ---- coming in ---- */

static struct meeting *find_or_make(const struct room *room)
{
    struct meeting *meeting = meetings;

    while (meeting && !uid_equal(meeting->id, room->id))
        meeting = meeting->next;
    if (meeting)
        return meeting;
    meeting = calloc(1, sizeof *meeting);
    if (!meeting)
        abort();
    meeting->id = room->id;
    meeting->level = (int)room->original_level;
    snprintf(meeting->languages[0], sizeof meeting->languages[0], "%s", room->language_a);
    snprintf(meeting->languages[1], sizeof meeting->languages[1], "%s", room->language_b);
    meeting->next = meetings;
    meetings = meeting;
    return meeting;
}

static void forget(struct meeting *meeting)
{
    struct meeting **at = &meetings;

    while (*at != meeting)
        at = &(*at)->next;
    *at = meeting->next;
    free(meeting);
}

/*
 * Nobody interrupts an interpreter: the listener does not hear whom he would interrupt, and the
 * speaker goes on while he is being translated.  So every turn is answered in its time.
 */
static void interpret(struct live *live)
{
    const struct meeting *meeting = live->room.meeting;
    const char *from = meeting->languages[live->room.side];
    const char *to = meeting->languages[!live->room.side];
    struct settings *settings = &live->settings;

    settings->instructions = arena_format(
        &live->work.arena,
        "You interpret a telephone call between two people. You hear one of them, who speaks the "
        "language %s. Translate into %s everything that is said, in the first person and in the "
        "speaker's tone. Add nothing, leave nothing out, answer nothing yourself, and do not "
        "comment. Names and numbers stay as they are.",
        from, to);
    settings->greeting = NULL;
    settings->turn_detection =
        "{\"type\":\"server_vad\",\"threshold\":0.5,\"prefix_padding_ms\":300,"
        "\"silence_duration_ms\":500,\"create_response\":false,\"interrupt_response\":false}";
    settings->interruption = (struct interruption_rules){.decides = true};
    settings->model_interrupts = false;
    settings->tools = NULL;
    settings->silence_seconds = 0;
}

void room_enter(struct live *live, const struct room *room, const char *leg_role)
{
    struct room_leg *leg = &live->room;

    if (!room)
        return;
    leg->side = leg_role && strcmp(leg_role, "participant_b") == 0;
    leg->meeting = find_or_make(room);
    if (leg->meeting->legs[leg->side]) /* its connection is not known to be lost yet */
        live_lost(leg->meeting->legs[leg->side]);
    leg->meeting = find_or_make(room);
    leg->meeting->legs[leg->side] = live;
    if (!jitter_open(&leg->original, ORIGINAL_MS, ORIGINAL_LEAD_MS) ||
        !jitter_open(&leg->speech, SPEECH_MS, 0))
        abort();
    leg->marks = arena_new(&live->work.arena, struct owed_mark, ROOM_MARKS);
    live->line = &room_line;
    interpret(live);
}

bool room_ready(struct live *live)
{
    struct room_leg *leg = &live->room;
    struct live *partner = other(live);
    bool is_live = partner && partner->room.is_ready;

    if (!leg->meeting)
        return false;
    leg->is_ready = true;
    fact_room(&live->subject, leg->meeting->id, is_live ? "live" : "waiting");
    if (is_live) {
        partner->room.wait_us = 0;
    } else {
        leg->wait_us = sockets_now_us() + RING_US;
        announce(live, NOTICE_WAIT);
    }
    return true;
}

/* ---- what an interpreter says ---- */

/* Translated words are for the other side, notices for one's own. */
static struct live *listener_of(struct live *live)
{
    const char *purpose = live->responses.current.purpose;

    return purpose && strcmp(purpose, "room_notice") == 0 ? live : other(live);
}

static bool say(struct live *live, struct slice audio)
{
    struct live *listener = listener_of(live);
    struct jitter *speech;
    size_t dropped;

    if (!listener || !listener->carrier)
        return false;
    speech = &listener->room.speech;
    dropped = speech->dropped;
    jitter_put_base64(speech, audio);
    listener->room.put += audio_bytes(audio.at, audio.length);
    listener->room.taken += speech->dropped - dropped;
    return true;
}

static void mark(struct live *live, const char *name)
{
    struct live *listener = listener_of(live);
    struct room_leg *leg = listener ? &listener->room : NULL;
    struct owed_mark *owed;

    if (!leg)
        return;
    if (leg->nmarks == ROOM_MARKS)
        memmove(leg->marks, leg->marks + 1, --leg->nmarks * sizeof leg->marks[0]);
    owed = &leg->marks[leg->nmarks++];
    *owed = (struct owed_mark){.speaker = live->room.side, .behind = leg->put};
    snprintf(owed->name, sizeof owed->name, "%s", name);
}

static void clear(struct live *live)
{
    struct live *listener = listener_of(live);

    if (!listener)
        return;
    jitter_clear(&listener->room.speech);
    listener->room.taken = listener->room.put;
    listener->room.nmarks = 0;
    if (listener->carrier)
        media_line.clear(listener);
}

static const struct line room_line = {
    .name = "room",
    .audio = say,
    .mark = mark,
    .clear = clear,
};

/* ---- what a leg hears ---- */

/* Marks whose audio has left follow it, with the side that they belong to. */
static void send_marks(struct live *live)
{
    struct room_leg *leg = &live->room;
    char name[MARK_SIZE + 4];
    size_t count = 0;

    while (count < leg->nmarks && leg->marks[count].behind <= leg->taken) {
        snprintf(name, sizeof name, "%d:%s", leg->marks[count].speaker, leg->marks[count].name);
        media_line.mark(live, name);
        count++;
    }
    leg->nmarks -= count;
    memmove(leg->marks, leg->marks + count, leg->nmarks * sizeof leg->marks[0]);
}

/* As much as the caller's own frame held; a little more when somebody begins to speak. */
static void serve(struct live *live, size_t count)
{
    struct room_leg *leg = &live->room;
    unsigned char frame[FRAME_MOST + SPEECH_LEAD], under[FRAME_MOST + SPEECH_LEAD];
    char base64[(sizeof frame + 2) / 3 * 4];
    size_t spoken, original;

    if (!leg->speech.flows && leg->speech.count)
        count += SPEECH_LEAD;
    spoken = jitter_take(&leg->speech, frame, count);
    original = jitter_take(&leg->original, under, count);
    leg->taken += spoken;
    mix_under(frame, under, original, leg->meeting->level);
    if (spoken || (original && leg->meeting->level))
        media_line.audio(live, (struct slice){base64, audio_encode(frame, count, base64)});
    send_marks(live);
}

void room_from_caller(struct live *live, struct slice audio)
{
    struct live *partner = other(live);
    size_t count = audio_bytes(audio.at, audio.length);

    if (!live->room.meeting || count > FRAME_MOST)
        return;
    if (partner)
        jitter_put_base64(&partner->room.original, audio);
    serve(live, count);
}

bool room_mark_heard(struct live *live, const char *name)
{
    struct live *speaker;

    if (!live->room.meeting)
        return false;
    if ((name[0] != '0' && name[0] != '1') || name[1] != ':')
        return true;
    speaker = live->room.meeting->legs[name[0] - '0'];
    if (speaker)
        playback_heard(&speaker->playback, name + 2, sockets_now_us());
    return true;
}

/* ---- ending ---- */

static void say_goodbye(struct live *live, enum notice notice)
{
    live->room.wait_us = 0;
    live->room.end_us = sockets_now_us() + GOODBYE_US;
    announce(live, notice);
}

void room_tick(struct live *live)
{
    struct room_leg *leg = &live->room;
    int64_t now_us = sockets_now_us();

    if (!leg->meeting)
        return;
    if (leg->end_us && now_us > leg->end_us)
        live_finish(live, "completed", "agent_end");
    else if (leg->wait_us && now_us > leg->wait_us)
        say_goodbye(live, NOTICE_UNREACHED);
}

/* Of who left, nothing more is to be told; what was said already is heard to its end. */
static void drop_marks(struct room_leg *leg, int speaker)
{
    size_t kept = 0;

    for (size_t i = 0; i < leg->nmarks; i++)
        if (leg->marks[i].speaker != speaker)
            leg->marks[kept++] = leg->marks[i];
    leg->nmarks = kept;
}

void room_leave(struct live *live, bool comes_back)
{
    struct room_leg *leg = &live->room;
    struct meeting *meeting = leg->meeting;
    struct live *partner = other(live);

    if (!meeting)
        return;
    meeting->legs[leg->side] = NULL;
    leg->meeting = NULL;
    jitter_close(&leg->original);
    jitter_close(&leg->speech);
    if (!partner) {
        forget(meeting);
        return;
    }
    drop_marks(&partner->room, leg->side);
    jitter_clear(&partner->room.original);
    if (!partner->room.is_ready || partner->room.end_us)
        return;
    if (!comes_back) {
        say_goodbye(partner, NOTICE_LEFT);
        return;
    }
    partner->room.wait_us = sockets_now_us() + COME_BACK_US;
    announce(partner, NOTICE_WAIT);
}
