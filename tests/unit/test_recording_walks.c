/*
 * Recordings at random, ours and the carrier's: begun again, stored, finished twice, told of out of
 * order, and deleted in the middle of it.  What was deleted has no sound, and gets none.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "domain/recordings.h"
#include "folder.h"
#include "walks.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void begin(void)
{
    world_begin(&world, NULL, false);
    clock_set(clock_now());
}

static void end(void)
{
    clock_release();
    world_end(&world);
}

TestSuite(recording_walks, .init = begin, .fini = end, .timeout = 120);

enum status { NOTHING, RECORDING, PROCESSING, AVAILABLE, ABSENT, FAILED, DELETED };

static const char *const words[] = {"",       "recording", "processing", "available",
                                    "absent", "failed",    "deleted"};

struct one {
    uid id;
    const char *sid; /* of the carrier's; NULL: ours */
    enum status status;
};

/* Ours first, then the carrier's. */
struct model {
    struct incoming in;
    struct one all[2];
};

static bool is_pending(const struct one *one)
{
    return one->status == RECORDING || one->status == PROCESSING;
}

static struct recording row_of(const struct one *one)
{
    struct recording recording;

    cr_assert(store_get(work, &recording_entity, one->id, &recording), "%s", work->error.message);
    return recording;
}

/* Somebody who died in the middle begins once more: nothing is lost, nothing comes back. */
static void begin_again(struct model *m)
{
    struct one *ours = &m->all[0];
    struct recording row;

    row_clear(&recording_entity, &row);
    row.id = ours->id;
    row.call_id = m->in.call.id;
    row.channels = 2;
    row.content_type = "audio/mpeg";
    cr_assert(recording_begin(work, &row), "%s", work->error.message);
    ours->id = row.id;
    if (ours->status == NOTHING)
        ours->status = RECORDING;
    cr_assert_str_eq(row.status, words[ours->status]);
}

/* The carrier tells of its own, late and early. */
static void carrier_tells(struct model *m)
{
    static const enum status told[] = {RECORDING, AVAILABLE, ABSENT, FAILED};
    struct one *theirs = &m->all[1];
    enum status what = told[walk_draw(4)];
    const struct carrier_recording news = {.recording_sid = theirs->sid,
                                           .status = words[what],
                                           .channels = 1,
                                           .duration_ms = 900,
                                           .started_at = clock_now()};
    struct recording row;

    cr_assert(recording_note_carrier(work, m->in.call.id, &news), "%s", work->error.message);
    if (theirs->status == NOTHING || theirs->status == RECORDING)
        theirs->status = what == AVAILABLE ? PROCESSING : what;
    cr_assert(recording_by_sid(work, theirs->sid, &row));
    theirs->id = row.id;
}

/* Whoever brings the sound does not look what has become of the recording meanwhile. */
static void store(struct one *one)
{
    struct recording row = row_of(one);
    struct recording_end how = {.duration_ms = 900, .bytes = 5};

    if (walk_once_in(4))
        how.error = "nothing was said";
    cr_assert(recording_append_chunk(work, &row, 0, "sound", 5), "%s", work->error.message);
    cr_assert(recording_finish(work, one->id, &how), "%s", work->error.message);
    if (is_pending(one))
        one->status = how.error ? FAILED : AVAILABLE;
}

static void purge(struct one *one)
{
    struct recording row = row_of(one);

    cr_assert(recording_purge(work, &row), "%s", work->error.message);
    one->status = DELETED;
}

static bool has_sound(const struct recording *row)
{
    bytes piece;

    return recording_read(work, row, 0, 5, &piece) && piece.length > 0;
}

static void compare(const struct model *m, unsigned seed, int step)
{
    int64_t available = 0;
    bool pending = false, is_so;
    struct recording row;
    struct call call;

    for (size_t i = 0; i < COUNT(m->all); i++) {
        const struct one *one = &m->all[i];

        if (one->status == NOTHING)
            continue;
        row = row_of(one);
        cr_assert_str_eq(row.status, words[one->status], "seed %u step %d, number %zu: %s", seed,
                         step, i, row.status);
        if (one->status == DELETED)
            cr_assert_not(has_sound(&row), "seed %u step %d: deleted, and still there", seed, step);
        available += one->status == AVAILABLE;
        pending = pending || is_pending(one);
    }
    cr_assert(recording_is_pending(work, m->in.call.id, &is_so));
    cr_assert_eq(is_so, pending, "seed %u step %d", seed, step);
    cr_assert_eq(recording_of_call(work, m->in.call.id, &row), available > 0);
    cr_assert(call_get(work, m->in.call.id, &call));
    cr_assert_eq(call.recording_count, available, "seed %u step %d", seed, step);
}

static void take_step(struct model *m)
{
    struct one *one = &m->all[walk_draw(2)];
    int what = walk_draw(8);

    if (one->status == NOTHING || what < 4)
        one == m->all ? begin_again(m) : carrier_tells(m);
    else if (what < 6)
        store(one);
    else if (walk_once_in(3))
        purge(one);
}

static void walk(unsigned seed)
{
    struct model m = {.in = call_in(&world)};

    m.all[0].id = NO_UID;
    m.all[1].sid = new_sid(&world, "RE");
    walk_begin(seed);
    for (int step = 0; step < 16; step++) {
        clock_advance_ms(10);
        take_step(&m);
        compare(&m, seed, step);
    }
    end_by_carrier(&world, m.in.call.id, 1);
}

Test(recording_walks, go_forward_and_leave_nothing_behind_in_the_database)
{
    for (unsigned seed = 1; seed <= 30; seed++)
        walk(seed);
}

Test(recording_walks, go_forward_and_leave_nothing_behind_in_a_directory)
{
    char directory[FOLDER_SIZE];

    folder_make(directory);
    world.config.recording_store = directory;
    for (unsigned seed = 31; seed <= 60; seed++)
        walk(seed);
    folder_remove(directory);
}
