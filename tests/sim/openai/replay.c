#include "openai/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "openai/session.h"

enum {
    LINE_MAX_BYTES = 4 * 1024 * 1024,
    GIVE_UP_MS = 800 /* for answers to what a client need not do, such as a late cancel */
};

struct line {
    bool server;
    int64_t at_ms;
    const char *type;
    struct json_object *event; /* without the members that begin with "_" */
    int answers;               /* index of the client's line that it answers, or -1 */
};

struct replay {
    struct line *lines;
    int count;
};

/* One session's way through the lines. */
struct player {
    int next;                      /* line to be sent */
    int64_t late_ms;               /* all lines are later than recorded by so much */
    bool *done;                    /* lines of the client whose counterpart came */
    struct json_object *names;     /* what recorded ids of the client are called in truth */
    struct json_object *truncated; /* audio_end_ms of the client by item id */
    struct json_object *metadata;  /* of the client's responses by recorded event_id */
    struct later *waiting, *giving_up;
};

/* ---- reading ------------------------------------------------------------------------------ */

/* Which members tell that a line of the server answers one of the client. */
static bool answers(const struct line *server, const struct line *client)
{
    const char *cause = text_at(client->event, "event_id", "?");
    const char *type = server->type;

    if (strcmp(type, "session.updated") == 0)
        return strcmp(client->type, "session.update") == 0;
    if (strcmp(type, "error") == 0)
        return strcmp(text_at(server->event, "error.event_id", ""), cause) == 0;
    if (strcmp(type, "response.created") == 0)
        return strcmp(text_at(server->event, "response.metadata.client_event_id", ""), cause) == 0;
    if (strcmp(type, "conversation.item.truncated") == 0)
        return strcmp(client->type, "conversation.item.truncate") == 0 &&
               strcmp(text_at(server->event, "item_id", ""),
                      text_at(client->event, "item_id", "?")) == 0;
    if (strncmp(type, "conversation.item.", 18) == 0)
        return strcmp(client->type, "conversation.item.create") == 0 &&
               strcmp(text_at(server->event, "item.id", ""),
                      text_at(client->event, "item.id", "?")) == 0;
    return false;
}

static void find_cause(struct replay *replay, int index)
{
    struct line *line = &replay->lines[index];

    line->answers = -1;
    for (int i = index - 1; i >= 0 && line->server && line->answers < 0; i--)
        if (!replay->lines[i].server && answers(line, &replay->lines[i]))
            line->answers = i;
}

static bool add_line(struct replay *replay, const char *text)
{
    struct json_object *event = json_tokener_parse(text);
    struct line *line;

    if (event == NULL || text_at(event, "type", NULL) == NULL) {
        json_object_put(event);
        return false;
    }
    replay->lines = realloc(replay->lines, (size_t)(replay->count + 1) * sizeof *replay->lines);
    if (replay->lines == NULL)
        abort();
    line = &replay->lines[replay->count];
    *line = (struct line){.server = strcmp(text_at(event, "_dir", ""), "server") == 0,
                          .at_ms = number_at(event, "_at_ms", 0),
                          .event = event};
    json_object_object_del(event, "_dir");
    json_object_object_del(event, "_at_ms");
    json_object_object_del(event, "_repeat");
    json_object_object_del(event, "_every_ms");
    line->type = text_at(event, "type", "");
    find_cause(replay, replay->count++);
    return true;
}

bool replay_load(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = malloc(LINE_MAX_BYTES);
    bool ok = file != NULL && text != NULL;

    model.replay = calloc(1, sizeof *model.replay);
    while (ok && fgets(text, LINE_MAX_BYTES, file) != NULL)
        ok = text[0] == '\n' || add_line(model.replay, text);
    if (!ok)
        fprintf(stderr, "%s cannot be replayed\n", path);
    if (file != NULL)
        fclose(file);
    free(text);
    return ok;
}

void replay_unload(void)
{
    if (model.replay == NULL)
        return;
    for (int i = 0; i < model.replay->count; i++)
        json_object_put(model.replay->lines[i].event);
    free(model.replay->lines);
    free(model.replay);
    model.replay = NULL;
}

/* ---- ids ---------------------------------------------------------------------------------- */

static bool made_by_server(const char *text)
{
    static const char *const prefixes[] = {"sess_", "conv_", "item_", "resp_", "event_", "call_"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0 && strchr(text, ' ') == NULL &&
            strlen(text) > 12)
            return true;
    return false;
}

/* The id for this session: the client's own, or a new one in place of a recorded one. */
static struct json_object *translate_text(struct session *session, const char *text)
{
    struct json_object *name = NULL;
    char id[ID_SIZE], prefix[16];

    if (!json_object_object_get_ex(session->player->names, text, &name)) {
        if (!made_by_server(text))
            return json_object_new_string(text);
        snprintf(prefix, sizeof prefix, "%.*s", (int)strcspn(text, "_"), text);
        name = json_object_new_string(make_id(id, prefix));
        json_object_object_add(session->player->names, text, name);
    }
    return json_object_get(name);
}

static struct json_object *translate(struct session *session, struct json_object *value)
{
    struct json_object *copy;

    if (json_object_is_type(value, json_type_string))
        return translate_text(session, json_object_get_string(value));
    if (json_object_is_type(value, json_type_array)) {
        copy = json_object_new_array();
        for (size_t i = 0; i < json_object_array_length(value); i++)
            json_object_array_add(copy, translate(session, json_object_array_get_idx(value, i)));
        return copy;
    }
    if (!json_object_is_type(value, json_type_object))
        return copy_of(value);
    copy = json_object_new_object();
    json_object_object_foreach(value, name, member)
    {
        json_object_object_add(copy, name, translate(session, member));
    }
    return copy;
}

static void learn_name(struct session *session, const char *recorded, const char *real)
{
    if (recorded != NULL && real != NULL)
        json_object_object_add(session->player->names, recorded, json_object_new_string(real));
}

/* ---- playing ------------------------------------------------------------------------------ */

static void play(struct session *session, struct json_object *unused);

/* A response that the client asked for carries the client's own metadata. */
static void echo_metadata(struct session *session, const struct line *line,
                          struct json_object *event)
{
    const char *cause = text_at(line->event, "response.metadata.client_event_id", NULL);
    struct json_object *metadata = NULL;

    if (cause != NULL && json_object_object_get_ex(session->player->metadata, cause, &metadata))
        pack_into(at(event, "response"), "metadata=k", metadata);
}

static void send_line(struct session *session, const struct line *line)
{
    struct json_object *event = translate(session, line->event), *end = NULL;
    struct player *player = session->player;

    if (strcmp(line->type, "conversation.item.truncated") == 0 &&
        json_object_object_get_ex(player->truncated, text_at(event, "item_id", ""), &end))
        pack_into(event, "audio_end_ms=k", end);
    echo_metadata(session, line, event);
    json_object_object_del(event, "type");
    json_object_object_del(event, "event_id");
    session_send(session, line->type, event);
}

/* Some lines answer what a client may well leave undone; they are left out in the end. */
static void give_up(struct session *session, struct json_object *unused)
{
    struct player *player = session->player;

    (void)unused;
    player->giving_up = NULL;
    session_violation(session, "replay_skipped", "%s", model.replay->lines[player->next].type);
    player->next++;
    player->late_ms += GIVE_UP_MS;
    play(session, NULL);
}

static bool may_be_skipped(const struct line *line)
{
    return strcmp(line->type, "error") == 0 ||
           strcmp(line->type, "conversation.item.truncated") == 0;
}

/* Sends what is due; then waits for its time or for the client. */
static void play(struct session *session, struct json_object *unused)
{
    struct player *player = session->player;
    const struct replay *replay = model.replay;

    (void)unused;
    player->waiting = NULL;
    for (; player->next < replay->count; player->next++) {
        const struct line *line = &replay->lines[player->next];
        int64_t wait_ms = line->at_ms + player->late_ms - session_ms(session);

        if (!line->server)
            continue;
        if (wait_ms > 0) {
            player->waiting = session_after(session, wait_ms, play, NULL);
            return;
        }
        if (line->answers >= 0 && !player->done[line->answers]) {
            if (may_be_skipped(line) && player->giving_up == NULL)
                player->giving_up = session_after(session, GIVE_UP_MS, give_up, NULL);
            return;
        }
        send_line(session, line);
    }
    log_event("replay.finished", "session", session->id, NULL);
}

void replay_begin(struct session *session)
{
    struct player *player = calloc(1, sizeof *player);

    if (player == NULL)
        abort();
    player->done = calloc((size_t)model.replay->count + 1, sizeof *player->done);
    player->names = json_object_new_object();
    player->truncated = json_object_new_object();
    player->metadata = json_object_new_object();
    session->player = player;
    play(session, NULL);
}

/* The recorded line that an event of the client stands for: the first of its type that is not
 * done yet.  -1 when there is none. */
static int counterpart(struct session *session, const char *type)
{
    for (int i = 0; i < model.replay->count; i++)
        if (!model.replay->lines[i].server && !session->player->done[i] &&
            strcmp(model.replay->lines[i].type, type) == 0)
            return i;
    return -1;
}

/* A line that waited for this is sent now, and all later ones as much later. */
static void resume(struct session *session, int index)
{
    struct player *player = session->player;
    const struct line *next = &model.replay->lines[player->next];

    if (player->next >= model.replay->count || player->waiting != NULL || next->answers != index)
        return;
    session_cancel(player->giving_up);
    player->giving_up = NULL;
    player->late_ms = session_ms(session) - next->at_ms;
    play(session, NULL);
}

void replay_receive(struct session *session, struct json_object *event, const char *type)
{
    struct player *player = session->player;
    int index;

    if (strcmp(type, "input_audio_buffer.append") == 0) {
        count_up(session->record, "appended_bytes",
                 (int64_t)strlen(text_at(event, "audio", "")) / 4 * 3);
        return;
    }
    log_json("replay.received", pack("session=s event=k", session->id, event));
    index = counterpart(session, type);
    if (index < 0) {
        session_violation(session, "replay_unexpected", "%s", type);
        return;
    }
    player->done[index] = true;
    learn_name(session, text_at(model.replay->lines[index].event, "event_id", NULL),
               text_at(event, "event_id", NULL));
    learn_name(session, text_at(model.replay->lines[index].event, "item.id", NULL),
               text_at(event, "item.id", NULL));
    if (strcmp(type, "conversation.item.truncate") == 0)
        json_object_object_add(player->truncated, text_at(event, "item_id", ""),
                               json_object_get(at(event, "audio_end_ms")));
    if (strcmp(type, "response.create") == 0)
        json_object_object_add(player->metadata,
                               text_at(model.replay->lines[index].event, "event_id", ""),
                               copy_of(at(event, "response.metadata")));
    resume(session, index);
}

void replay_end(struct session *session)
{
    struct player *player = session->player;

    if (player == NULL)
        return;
    json_object_put(player->names);
    json_object_put(player->truncated);
    json_object_put(player->metadata);
    free(player->done);
    free(player);
}
