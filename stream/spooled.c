#include "stream/spooled.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "domain/turns.h"
#include "stream/facts.h"
#include "stream/pulse.h"
#include "stream/spool.h"

enum { MOST_FILES = 64, MOST_TURNS = 500, SUM = 9 };

struct found {
    struct work *work;
    uid call;
    char digits[33];
    struct turn *turns;
    size_t count, room;
};

/* The same turn is written again when its text changes: the last one counts. */
static void keep(struct found *found, const struct turn *turn)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->turns[i].seq == turn->seq &&
            uid_equal(found->turns[i].session_id, turn->session_id)) {
            found->turns[i] = *turn;
            return;
        }
    if (found->count < found->room)
        found->turns[found->count++] = *turn;
}

static void look_into(struct found *found, const char *path, instant died)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    struct turn turn;

    while (file && (length = getline(&line, &room, file)) > SUM) {
        const struct fact fact = {.line = line + SUM,
                                  .length = (size_t)length - SUM - (line[length - 1] == '\n'),
                                  .died = died};

        if (strstr(fact.line, found->digits) && fact_is_turn(found->work, &fact, &turn) &&
            uid_equal(turn.call_id, found->call))
            keep(found, &turn);
    }
    free(line);
    if (file)
        fclose(file);
}

static int is_log(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && strcmp(entry->d_name + length - 4, ".log") == 0;
}

static int is_spool(const struct dirent *entry)
{
    return strncmp(entry->d_name, "spool-", 6) == 0;
}

/* The newest files of one node. */
static void look_through(struct found *found, const char *directory)
{
    struct dirent **files;
    int count = scandir(directory, &files, is_log, alphasort);

    for (int i = 0; i < count; i++) {
        if (i >= count - MOST_FILES)
            look_into(found,
                      arena_format(&found->work->arena, "%s/%s", directory, files[i]->d_name),
                      pulse_last(directory, strtoull(files[i]->d_name, NULL, 10)));
        free(files[i]);
    }
    if (count >= 0)
        free(files);
}

static int in_order(const void *a, const void *b)
{
    const struct turn *one = a, *other = b;
    int64_t apart = one->occurred_at.ms - other->occurred_at.ms;
    int sessions = uid_compare(one->session_id, other->session_id);

    if (sessions)
        return sessions;
    if (one->seq != other->seq)
        return one->seq < other->seq ? -1 : 1;
    return apart < 0 ? -1 : apart > 0;
}

void spooled_turns(struct work *work, uid call, struct rows *turns)
{
    struct found found = {.work = work, .call = call};
    const char *top = work->config->spool_dir;
    struct dirent **spools;
    int count = scandir(top, &spools, is_spool, alphasort);

    uid_write_hex(call, found.digits);
    found.room = turns->count + MOST_TURNS;
    found.turns = arena_new(&work->arena, struct turn, found.room);
    for (size_t i = 0; i < turns->count; i++)
        found.turns[found.count++] = ((const struct turn *)turns->at)[i];
    for (int i = 0; i < count; i++) {
        look_through(&found, arena_format(&work->arena, "%s/%s", top, spools[i]->d_name));
        free(spools[i]);
    }
    if (count >= 0)
        free(spools);
    qsort(found.turns, found.count, sizeof found.turns[0], in_order);
    turns->at = found.turns;
    turns->count = found.count;
}
