/*
 * What is known of a sentence when the process dies while it is heard: at any moment within a
 * quarter of a second of what the caller heard, for a handful of lines.
 */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "domain/turns.h"
#include "folder.h"
#include "outlets.h"
#include "stream/bridge.h"
#include "stream/mind.h"
#include "stream/pulse.h"
#include "stream/realtime.h"
#include "stream/socket.h"

enum { MOST_LINES = 2000, BOUND_MS = 250 };

static struct kept carrier, model;
static struct live *live;
static struct work work;
static struct {
    char *at;
    size_t length;
} lines[MOST_LINES];
static size_t nlines, npartials;

static bool keep(const char *line, size_t length)
{
    cr_assert_lt(nlines, (size_t)MOST_LINES);
    lines[nlines].at = strndup(line, length);
    lines[nlines++].length = length;
    npartials += strncmp(line, "{\"kind\":\"partial\"", 17) == 0;
    return true;
}

static void begin(void)
{
    live = live_for_test(&carrier, &model);
    facts_to(keep);
}

static void end(void)
{
    live_release(live);
    work_end(&work);
    for (size_t i = 0; i < nlines; i++)
        free(lines[i].at);
    clock_release();
}

TestSuite(checkpoint, .init = begin, .fini = end);

static void take(const char *given)
{
    const char *text = expand(&work.arena, given);

    cr_expect(realtime_take(live, text, strlen(text)));
}

/* Tens of milliseconds pass; ten times a second the loop looks at what is due. */
static void later(int ms)
{
    static int passed;

    for (int at = 0; at < ms; at += 10) {
        clock_advance_ms(10);
        sockets_send();
        live->last_media_us = sockets_now_us();
        if ((passed += 10) % 100 == 0)
            live_tick();
    }
}

/* A tenth of a second of speech, and the words that go with it. */
static void deliver(const char *item)
{
    take(arena_format(&work.arena,
                      "{'type':'response.output_audio.delta','response_id':'r','item_id':'%s',"
                      "'content_index':0,'delta':'#800#'}",
                      item));
    take(arena_format(&work.arena,
                      "{'type':'response.output_audio_transcript.delta','response_id':'r',"
                      "'item_id':'%s','delta':'word '}",
                      item));
}

static void delivered(const char *item, int words)
{
    char text[2000] = "";

    for (int i = 0; i < words; i++)
        strcat(text, "word ");
    take(arena_format(&work.arena, "{'type':'response.output_audio.done','item_id':'%s'}", item));
    take(arena_format(&work.arena,
                      "{'type':'response.output_audio_transcript.done','item_id':'%s',"
                      "'transcript':'%s'}",
                      item, text));
    take("{'type':'response.done','response':{'id':'r','status':'completed'}}");
}

/* An item of so many tenths of a second, three times as fast as it is spoken. */
static void say(const char *item, int tenths)
{
    for (int i = 0; i < tenths; i++) {
        deliver(item);
        if (i % 3 == 2)
            later(100);
    }
    delivered(item, tenths);
}

static void begin_answer(void)
{
    mind_speak(live, &(struct speak){.purpose = "answer"});
    take("{'type':'response.created','response':{'id':'r'}}");
    take("{'type':'response.output_item.added','response_id':'r','item':{'id':'one',"
         "'type':'message','role':'assistant'}}");
    take("{'type':'conversation.item.added','item':{'id':'one','type':'message',"
         "'role':'assistant'}}");
}

/* The turn as it would stand in the store if the process died now; false: it does not. */
static bool known(struct turn *turn)
{
    struct fact fact;
    bool found = false;

    for (size_t i = 0; i < nlines; i++) {
        fact = (struct fact){
            .line = lines[i].at, .length = lines[i].length, .is_left = true, .died = clock_now()};
        found |= fact_is_turn(&work, &fact, turn);
    }
    return found;
}

static int64_t known_ms(int64_t whole_ms)
{
    struct turn turn;

    if (!known(&turn))
        return 0;
    return turn.interrupted ? turn.heard_ms : whole_ms;
}

#define KNOWS(expected, whole_ms)                                                                  \
    cr_expect(llabs(known_ms(whole_ms) - (int64_t)(expected)) <= BOUND_MS,                         \
              "%lld ms are known of %lld ms heard", (long long)known_ms(whole_ms),                 \
              (long long)(expected))

static void mark_comes(unsigned number)
{
    char name[MARK_SIZE];

    snprintf(name, sizeof name, "g%u.%u", live->playback.generation, number);
    playback_heard(&live->playback, name, sockets_now_us());
}

Test(checkpoint, at_any_moment_it_is_known_how_far_a_sentence_was_heard)
{
    int64_t began_ms;

    begin_answer();
    later(100);
    began_ms = clock_now().ms;
    for (int i = 0; i < 60; i++) {
        deliver("one");
        if (i % 3 != 2)
            continue;
        later(70);
        if (clock_now().ms - began_ms > BOUND_MS)
            KNOWS(clock_now().ms - began_ms, 6000);
        later(30);
    }
    delivered("one", 60);
    while (clock_now().ms - began_ms < 6000) {
        KNOWS(clock_now().ms - began_ms, 6000);
        later(70);
    }
}

Test(checkpoint, the_words_of_a_dead_process_are_those_that_were_heard)
{
    struct turn turn;

    begin_answer();
    say("one", 60);
    later(1000); /* two seconds passed while it was said */
    cr_assert(known(&turn));
    cr_expect(turn.interrupted);
    cr_expect_eq(turn.end_ms, turn.start_ms + turn.heard_ms);
    cr_expect(strlen(turn.text) > 28 * 5 - 2 && strlen(turn.text) < 32 * 5, "%zu of 300: %s",
              strlen(turn.text), turn.text);
}

Test(checkpoint, what_was_heard_to_its_end_is_no_interruption)
{
    struct turn turn;

    begin_answer();
    say("one", 20);
    later(3000);
    cr_assert(known(&turn));
    cr_expect_not(turn.interrupted);
    cr_expect_eq(strlen(turn.text), 100u);
}

Test(checkpoint, a_mark_that_comes_late_moves_what_is_foretold)
{
    begin_answer();
    say("one", 60);
    later(200); /* of twelve tenths that went by, only half a second was heard */
    mark_comes(1);
    later(1500);
    KNOWS(500 + 1500, 6000);
}

Test(checkpoint, an_agent_that_is_held_is_not_heard)
{
    live->settings.interruption.has_conditions = live->settings.interruption.decides = true;
    live->settings.interruption.false_ms = 5000;
    begin_answer();
    say("one", 60);
    bridge_hold(live);
    later(1500);
    KNOWS(2000, 6000);
    bridge_resume(live);
    later(1000);
    KNOWS(3000, 6000);
}

Test(checkpoint, an_interruption_has_the_last_word)
{
    struct turn turn;

    begin_answer();
    say("one", 60);
    bridge_interrupt(live);
    later(2000);
    cr_assert(known(&turn));
    cr_expect(turn.interrupted);
    cr_expect(llabs(turn.heard_ms - 2000) <= 10, "%lld", (long long)turn.heard_ms);
}

/* The cost of a talking agent: lines a second, of which each is a write of some hundred bytes. */
Test(checkpoint, writes_few_lines_and_none_when_nobody_speaks)
{
    size_t talking;

    begin_answer();
    say("one", 90); /* three seconds of delivery, nine of speech */
    later(6000);
    talking = npartials;
    cr_log_info("%zu lines for 9 s of speech", talking);
    cr_expect_leq(talking, 27u, "three a second: %zu", talking);
    later(2000);
    cr_expect_leq(npartials, talking + 1);
    talking = npartials;
    later(10000);
    cr_expect_eq(npartials, talking);
}

/* ---- the time of death ---- */

Test(pulse, a_process_that_is_killed_leaves_the_time_of_its_last_turn)
{
    char directory[FOLDER_SIZE];
    int64_t before_ms, after_ms;
    pid_t child;
    instant died;

    clock_release();
    folder_make(directory);
    child = fork();
    if (!child) {
        for (pulse_start(directory, 7);; usleep(1000))
            pulse_beat();
    }
    before_ms = clock_now().ms;
    usleep(300 * 1000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    after_ms = clock_now().ms;
    died = pulse_last(directory, 9);
    cr_expect(died.ms > before_ms && died.ms <= after_ms, "%lld of %lld to %lld",
              (long long)died.ms, (long long)before_ms, (long long)after_ms);
    cr_expect(instant_is_none(pulse_last(directory, 6)), "another one wrote that file");
    folder_remove(directory);
}
