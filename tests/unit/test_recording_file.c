#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream/recording_file.h"

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

static struct heard encode_and_hear(size_t channel)
{
    unsigned char *pairs = tone(3 * SECOND, channel), *mp3;
    struct heard heard;
    size_t length;

    mp3 = recording_encode(pairs, 3 * SECOND, &length);
    cr_assert_gt(length, 0);
    cr_expect_lt(length, 3 * 32 * 1000 / 8 + 4000);
    heard = decode(mp3, length);
    free(mp3);
    free(pairs);
    return heard;
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
    size_t length;
    unsigned char *mp3 = recording_encode((const unsigned char *)"", 0, &length);

    free(mp3);
    cr_expect_lt(length, 4000);
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
