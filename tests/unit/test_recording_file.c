#include <criterion/criterion.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/crypto.h"
#include "domain/recordings.h"
#include "stream/recording_file.h"
#include "world.h"

enum { SECOND = 8000 };

/* A loud tone in one channel, silence in the other; µ-law of the tone's two values. */
static unsigned char *tone(size_t count, size_t channel)
{
    unsigned char *pairs = malloc(2 * count);

    for (size_t i = 0; i < count; i++) {
        pairs[2 * i + channel] = i / 10 % 2 ? 0x90 : 0x10;
        pairs[2 * i + 1 - channel] = 0xff;
    }
    return pairs;
}

struct heard {
    size_t samples;
    double left, right;
};

static struct heard decode(const unsigned char *mp3, size_t length)
{
    char path[] = "/tmp/recording-test-XXXXXX", command[80];
    struct heard heard = {0};
    int fd = mkstemp(path);
    int16_t pair[2];
    FILE *samples;

    cr_assert_eq(write(fd, mp3, length), (ssize_t)length);
    close(fd);
    snprintf(command, sizeof command, "mpg123 -q -s %s", path);
    samples = popen(command, "r");
    while (fread(pair, sizeof pair, 1, samples) == 1) {
        heard.samples++;
        heard.left += abs(pair[0]);
        heard.right += abs(pair[1]);
    }
    cr_expect_eq(pclose(samples), 0);
    unlink(path);
    return heard;
}

struct made {
    unsigned char bytes[64 * 1024];
    size_t length;
};

static bool gather(void *with, const unsigned char *mp3, size_t length)
{
    struct made *made = with;

    cr_assert_leq(made->length + length, sizeof made->bytes);
    memcpy(made->bytes + made->length, mp3, length);
    made->length += length;
    return true;
}

static void encode(unsigned char *pairs, size_t count, struct made *made)
{
    FILE *file = count ? fmemopen(pairs, 2 * count, "rb") : fopen("/dev/null", "rb");
    int64_t samples;

    made->length = 0;
    cr_assert(recording_encode(file, gather, made, &samples));
    cr_expect_eq(samples, (int64_t)count);
    fclose(file);
}

static struct heard encode_and_hear(size_t channel)
{
    unsigned char *pairs = tone(3 * SECOND, channel);
    static struct made made;

    encode(pairs, 3 * SECOND, &made);
    free(pairs);
    cr_assert_gt(made.length, 0);
    cr_expect_lt(made.length, 3 * 32 * 1000 / 8 + 4000);
    return decode(made.bytes, made.length);
}

Test(recording_file, keeps_each_voice_on_its_side)
{
    struct heard caller = encode_and_hear(0), agent = encode_and_hear(1);

    cr_expect_gt(caller.left, 100 * caller.right);
    cr_expect_gt(agent.right, 100 * agent.left);
    cr_expect_geq(caller.samples, 2 * SECOND);
}

Test(recording_file, of_nothing_is_no_crash)
{
    static struct made made;

    encode(NULL, 0, &made);
    cr_expect_lt(made.length, 4000);
}

/* ---- long calls ---- */

enum { MINUTES = 4, BOUND = 1024 * 1024 };

static FILE *long_call(void)
{
    FILE *file = tmpfile();

    cr_assert_eq(ftruncate(fileno(file), MINUTES * 60 * 2 * SECOND), 0);
    return file;
}

struct peak {
    size_t before, most, pieces;
};

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static bool look(void *with, const unsigned char *mp3, size_t length)
{
    struct peak *peak = with;
    size_t now = in_use();

    (void)mp3;
    (void)length;
    peak->pieces++;
    if (now > peak->most)
        peak->most = now;
    return true;
}

Test(recording_file, takes_no_more_memory_the_longer_the_call_was)
{
    FILE *file = long_call();
    struct peak peak = {.before = in_use()};
    int64_t samples;

    cr_assert(recording_encode(file, look, &peak, &samples));
    fclose(file);
    cr_expect_eq(samples, MINUTES * 60 * SECOND);
    cr_expect_geq(peak.pieces, (size_t)MINUTES * 60);
    cr_expect(peak.most < peak.before + BOUND, "%zu bytes for %d of sound", peak.most - peak.before,
              MINUTES * 60 * 2 * SECOND);
}

static bool refuse(void *with, const unsigned char *mp3, size_t length)
{
    (void)with;
    (void)mp3;
    (void)length;
    return false;
}

Test(recording_file, stops_when_nobody_takes_it)
{
    FILE *file = long_call();
    int64_t samples;

    cr_expect_not(recording_encode(file, refuse, NULL, &samples));
    cr_expect_leq(samples, SECOND);
    fclose(file);
}

Test(recording_file, of_several_chunks_is_stored_whole)
{
    char path[] = "/tmp/recording-test-XXXXXX";
    struct recording recording;
    struct recording_key key;
    static struct world world;
    struct incoming in;
    bytes stored;
    hash256 hash;
    int fd = mkstemp(path);

    world_begin(&world, NULL, false);
    in = call_in(&world);
    key = (struct recording_key){.tenant = world.tenant.id, .call = in.call.id, .id = uid_new()};
    cr_assert_eq(ftruncate(fd, 90 * 2 * SECOND), 0);
    close(fd);
    cr_assert(recording_store(&world.work, &key, path), "%s", world.work.error.message);
    unlink(path);
    cr_assert(recording_of_call(&world.work, in.call.id, &recording));
    cr_expect_eq(recording.duration_ms, 90 * 1000);
    cr_expect_gt(recording.bytes, RECORDING_CHUNK);
    cr_assert(recording_read(&world.work, &recording, 0, (size_t)recording.bytes, &stored));
    cr_assert_eq((int64_t)stored.length, recording.bytes);
    hash = sha256(stored.at, stored.length);
    cr_expect_arr_eq(hash.bytes, recording.sha256.at, sizeof hash.bytes);
    world_end(&world);
}

Test(recording_file, is_named_by_whom_it_belongs_to)
{
    struct recording_key key = {.tenant = 7, .call = uid_new(), .id = uid_new()}, other;
    char name[RECORDING_NAME];

    recording_name(&key, "live", name);
    cr_assert(recording_name_read(name, "live", &other));
    cr_expect_eq(other.tenant, 7);
    cr_expect(uid_equal(other.call, key.call));
    cr_expect(uid_equal(other.id, key.id));
    cr_expect_not(recording_name_read(name, "done", &other));
    cr_expect_not(recording_name_read("00000001.log", "live", &other));
    cr_expect_not(recording_name_read("7-12-34.live", "live", &other));
}
