/* What the recorder keeps, sample for sample, in the file that becomes the MP3. */
#include <criterion/criterion.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "outlets.h"
#include "stream/audio.h"
#include "stream/offloop.h"
#include "stream/recorder.h"
#include "stream/recording_file.h"
#include "stream/recording_pause.h"
#include "world.h"

enum { SECOND = 8000, CALLER = 0x10, AGENT = 0x90, PATH = 400 };

static struct world world;
static char directory[FOLDER_SIZE];
static unsigned char file[64 * 1024];

static void setup(void)
{
    world_begin(&world, NULL, false);
    world.config.database_url = getenv("TEST_DATABASE_URL");
    folder_make(directory);
    cr_assert(recorders_start(&world.config, directory));
}

static void end(void)
{
    folder_remove(directory);
    world_end(&world);
}

TestSuite(recorder, .init = setup, .fini = end, .timeout = 60);

static struct slice sound(unsigned char value)
{
    static unsigned char samples[SECOND];
    static char base64[2 * SECOND];

    memset(samples, value, sizeof samples);
    return (struct slice){base64, audio_encode(samples, sizeof samples, base64)};
}

/* The bytes of the only recording, once everything was written. */
static size_t read_back(void)
{
    DIR *dir;
    struct dirent *entry;
    char path[400];
    size_t length = 0;
    FILE *stream;

    recorders_stop();
    offloop_collect();
    dir = opendir(directory);
    while ((entry = readdir(dir))) {
        if (!strstr(entry->d_name, ".live"))
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        stream = fopen(path, "rb");
        length = fread(file, 1, sizeof file, stream);
        fclose(stream);
    }
    closedir(dir);
    return length;
}

/* Whether a second of a channel (0: the caller's) holds nothing but the value. */
static bool holds(size_t second, size_t channel, unsigned char value)
{
    for (size_t i = 0; i < SECOND; i++)
        if (file[(second * SECOND + i) * 2 + channel] != value)
            return false;
    return true;
}

static struct subject a_call(void)
{
    struct incoming in = call_in(&world);

    return (struct subject){
        .tenant = world.tenant.id, .call = in.call.id, .session = in.session.id};
}

Test(recorder, keeps_silence_of_the_same_length_while_it_is_paused)
{
    const struct subject subject = a_call();
    struct recorder *recorder = recorder_open(&subject);

    cr_assert_not_null(recorder);
    for (int i = 0; i < 4; i++)
        recorder_agent(recorder, sound(AGENT));
    recorder_caller(recorder, sound(CALLER));
    cr_expect(recorder_pause(recorder, PAUSE_ORDER));
    cr_expect_not(recorder_pause(recorder, PAUSE_KEYS), "it stood still already");
    recorder_caller(recorder, sound(CALLER));
    cr_expect_not(recorder_resume(recorder, PAUSE_KEYS), "the order still holds");
    recorder_caller(recorder, sound(CALLER));
    cr_expect(recorder_resume(recorder, PAUSE_ORDER));
    recorder_caller(recorder, sound(CALLER));
    cr_expect_eq(recorder_ms(recorder), 4000);
    cr_assert_eq(read_back(), 4u * 2 * SECOND);
    for (size_t second = 0; second < 4; second++) {
        bool kept = second == 0 || second == 3;

        cr_expect(holds(second, 0, kept ? CALLER : AUDIO_SILENCE), "caller, second %zu", second);
        cr_expect(holds(second, 1, kept ? AGENT : AUDIO_SILENCE), "agent, second %zu", second);
    }
}

/* A second of a call that the store does not know, left behind so long ago. */
static void leave_behind(int hours, char path[PATH])
{
    const struct timespec then[2] = {{.tv_sec = time(NULL) - hours * 3600},
                                     {.tv_sec = time(NULL) - hours * 3600}};
    const struct recording_key key = {world.tenant.id, uid_new(), uid_new()};
    char name[RECORDING_NAME];
    FILE *stream;

    recording_name(&key, "done", name);
    snprintf(path, PATH, "%s/%s", directory, name);
    stream = fopen(path, "wb");
    cr_assert_not_null(stream);
    fwrite(file, 2, SECOND, stream);
    fclose(stream);
    cr_assert_eq(utimensat(AT_FDCWD, path, then, 0), 0);
}

/* The path of the only file with that ending; false when there is none. */
static bool find_file(const char *ending, char path[PATH])
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    bool found = false;

    while (!found && (entry = readdir(dir)))
        if ((found = strstr(entry->d_name, ending) != NULL))
            snprintf(path, PATH, "%s/%s", directory, entry->d_name);
    closedir(dir);
    return found;
}

static void nap(void)
{
    usleep(2000);
    offloop_collect();
}

/* A pipe in the place of the file holds the thread up until it is read. */
Test(recorder, ends_recordings_of_which_the_thread_is_behind)
{
    const struct subject subject = a_call();
    struct recorder *recorder = recorder_open(&subject);
    char path[PATH];
    int fd;

    cr_assert_not_null(recorder);
    recorder_caller(recorder, sound(CALLER));
    while (!find_file(".live", path))
        nap();
    nap();
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    for (int i = 0; i < 2100; i++)
        recorder_caller(recorder, sound(CALLER));
    recorder_close(recorder);
    fd = open(path, O_RDWR | O_NONBLOCK);
    while (!find_file(".done", path)) {
        while (read(fd, file, sizeof file) > 0)
            ;
        recorders_tick();
        nap();
    }
    unlink(path);
    close(fd);
    recorders_stop();
}

Test(recorder, keeps_what_the_store_refuses_for_a_day)
{
    char young[3][PATH], old[PATH];

    recorders_stop();
    leave_behind(23, young[0]);
    leave_behind(25, old);
    leave_behind(1, young[1]);
    leave_behind(0, young[2]);
    cr_assert(recorders_start(&world.config, directory));
    while (access(old, F_OK) == 0)
        usleep(5000);
    recorders_stop();
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(access(young[i], F_OK), 0, "its call may come yet");
}

Test(recorder, stands_still_on_order_and_the_events_say_where)
{
    static struct kept carrier, model;
    struct live *live = live_for_test(&carrier, &model);

    cr_expect_str_eq(recording_order_pause(live, NULL), "this call is not recorded");
    live->subject = a_call();
    live->recorder = recorder_open(&live->subject);
    cr_assert_not_null(live->recorder);
    recorder_caller(live->recorder, sound(CALLER));
    cr_expect_null(recording_order_pause(live, NULL));
    cr_expect_null(recording_order_pause(live, NULL));
    recorder_caller(live->recorder, sound(CALLER));
    cr_expect_null(recording_order_resume(live, NULL));
    cr_expect_not_null(strstr(facts_kept, "\"type\":\"recording.paused\""));
    cr_expect_not_null(strstr(facts_kept, "{\"at_ms\":1000,\"why\":\"order\"}"));
    cr_expect_not_null(strstr(facts_kept, "\"type\":\"recording.resumed\""));
    cr_expect_not_null(strstr(facts_kept, "{\"at_ms\":2000,\"why\":\"order\"}"));
    recorders_stop();
}

Test(recorder, stands_still_while_keys_are_typed_where_the_agent_wants_it)
{
    static struct kept carrier, model;
    struct live *live = live_for_test(&carrier, &model);

    live->subject = a_call();
    live->recorder = recorder_open(&live->subject);
    cr_assert_not_null(live->recorder);
    recording_keys_begin(live);
    cr_expect_null(strstr(facts_kept, "recording.paused"));
    live->settings.pauses_for_cards = true;
    recording_keys_begin(live);
    recording_keys_end(live);
    cr_expect_not_null(strstr(facts_kept, "\"why\":\"keys\""));
    cr_expect_not_null(strstr(facts_kept, "recording.resumed"));
    recorders_stop();
}
