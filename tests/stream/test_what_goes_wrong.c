/*
 * What can go wrong, and which test shows what happens then: the failures of the domain model's
 * section 5.15, and what the reference on the Realtime API says that users of such bridges complain
 * about (section 9).  "suite/test" names a Criterion test by its beginning, a suite alone all of
 * its tests.
 */

/* clang-format off */
/*
 * FAILURES (domain model, 5.15)
 *
 *   daemon dies mid-call             survival/a_call_whose_node_is_killed_in_mid_sentence
 *                                    writer/applies_what_a_killed_process_left_behind
 *   media host dies for good         checkpoint/at_any_moment_it_is_known, pulse
 *                                    sweeps/end_the_lost_session_of_a_call_that_is_over
 *   daemon cut off from the store    faults/a_call_goes_on_while_the_database_is_away
 *                                    survival/a_node_killed_while_the_database_is_away
 *                                    writer/beyond_its_bound_keeps_what_matters
 *                                    sweeps/leave_the_session_of_a_silent_node_while_the_carrier_has
 *   store down, new call             survival/a_whole_call_while_the_database_is_away
 *                                    rooms/have_legs_that_wait_for_the_store: whom a leg is to meet
 *                                    is known there alone, so the carrier asks again until it is back
 *   store down, carrier's callback   faults/without_the_database_carrier_callbacks_are_kept
 *   store down, unknown number       survival/a_number_the_host_never_saw_gets_a_sentence
 *   commit fails                     transaction/is_repeated_after_a_deadlock
 *                                    db_loss/before_the_commit_repeats_the_transaction
 *   callback twice, out of order     callbacks/received_twice, callbacks/in_any_order_and_number
 *   terminal callback never comes    sweeps/ask_about_a_call_without_a_session_after_two_minutes
 *   callback for an unknown call     callbacks/for_a_call_we_do_not_know_yet
 *   order to the carrier timed out   outbound/orders_without_an_answer_are_settled_by_asking
 *   front killed before the commit   callbacks/find_their_call_by_our_key
 *                                    idempotency/takes_over_from_the_dead
 *   sender dies after its POST       deliveries/of_a_sender_that_died_go_out_again
 *   two finalisers                   finalise/happens_once_however_many_try
 *   order to a dead node             what_goes_wrong/an_order_to_a_dead_node_expires
 *   model provider down              survival/when_the_provider_is_away
 *                                    survival/when_no_model_can_be_had
 *                                    relay_faults/another_provider_goes_on
 *                                    conversation_relay/when_no_provider_answers
 *   provider's server is another     tls/a_certificate_that_nobody_known_has_signed_is_refused
 *                                    tls/a_certificate_of_another_host_is_refused
 *                                    tls/a_voice_that_is_not_trusted_is_replaced
 *   provider refuses a setting       refused_settings, refused
 *   clocks differ                    tokens/expire_half_a_minute_late, db/compares_clocks
 *                                    nodes/are_alive_for_hosts_whose_clocks_are_wrong
 *   disk full                        what_goes_wrong/a_node_with_a_full_disk
 *                                    writer/goes_past_a_full_disk
 *   a follower's node is lost        lost_feeds
 *
 * COMPLAINTS (Realtime reference, 9)
 *
 *   cannot be interrupted            calls/stop_the_agent, realtime/who_interrupts_hears_silence_first
 *   truncation at a wrong place      playback/what_was_heard_follows_the_clock_but_never_exceeds
 *   no audio after a truncation      realtime/one_that_falls_silent_is_given_up
 *                                    last_moments/a_model_that_has_lost_its_voice
 *   any error kills the call         realtime/errors
 *   truncating what nobody heard     playback/of_later_items_nothing_was_heard
 *   interrupting what is generated   realtime/after_generation_ended_an_interruption_cancels_nothing
 *   marks after a clear              playback/marks_of_an_older_generation_mean_nothing
 *   old audio, two voices            responses/an_interrupted_one_is_dropped_until_it_is_done
 *                                    voices/an_interruption_leaves_no_stale_word
 *   an active response already       responses/the_first_request_is_sent_and_the_second_waits
 *                                    responses/a_request_that_came_too_early
 *   a tool called twice, cut JSON    realtime/a_tool_runs_once, realtime/an_interrupted_call_of_a_tool
 *   no answer when tools are set     tools/are_written_as_each_service_wants_them
 *                                    realtime/a_setup_that_is_refused
 *   a response that fails silently   realtime/a_failed_response_is_tried_again, response_end
 *                                    last_moments/what_the_provider_withholds
 *   noise instead of speech          realtime/a_setup_that_is_refused_or_in_another_format
 *                                    realtime/noise_instead_of_ulaw
 *   jitter at the start of words     cannot happen here: deltas pass whole and in order into one
 *                                    queue, nothing is sent before the stream's start frame, and no
 *                                    timer paces them (realtime/audio_passes_untouched)
 *   the goodbye is cut off           calls/end_when_the_agent_says_goodbye
 *   greeting missing or late         realtime/a_configured_model_greets, opening/the_agent_speaks_first
 *   noise interrupts                 interruptions, interruption
 *   speech that never stops          interruption/whose_end_is_never_told
 *                                    interruption/of_a_line_that_falls_silent_in_mid_speech
 *   poor recognition                 settings/carry_noise_reduction_transcription_and_speed
 *                                    pace/keys_are_told_when_no_other_follows
 *   latency grows with the call      coalesce: no more than three frames ever wait for each other
 *   transcripts out of order         transcript/keeps_the_order_of_turns
 *   … or without the last words      last_words, last_moments/who_hangs_up_behind_his_last_word
 *   silence while audio plays        pace/silence_counts_from_when_the_agent_was_heard
 *   death at 30 or 60 minutes        survival/a_models_session_is_replaced_before_its_time
 *                                    rollover/comes_before_the_end_of_a_session_that_lives_shorter
 *   no reconnect, or an endless one  survival/a_lost_model_is_connected_again
 *                                    realtime/a_connection_that_held_for_a_minute
 *   sessions outlive their calls     what_goes_wrong/a_caller_who_hangs_up_leaves_no_model_behind
 *   the model's failure is silence   realtime/while_it_is_away_the_line_is_not_dead
 *                                    conversation_relay/who_waits_for_an_answer_is_told_so_once
 *   voice change rejected            cannot happen here: a session's voice is written once, before
 *                                    its first audio, and a new session says the same
 *   text instead of speech           settings/are_what_the_agent_says
 *                                    response_end/with_words_that_nobody_speaks_is_silence
 *   the URL's query vanishes         sockets/a_token_may_come_as_a_parameter
 *   a socket open to the world       sockets/without_a_token_or_a_start_frame, hostile
 *   zombie calls                     media/a_line_without_frames_is_dead
 *   callbacks replace a running call cannot happen here: a status callback is answered without
 *                                    TwiML; only a transfer or an end updates a call that is talked in
 *   beta names                       realtime/the_beta_names_are_understood_too
 */
/* clang-format on */

#include <signal.h>
#include <string.h>

#include <criterion/criterion.h>

#include "domain/commands.h"
#include "domain/nodes.h"
#include "own_call.h"

/* ---- a full disk ---- */

Test(what_goes_wrong, a_node_with_a_full_disk_keeps_its_call_and_takes_no_other, .timeout = 90)
{
    struct own_call call = own_call_new(), other = own_call_new();
    struct own_daemon daemon = own_daemon_start_full();
    struct websocket line = own_call_open(&call, daemon.port), refused;

    own_call_start(&call, &line);
    cr_assert_not_null(own_call_hear(&line, "\"event\":\"mark\"", 20), "the agent speaks");
    AWAIT((refused = own_call_open(&other, daemon.port)).status == 503);
    AWAIT(strcmp(own_call_state(&call), "active") == 0); /* the store has it without the disk */
    websocket_end(&line);
    kill(daemon.pid, SIGINT);
    own_daemon_end(&daemon);
}

/* ---- a dead node ---- */

Test(what_goes_wrong, an_order_to_a_dead_node_expires_and_is_never_carried_out, .timeout = 90)
{
    struct own_call call = own_call_new();
    struct own_daemon daemon = own_daemon_start();
    struct websocket line = own_call_open(&call, daemon.port);
    struct session_command order = {.session_id = call.session, .kind = "say"};
    bool expired;

    own_call_start(&call, &line);
    cr_assert_not_null(own_call_hear(&line, "\"event\":\"mark\"", 20));
    AWAIT(strcmp(own_call_state(&call), "active") == 0);
    kill(daemon.pid, SIGKILL);
    order.call_id = call.call;
    order.args.json = "{\"text\":\"Too late\"}";
    cr_assert(command_order(&call.work, &order), "%s", call.work.error.message);
    own_daemon_end(&daemon);
    cr_assert(command_expire(&call.work, order.id, &expired));
    cr_expect(expired, "nobody has taken it");
    cr_assert(command_find(&call.work, order.id, &order));
    cr_expect_str_eq(order.state, "expired");
    cr_expect_not(command_take(&call.work, order.id, order.node_id, order.node_epoch, &order),
                  "a node that comes back does not say it either");
    websocket_end(&line);
}

/* ---- hanging up ---- */

/* The model stand-in's sessions under a name; how many of them are open. */
static int sessions_of(const char *model, int *open)
{
    json_object *sessions = NULL;
    int count = 0;

    *open = 0;
    json_object_object_get_ex(control("MODEL", "GET", "/_state", NULL).json, "sessions", &sessions);
    for (size_t i = 0; sessions && i < json_object_array_length(sessions); i++) {
        json_object *one = json_object_array_get_idx(sessions, i);

        if (strcmp(at(one, "model"), model) != 0)
            continue;
        count++;
        *open += strcmp(at(one, "state"), "closed") != 0;
    }
    return count;
}

Test(what_goes_wrong, a_caller_who_hangs_up_leaves_no_model_behind, .timeout = 120)
{
    struct customer customer = customer_new();
    const char *model = say("gpt-realtime-%s", customer.tenant);
    int open;

    customer_version(&customer, say(DESK ",\"realtime_model\":\"%s\"", model));
    customer_number(&customer);
    call_ended(call_place(&customer, "+13125550311",
                          "[{\"wait_agent\":true},{\"say\":\"Tell me a long story.\"},"
                          "{\"pause_ms\":1500},{\"hangup\":true}]"));
    AWAIT(sessions_of(model, &open) == 1 && open == 0);
}
