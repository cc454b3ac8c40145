/* twilio/room.c - who is in which conference. */
#include "twilio/room.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/call.h"
#include "twilio/webhook.h"

enum { PLACES = 10 };

struct place {
    struct call *call;
    bool starts, ends;
    char *label, *action, *method; /* where the call goes on when the conference ends */
};

struct room {
    char sid[SID_SIZE];
    char *name;
    const struct account *account;
    struct place places[PLACES];
    int sequence;
    bool started, closing;
    char *told_url, *told_method, *told_events;
    struct room *next;
};

static struct room *rooms;

/* ---- telling ---- */

static void tell(struct room *room, const char *event, const struct place *place)
{
    struct webhook webhook = {.kind = "conference",
                              .account = room->account,
                              .url = room->told_url,
                              .method = room->told_method,
                              .subject = room->sid,
                              .status = event};
    char date[DATE_SIZE];

    log_event("conference", "conference", room->name, "tells", event, "call",
              place ? place->call->sid : NULL, NULL);
    if (!room->told_url)
        return;
    form_add(&webhook.form, "ConferenceSid", room->sid);
    form_add(&webhook.form, "FriendlyName", room->name);
    form_add(&webhook.form, "AccountSid", room->account->sid);
    form_add_integer(&webhook.form, "SequenceNumber", ++room->sequence);
    form_add(&webhook.form, "Timestamp", date_rfc2822(web_epoch_ms(), date));
    form_add(&webhook.form, "StatusCallbackEvent", event);
    if (place) {
        webhook.record = place->call->webhooks;
        form_add(&webhook.form, "CallSid", place->call->sid);
        form_add(&webhook.form, "ParticipantLabel", place->label);
        form_add(&webhook.form, "Muted", "false");
        form_add(&webhook.form, "Hold", "false");
        form_add(&webhook.form, "Coaching", "false");
        form_add(&webhook.form, "EndConferenceOnExit", place->ends ? "true" : "false");
        form_add(&webhook.form, "StartConferenceOnEnter", place->starts ? "true" : "false");
    } else {
        form_add(&webhook.form, "ReasonConferenceEnded",
                 strstr(event, "end") ? "last-participant-left" : NULL);
    }
    webhook_send(&webhook, NULL, NULL);
}

static void tell_if_wanted(struct room *room, const char *word, const char *event,
                           const struct place *place)
{
    if (room->told_events && strstr(room->told_events, word))
        tell(room, event, place);
}

/* ---- rooms ---- */

static struct room *room_find(const struct account *account, const char *name)
{
    struct room *room = rooms;

    while (room && (room->account != account || strcmp(room->name, name)))
        room = room->next;
    if (room)
        return room;
    room = calloc(1, sizeof *room);
    sid_new("CF", room->sid);
    room->name = text_copy(name);
    room->account = account;
    room->next = rooms;
    rooms = room;
    return room;
}

static void room_free(struct room *room)
{
    struct room **at = &rooms;

    while (*at != room)
        at = &(*at)->next;
    *at = room->next;
    free(room->name);
    free(room->told_url);
    free(room->told_method);
    free(room->told_events);
    free(room);
}

static int present(const struct room *room)
{
    int count = 0;

    for (int i = 0; i < PLACES; i++)
        count += room->places[i].call != NULL;
    return count;
}

/* Two people hear each other; with more, the first two stand for all. */
static void connect(struct room *room)
{
    struct call *first = NULL, *second = NULL;

    for (int i = 0; i < PLACES; i++) {
        struct call *call = room->places[i].call;

        if (!call)
            continue;
        call->peer = NULL;
        if (!first)
            first = call;
        else if (!second)
            second = call;
    }
    if (!second)
        return;
    first->peer = second;
    second->peer = first;
}

static void set_told(struct room *room, const struct call *call, xmlNode *conference)
{
    char *url = attribute(conference, "statusCallback");
    char *method = attribute(conference, "statusCallbackMethod");
    char *events = attribute(conference, "statusCallbackEvent");

    if (url && !room->told_url) {
        room->told_url = program_url(call, url);
        room->told_method = text_copy(method);
        room->told_events = text_copy(events);
    }
    xmlFree(url);
    xmlFree(method);
    xmlFree(events);
}

static void start(struct room *room)
{
    if (room->started)
        return;
    for (int i = 0; i < PLACES; i++)
        room->started = room->started || (room->places[i].call && room->places[i].starts);
    if (room->started && present(room) > 1)
        tell_if_wanted(room, "start", "conference-start", NULL);
    else
        room->started = false;
}

void room_enter(struct call *call, xmlNode *conference, xmlNode *dial)
{
    char *name = node_text(conference), *label = attribute(conference, "participantLabel");
    char *action = attribute(dial, "action"), *method = attribute(dial, "method");
    struct room *room = room_find(call->account, name);
    struct place *place = room->places;

    while (place->call && place < room->places + PLACES - 1)
        place++;
    *place = (struct place){
        .call = call,
        .starts = !attribute_is(conference, "startConferenceOnEnter", "false"),
        .ends = attribute_is(conference, "endConferenceOnExit", "true"),
        .label = text_copy(label),
        .action = program_url(call, action),
        .method = text_copy(method),
    };
    call->room = room;
    set_told(room, call, conference);
    tell_if_wanted(room, "join", "participant-join", place);
    start(room);
    connect(room);
    free(name);
    xmlFree(label);
    xmlFree(action);
    xmlFree(method);
}

static void place_free(struct place *place)
{
    free(place->label);
    free(place->action);
    free(place->method);
}

/* Takes a call out of a conference that has ended, and on to its action or next verb. */
static void send_on(struct call *call, const struct place *place)
{
    char *action = text_copy(place->action), *method = text_copy(place->method);
    struct form more = {.pairs = NULL};

    room_leave(call);
    form_add(&more, "DialCallStatus", "answered");
    program_action(call, action, method, &more);
    form_free(&more);
    free(action);
    free(method);
}

static void send_everybody_on(struct room *room)
{
    for (int i = 0; i < PLACES; i++) {
        struct call *call = room->places[i].call;

        if (!call)
            continue;
        room->closing = true;
        send_on(call, &room->places[i]);
        return; /* the room may be gone: the rest left with it */
    }
}

void room_leave(struct call *call)
{
    struct room *room = call->room;
    bool ends = false;

    if (!room)
        return;
    call->room = NULL;
    call->peer = NULL;
    for (int i = 0; i < PLACES; i++) {
        if (room->places[i].call != call)
            continue;
        tell_if_wanted(room, "leave", "participant-leave", &room->places[i]);
        ends = room->places[i].ends || room->closing;
        place_free(&room->places[i]);
        room->places[i] = (struct place){.call = NULL};
    }
    connect(room);
    if (!present(room)) {
        tell_if_wanted(room, "end", "conference-end", NULL);
        room_free(room);
    } else if (ends) {
        send_everybody_on(room);
    }
}
