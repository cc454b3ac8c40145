#include <criterion/criterion.h>

#include <string.h>

#include "core/crypto.h"
#include "core/rand.h"
#include "domain/finalise.h"
#include "domain/outbox.h"
#include "domain/recordings.h"
#include "folder.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;
static struct incoming in;

static void setup(void)
{
    world_begin(&world, NULL, false);
    in = call_in(&world);
}

static void end(void)
{
    world_end(&world);
}

TestSuite(recordings, .init = setup, .fini = end);

enum { LENGTH = 2 * RECORDING_CHUNK + 12345 };

static unsigned char sound[LENGTH];

static struct recording begun(void)
{
    struct recording recording;

    row_clear(&recording_entity, &recording);
    recording.call_id = in.call.id;
    recording.channels = 2;
    recording.content_type = "audio/mpeg";
    cr_assert(recording_begin(work, &recording), "%s", work->error.message);
    return recording;
}

static void append_all(const struct recording *recording)
{
    for (int64_t seq = 0; seq * RECORDING_CHUNK < LENGTH; seq++) {
        size_t at = (size_t)seq * RECORDING_CHUNK, rest = LENGTH - at;

        cr_assert(recording_append_chunk(work, recording, seq, sound + at,
                                         rest < RECORDING_CHUNK ? rest : RECORDING_CHUNK),
                  "%s", work->error.message);
    }
}

static void finish(const struct recording *recording)
{
    hash256 hash = sha256(sound, LENGTH);
    const struct recording_end how = {.duration_ms = 5000, .bytes = LENGTH, .sha256 = hash.bytes};

    cr_assert(recording_finish(work, recording->id, &how), "%s", work->error.message);
}

/* Every range comes back as it was written, over the borders of chunks and behind the end. */
static void expect_ranges(const struct recording *recording)
{
    static const struct {
        int64_t offset;
        size_t length, expected;
    } ranges[] = {
        {0, 10, 10},
        {0, LENGTH, LENGTH},
        {RECORDING_CHUNK - 5, 10, 10},
        {RECORDING_CHUNK, RECORDING_CHUNK, RECORDING_CHUNK},
        {3, 2 * RECORDING_CHUNK, 2 * RECORDING_CHUNK},
        {LENGTH - 7, 100, 7},
        {LENGTH - 1, 1, 1},
    };

    for (size_t i = 0; i < COUNT(ranges); i++) {
        bytes piece;

        cr_assert(recording_read(work, recording, ranges[i].offset, ranges[i].length, &piece), "%s",
                  work->error.message);
        cr_assert_eq(piece.length, ranges[i].expected, "range %zu: %zu", i, piece.length);
        cr_expect_eq(memcmp(piece.at, sound + ranges[i].offset, piece.length), 0, "range %zu", i);
    }
}

Test(recordings, are_read_back_in_any_range_from_the_database)
{
    struct recording recording = begun(), found;

    rand_bytes(sound, sizeof sound);
    append_all(&recording);
    append_all(&recording); /* a replayed spool */
    finish(&recording);
    cr_assert(recording_of_call(work, in.call.id, &found), "%s", work->error.message);
    cr_expect_null(found.location);
    cr_expect_eq(found.bytes, LENGTH);
    cr_expect_eq(found.sha256.length, 32);
    expect_ranges(&found);
}

Test(recordings, are_read_back_in_any_range_from_a_directory)
{
    char directory[FOLDER_SIZE];
    struct recording recording, found;

    folder_make(directory);
    world.config.recording_store = directory;
    recording = begun();
    rand_bytes(sound, sizeof sound);
    append_all(&recording);
    finish(&recording);
    cr_assert(recording_of_call(work, in.call.id, &found));
    cr_expect_neq(found.location[0], '/', "a key inside the store");
    expect_ranges(&found);
    cr_assert(recording_purge(work, &found));
    cr_expect_not(recording_of_call(work, in.call.id, &found));
    folder_remove(directory);
}

Test(recordings, are_not_there_before_they_are_finished)
{
    struct recording recording = begun(), found;
    bool pending;

    append_all(&recording);
    cr_expect_not(recording_of_call(work, in.call.id, &found));
    cr_expect_eq(work->error.what, NOT_FOUND);
    cr_assert(recording_is_pending(work, in.call.id, &pending));
    cr_expect(pending);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_eq(in.call.recording_count, 0);
    finish(&recording);
    finish(&recording);
    cr_assert(recording_is_pending(work, in.call.id, &pending));
    cr_expect_not(pending);
    cr_assert(call_get(work, in.call.id, &in.call));
    cr_expect_eq(in.call.recording_count, 1);
}

Test(recordings, that_failed_are_not_served)
{
    struct recording recording = begun(), found;
    const struct recording_end how = {.error = "the disk is full", .duration_ms = NO_INTEGER};

    cr_assert(recording_finish(work, recording.id, &how));
    cr_expect_not(recording_of_call(work, in.call.id, &found));
    cr_assert(store_get(work, &recording_entity, recording.id, &found));
    cr_expect_str_eq(found.status, "failed");
    cr_expect_str_eq(found.error, "the disk is full");
}

Test(recordings, of_another_tenant_do_not_exist)
{
    struct recording recording = begun(), found;
    bytes piece;

    append_all(&recording);
    finish(&recording);
    cr_assert(recording_of_call(work, in.call.id, &recording));
    work->tenant++;
    cr_expect_not(recording_of_call(work, in.call.id, &found));
    cr_expect_not(recording_read(work, &recording, 0, 10, &piece));
    cr_expect_eq(work->error.what, NOT_FOUND);
    work->tenant--;
}

Test(recordings, take_no_chunk_that_cannot_be_read_by_ranges)
{
    struct recording recording = begun();

    cr_expect_not(recording_append_chunk(work, &recording, 0, sound, RECORDING_CHUNK + 1));
    cr_expect_not(recording_append_chunk(work, &recording, 0, sound, 0));
    cr_expect_not(recording_append_chunk(work, &recording, -1, sound, 1));
}

/* How long the row that tells of the end still waits, in ms. */
static int64_t wait_of_end(void)
{
    return tenant_number(&world,
                         "SELECT TIMESTAMPDIFF(MICROSECOND, created_at, available_at) DIV 1000"
                         " FROM outbox WHERE tenant_id = ? AND event_type = 'call.completed'");
}

Test(recordings, hold_back_the_news_of_the_end_until_they_are_there)
{
    struct recording recording = begun();

    clock_set(clock_now());
    append_all(&recording);
    end_by_carrier(&world, in.call.id, 5);
    cr_assert(call_finalise(work, in.call.id, NULL));
    cr_expect_eq(wait_of_end(), RECORDING_WAIT_MS);
    clock_set(instant_after(clock_now(), 100));
    finish(&recording);
    cr_expect_lt(wait_of_end(), 1000, "let go");
    cr_expect_eq(tenant_number(&world, "SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                       " AND event_type = 'call.updated'"),
                 1);
}

Test(recordings, that_are_there_hold_nothing_back)
{
    struct recording recording = begun();

    clock_set(clock_now());
    append_all(&recording);
    finish(&recording);
    end_by_carrier(&world, in.call.id, 5);
    cr_assert(call_finalise(work, in.call.id, NULL));
    cr_expect_eq(wait_of_end(), 0);
}
