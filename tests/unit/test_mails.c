/*
 * Mail through the operator's own server: what it looks like there, and that it waits while the
 * server does not take it.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answerer.h"
#include "core/crypto.h"
#include "core/json.h"
#include "core/log.h"
#include "domain/mail_senders.h"
#include "domain/mails.h"
#include "harness/harness.h"
#include "mailbox.h"
#include "remote/smtp.h"
#include "stream/jobs/jobs.h"
#include "world.h"

static struct world world;
static struct work *const work = &world.work;

static void setup(void)
{
    world_begin(&world, NULL, true);
    world.config.smtp_url = mailbox_start();
    clock_set(clock_now());
}

static void end(void)
{
    world_end(&world);
}

TestSuite(mails, .init = setup, .fini = end);

static uid order(const char *to)
{
    struct mail_order mail = {.id = uid_new(),
                              .from = "Acme <hello@acme.example>",
                              .to = to,
                              .subject = "Your parcel",
                              .text = "It left today.\n.\nGr\xC3\xBC\xC3\x9F"
                                      "e"};

    cr_assert(mail_order(work, &mail), "%s", work->error.message);
    return mail.id;
}

static struct mail_state try(uid id)
{
    struct mail_state state = {0};

    cr_assert(mail_try(work, id, &state), "%s", work->error.message);
    return state;
}

static void run_job(void)
{
    struct work one = {.id = "once", .db = work->db, .config = work->config};

    cr_assert(jobs_once(&one, "mail"), "%s", one.error.message);
    work_end(&one);
}

static int64_t messages(const char *status)
{
    return tenant_number(
        &world,
        say("SELECT COUNT(*) FROM email_messages WHERE tenant_id = ? AND status = '%s'", status));
}

static int64_t owed(const char *state)
{
    return tenant_number(&world, say("SELECT COUNT(*) FROM outbox WHERE tenant_id = ?"
                                     " AND topic = 'email' AND state = '%s'",
                                     state));
}

static size_t taken(void)
{
    return json_object_array_length(mailbox_log("mail"));
}

Test(mails, leave_at_once_when_the_server_takes_them)
{
    uid id = order("ann@customer.example");
    struct mail_state state = try(id);
    json_object *mails = mailbox_log("mail");
    const char *data = at(mails, "0.data");
    char text[37];

    uid_write_uuid(id, text);
    cr_expect_str_eq(state.status, "sent");
    cr_expect_str_eq(state.reference, say("<%s@acme.example>", text));
    cr_assert_eq(json_object_array_length(mails), 1);
    cr_expect_str_eq(at(mails, "0.from"), "hello@acme.example");
    cr_expect_str_eq(at(mails, "0.to.0"), "ann@customer.example");
    cr_expect_not_null(strstr(data, "From: Acme <hello@acme.example>\n"), "%s", data);
    cr_expect_not_null(strstr(data, "To: ann@customer.example\n"));
    cr_expect_not_null(strstr(data, "Subject: Your parcel\n"));
    cr_expect_not_null(strstr(data, say("Message-ID: <%s@acme.example>\n", text)));
    cr_expect_not_null(strstr(data, "Date: "));
    cr_expect_not_null(strstr(data, base64_write(&work->arena, "It left today.\n", 15)));
    clock_advance_ms(3600 * 1000);
    run_job();
    cr_expect_eq(taken(), 1, "it is not sent again");
    cr_expect_eq(owed("delivered"), 1);
}

Test(mails, are_sent_later_when_the_server_does_not_take_them_now)
{
    struct mail_state state = try(order("later-2-ann@customer.example"));

    cr_expect_str_eq(state.status, "queued");
    cr_expect_null(state.reference);
    run_job();
    cr_expect_eq(json_object_array_length(mailbox_log("refused")), 1, "it is not due yet");
    clock_advance_ms(13 * 1000);
    run_job();
    cr_expect_eq(messages("queued"), 1, "still not taken");
    clock_advance_ms(61 * 1000);
    run_job();
    cr_expect_eq(taken(), 1);
    cr_expect_eq(messages("sent"), 1);
    cr_expect_eq(owed("delivered"), 1);
}

Test(mails, that_nobody_tried_at_once_are_sent_by_the_job)
{
    order("ann@customer.example");
    run_job();
    cr_expect_eq(taken(), 0, "whoever ordered has a head start");
    clock_advance_ms(61 * 1000);
    run_job();
    cr_expect_eq(taken(), 1);
    cr_expect_eq(messages("sent"), 1);
}

Test(mails, that_are_refused_for_good_fail)
{
    static const char *const refused[] = {"nobody@customer.example", "spam@customer.example"};
    struct mail_state state;

    for (size_t i = 0; i < COUNT(refused); i++) {
        uid id = order(refused[i]);

        cr_expect_not(mail_try(work, id, &state));
        cr_expect_eq(work->error.what, INVALID, "%s", work->error.message);
    }
    clock_advance_ms((int64_t)3600 * 1000);
    run_job();
    cr_expect_eq(messages("failed"), 2);
    cr_expect_eq(json_object_array_length(mailbox_log("refused")), 2, "nobody asks again");
}

Test(mails, wait_while_the_server_wants_another_login)
{
    cr_expect_str_eq(try(order("login-1-ann@customer.example")).status, "queued");
    clock_advance_ms(13 * 1000);
    run_job();
    cr_expect_eq(messages("sent"), 1);
}

Test(mails, whose_answer_was_lost_carry_the_same_id_again)
{
    json_object *mails;
    uid id = order("cut-1-ann@customer.example");
    char text[37];

    cr_expect_str_eq(try(id).status, "queued");
    clock_advance_ms(13 * 1000);
    run_job();
    mails = mailbox_log("mail");
    cr_assert_eq(json_object_array_length(mails), 1);
    uid_write_uuid(id, text);
    cr_expect_not_null(strstr(at(mails, "0.data"), text));
}

Test(mails, are_given_up_after_a_day)
{
    world.config.smtp_url = "smtp://127.0.0.1:9"; /* nobody is there */
    cr_expect_str_eq(try(order("ann@customer.example")).status, "queued");
    for (int i = 0; i < 10; i++) {
        clock_advance_ms((int64_t)15 * 3600 * 1000);
        run_job();
    }
    cr_expect_eq(messages("failed"), 1);
    cr_expect_eq(owed("failed"), 1);
    cr_expect_eq(tenant_number(&world, "SELECT attempts FROM outbox WHERE tenant_id = ?"), 9);
}

Test(mails, never_show_a_password_to_a_server_without_tls)
{
    const char *open = world.config.smtp_url;

    world.config.smtp_url = say("smtp://user:word@%s", open + strlen("smtp://"));
    cr_expect_str_eq(try(order("ann@customer.example")).status, "queued");
    cr_expect_eq(taken(), 0);
}

Test(mails, need_a_way_to_leave)
{
    struct mail_order mail = {
        .id = uid_new(), .from = "a@b.example", .to = "c@d.example", .subject = "x", .text = "y"};

    world.config.smtp_url = NULL;
    cr_expect_not(mail_order(work, &mail));
    cr_expect_eq(work->error.what, WRONG_STATE);
    cr_expect_eq(messages("queued"), 0);
}

Test(mails, leave_through_resend_where_there_is_no_server)
{
    struct heard first, second;

    answerer_start();
    world.config.smtp_url = NULL;
    world.config.resend_api_key = "re_key";
    world.config.resend_base_url = answerer_url();
    answerer_say("/emails", 500, "{}");
    cr_expect_str_eq(try(order("ann@customer.example")).status, "queued");
    answerer_say("/emails", 200, "{\"id\":\"re_1\"}");
    clock_advance_ms(13 * 1000);
    run_job();
    cr_expect_eq(messages("sent"), 1);
    cr_assert_eq(answerer_count("/emails"), 2);
    first = answerer_heard("/emails", 0);
    second = answerer_heard("/emails", 1);
    cr_expect_str_eq(heard_header(&first, "Idempotency-Key"),
                     heard_header(&second, "Idempotency-Key"));
}

/* What the provider says, and whether the mail waits for better times. */
struct provider_case {
    int status;
    const char *body;
    bool waits;
};

Test(mails, wait_at_resend_for_what_is_ours_to_mend)
{
    static const struct provider_case cases[] = {
        {401, "{\"name\":\"missing_api_key\"}", true},
        {403, "{\"name\":\"invalid_api_key\"}", true},
        {408, "{}", true},
        {409, "{\"name\":\"concurrent_idempotent_requests\"}", true},
        {429, "{\"name\":\"rate_limit_exceeded\"}", true},
        {409, "{\"name\":\"invalid_idempotent_request\"}", false},
        {403, "{\"name\":\"validation_error\"}", false},
        {422, "{\"name\":\"invalid_from_address\",\"message\":\"no\"}", false},
    };
    struct mail_state state = {0};

    answerer_start();
    world.config.smtp_url = NULL;
    world.config.resend_api_key = "re_key";
    world.config.resend_base_url = answerer_url();
    for (size_t i = 0; i < COUNT(cases); i++) {
        answerer_say("/emails", cases[i].status, cases[i].body);
        cr_expect_eq(mail_try(work, order("ann@customer.example"), &state), cases[i].waits,
                     "%d %s: %s", cases[i].status, cases[i].body, work->error.message);
    }
    cr_expect_eq(messages("queued"), 5);
    cr_expect_eq(messages("failed"), 3);
}

/* ---- who they are from ---- */

/* Gives the tenant an address of its own, and says who its mail is then from. */
static bool sender_is(const char *address, struct mail_sender *sender)
{
    json_object *config =
        json_parse(arena_format(&work->arena, "{\"email_from\":\"%s\"}", address ? address : ""));
    bool created;

    cr_assert(tenant_put(work, world.tenant.tenant_key, config, NULL, &world.tenant, &created),
              "%s", work->error.message);
    json_object_put(config);
    return mail_sender_of(work, &world.tenant, sender);
}

static void nobody_writes_as(const char *address)
{
    struct mail_sender sender;

    cr_expect_not(sender_is(address, &sender), "%s", address);
    cr_expect_eq(work->error.what, INVALID);
    cr_expect_not_null(strstr(work->error.message, "email_from"), "%s", work->error.message);
}

Test(mails, are_from_the_tenant_where_the_operator_opened_its_domain)
{
    struct mail_sender sender;

    world.config.mail_from = "Desk <calls@operator.example>";
    world.config.mail_domains = "acme.example";
    cr_assert(sender_is("Acme <hello@Acme.example>", &sender));
    cr_expect_str_eq(sender.from, "Acme <hello@Acme.example>");
    cr_expect_null(sender.reply_to);
}

Test(mails, are_from_the_operator_elsewhere_and_answers_go_to_the_tenant)
{
    struct mail_order mail = {
        .id = uid_new(), .to = "ann@customer.example", .subject = "Hi", .text = "Hello."};
    struct mail_sender sender;
    const char *data;

    world.config.mail_from = "Desk <calls@operator.example>";
    world.config.mail_domains = "acme.example";
    cr_assert(sender_is("Boss <boss@bank.example>", &sender));
    cr_expect_str_eq(sender.reply_to, "Boss <boss@bank.example>");
    mail.from = sender.from;
    mail.reply_to = sender.reply_to;
    cr_assert(mail_order(work, &mail), "%s", work->error.message);
    cr_expect_str_eq(try(mail.id).status, "sent");
    cr_expect_str_eq(at(mailbox_log("mail"), "0.from"), "calls@operator.example");
    data = at(mailbox_log("mail"), "0.data");
    cr_expect_not_null(strstr(data, "From: Desk <calls@operator.example>\n"), "%s", data);
    cr_expect_not_null(strstr(data, "Reply-To: Boss <boss@bank.example>\n"), "%s", data);
}

Test(mails, are_from_nobody_else)
{
    world.config.mail_domains = "acme.example";
    nobody_writes_as(NULL);
    nobody_writes_as("boss@bank.example");
    cr_expect_not_null(strstr(work->error.message, "MAIL_FROM"), "%s", work->error.message);
    cr_expect_not_null(strstr(work->error.message, "MAIL_DOMAINS"), "%s", work->error.message);
    nobody_writes_as("hello@mail.acme.example");
    nobody_writes_as("boss@bank.example, hello@acme.example");
    nobody_writes_as("boss@bank.example <hello@acme.example>");
    world.config.mail_from = "calls@operator.example";
    nobody_writes_as("boss@bank.example\\nBcc: all@bank.example");
}

Test(mails, are_from_names_with_a_comma_in_quotes)
{
    struct mail_sender sender;

    world.config.mail_domains = "acme.example";
    cr_assert(sender_is("Acme, Inc. <hello@acme.example>", &sender), "%s", work->error.message);
    cr_expect_str_eq(sender.from, "\"Acme, Inc.\" <hello@acme.example>");
}

/* How often a start of the program warns that mail is from nobody. */
static size_t warnings(const struct config *config)
{
    char path[] = "/tmp/trunkline-mails-XXXXXX", line[4096];
    int log = mkstemp(path);
    size_t count = 0;
    FILE *file;

    cr_assert(log >= 0 && log_open("test", path));
    mail_senders_check(config);
    log_open("test", NULL);
    file = fdopen(log, "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file))
        count += strstr(line, "\"warning\"") && strstr(line, "MAIL_FROM") &&
                 strstr(line, "MAIL_DOMAINS");
    fclose(file);
    unlink(path);
    return count;
}

Test(mails, from_nobody_are_warned_of_at_the_start)
{
    cr_expect_eq(warnings(&(struct config){.smtp_url = "smtp://mail.example"}), 1);
    cr_expect_eq(warnings(&(struct config){.resend_api_key = "re_key"}), 1);
    cr_expect_eq(warnings(&(struct config){.smtp_url = "smtp://mail.example",
                                           .mail_from = "calls@operator.example"}),
                 0);
    cr_expect_eq(
        warnings(&(struct config){.resend_api_key = "re_key", .mail_domains = "acme.example"}), 0);
    cr_expect_eq(warnings(&(struct config){0}), 0, "no mail at all");
}

/* ---- what goes over the wire ---- */

static const char *written(const char *from, const char *subject)
{
    struct text out = {.arena = &work->arena};
    const struct mail mail = {
        .from = from, .to = "a@b.example", .subject = subject, .text = "Hi", .key = "k"};

    smtp_message(&out, &mail, "<k@b>", 1763740800000);
    return out.at;
}

Test(mails, encode_what_is_not_plain)
{
    const char *message =
        written("\"M\xC3\xBCller\" <m@b.example>", "Gr\xC3\xBC\xC3\x9F"
                                                   "e aus K\xC3\xB6ln\r\nBcc: x@y.example");

    cr_expect_not_null(strstr(message, "Date: Fri, 21 Nov 2025 16:00:00 +0000\r\n"), "%s", message);
    cr_expect_not_null(strstr(message, "From: =?UTF-8?B?TcO8bGxlcg==?= <m@b.example>\r\n"), "%s",
                       message);
    cr_expect_not_null(strstr(message, "Subject: =?UTF-8?B?"));
    cr_expect_null(strstr(message, "\nBcc:"), "no header can be smuggled in");
    cr_expect_not_null(strstr(written("a@b.example", "Plain"), "From: a@b.example\r\n"));
}

Test(mails, fold_long_subjects_between_characters)
{
    const char *message =
        written("a@b.example", "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
                               "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
                               "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
                               "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4");

    cr_expect_not_null(strstr(message, "?=\r\n =?UTF-8?B?"), "%s", message);
    for (const char *line = message; *line; line += strcspn(line, "\n") + 1)
        cr_expect_leq(strcspn(line, "\r"), 78, "%.100s", line);
}

Test(mails, know_the_address_of_a_mailbox)
{
    cr_expect_str_eq(smtp_address(&work->arena, "Acme <hello@acme.example>"), "hello@acme.example");
    cr_expect_str_eq(smtp_address(&work->arena, "hello@acme.example"), "hello@acme.example");
}
