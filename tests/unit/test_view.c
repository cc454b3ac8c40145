#include <math.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "api_of_things.h"

/* One value, as each wire spells it and what each wire reads. */

static struct request req;
static struct thing thing;

static void setup(void)
{
    things_work = (struct work){.config = &things_config};
    req = things_request("GET /things", "");
    req.dialect = &lenient;
    row_clear(&thing_entity, &thing);
}

static void end(void)
{
    request_end(&req);
}

TestSuite(view, .init = setup, .fini = end);

static const char *rendered(const struct view *view)
{
    struct text out = {.arena = &req.work.arena};

    view_render(&req, &out, view, &thing);
    for (char *c = out.at; *c; c++)
        if (*c == '"')
            *c = '\'';
    return out.at;
}

/* The thing through a view of this one field. */
static const char *spelled(struct field field)
{
    const struct view view = {"Test", &thing_entity, &field, 1};

    cr_assert_null(view_fault(&view), "%s", view_fault(&view));
    return rendered(&view);
}

Test(view, spells_keys)
{
    cr_assert(uid_read_uuid("01939f3a-7c21-7a4e-8b1d-5f6a7b8c9d0e", &thing.other_id));
    cr_expect_str_eq(spelled((struct field)FIELD(thing, other_id, "id", READ)),
                     "{'id':'01939f3a-7c21-7a4e-8b1d-5f6a7b8c9d0e'}");
    cr_expect_str_eq(spelled((struct field)FIELD(thing, other_id, "id", READ,
                                                 .wire = &wire_base32_upper, .prefix = "CALL-")),
                     "{'id':'CALL-01JEFKMZ11F978P7AZD9XRS78E'}");
    cr_expect_str_eq(spelled((struct field)FIELD(thing, other_id, "id", READ, .wire = &wire_base32,
                                                 .prefix = "call_")),
                     "{'id':'call_01jefkmz11f978p7azd9xrs78e'}");
    cr_expect_str_eq(spelled((struct field)FIELD(thing, other_id, "id", READ, .wire = &wire_hex,
                                                 .prefix = "CA")),
                     "{'id':'CA01939f3a7c217a4e8b1d5f6a7b8c9d0e'}");
}

Test(view, spells_numbers)
{
    static const struct {
        int64_t value;
        const struct wire *wire;
        const char *text;
    } cases[] = {
        {42, NULL, "{'n':42}"},
        {-1, NULL, "{'n':-1}"},
        {42, &wire_digits, "{'n':'42'}"},
        {13000, &wire_price, "{'n':'0.0130'}"},
        {-1500000, &wire_price, "{'n':'-1.5000'}"},
        {1234567, &wire_price, "{'n':'1.234567'}"},
        {0, &wire_money, "{'n':0}"},
        {12500000, &wire_money, "{'n':12.5}"},
        {1, &wire_money, "{'n':0.000001}"},
        {-13000000, &wire_money, "{'n':-13}"},
        {INT64_MAX, &wire_money, "{'n':9223372036854.775807}"},
        {1, &wire_positive, "{'n':true}"},
        {0, &wire_positive, "{'n':false}"},
        {NO_INTEGER, &wire_positive, "{'n':false}"},
        {NO_INTEGER, &wire_money, "{'n':null}"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        thing.amount = cases[i].value;
        cr_expect_str_eq(
            spelled((struct field)FIELD(thing, amount, "n", READ, .wire = cases[i].wire)),
            cases[i].text);
    }
    thing.amount = 42;
    cr_expect_str_eq(spelled((struct field)FIELD(thing, amount, "n", READ, .wire = &wire_numbered,
                                                 .prefix = "num_")),
                     "{'n':'num_42'}");
    thing.ratio = 0.1;
    cr_expect_str_eq(spelled((struct field)FIELD(thing, ratio, "n", READ)), "{'n':0.1}");
    thing.ratio = (double)NAN;
    cr_expect_str_eq(spelled((struct field)FIELD(thing, ratio, "n", READ)), "{'n':null}");
}

Test(view, spells_times)
{
    static const struct {
        int64_t ms;
        const struct wire *wire;
        const char *text;
    } cases[] = {
        {1762077600120, &wire_iso_seconds, "{'at':'2025-11-02T10:00:00Z'}"},
        {1762077600120, &wire_iso_milliseconds, "{'at':'2025-11-02T10:00:00.120Z'}"},
        {1762077600120, &wire_iso_shortest, "{'at':'2025-11-02T10:00:00.120Z'}"},
        {1762077600000, &wire_iso_shortest, "{'at':'2025-11-02T10:00:00Z'}"},
        {1762077600000, NULL, "{'at':'2025-11-02T10:00:00Z'}"},
        {1762077600000, &wire_rfc2822, "{'at':'Sun, 02 Nov 2025 10:00:00 +0000'}"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        thing.at = (instant){cases[i].ms};
        cr_expect_str_eq(spelled((struct field)FIELD(thing, at, "at", READ, .wire = cases[i].wire)),
                         cases[i].text);
    }
}

Test(view, escapes_texts)
{
    thing.label = "a\"b\\c\n\x01\xff</script>";
    cr_expect_str_eq(spelled((struct field)FIELD(thing, label, "t", READ)),
                     "{'t':'a\\'b\\\\c\\n\\u0001\xef\xbf\xbd</script>'}");
}

Test(view, puts_documents_as_they_are)
{
    thing.settings = (document){"{\"a\":[1,null]}"};
    cr_expect_str_eq(spelled((struct field)FIELD(thing, settings, "d", READ)),
                     "{'d':{'a':[1,null]}}");
}

Test(view, translates_words)
{
    static const struct spelling words[] = {{"in_progress", "active"}, {NULL, NULL}};
    const struct field field =
        FIELD(thing, label, "w", READ, .wire = &wire_word, .spellings = words);

    thing.label = "in_progress";
    cr_expect_str_eq(spelled(field), "{'w':'active'}");
    thing.label = "completed";
    cr_expect_str_eq(spelled(field), "{'w':'completed'}");
}

/* What is absent: null, left out, or as the dialect has it. */

static const struct field absent_fields[] = {
    FIELD(thing, label, "plain", READ),
    FIELD(thing, label, "optional", READ | OPTIONAL),
    FIELD(thing, label, "present", READ | PRESENT),
    FIELD(thing, flag, "flag", READ),
    FIELD(thing, code, "unseen", CREATE),
};
static const struct view absent_view = VIEW("Absent", thing_entity, absent_fields);

Test(view, shows_nothing_as_null)
{
    cr_expect_str_eq(rendered(&absent_view), "{'plain':null,'present':null,'flag':false}");
}

Test(view, leaves_nothing_out_where_the_dialect_does)
{
    req.dialect = &strict;
    cr_expect_str_eq(rendered(&absent_view), "{'present':null,'flag':false}");
}

Test(view, is_an_object_also_when_all_is_left_out)
{
    req.dialect = &strict;
    cr_expect_str_eq(spelled((struct field)FIELD(thing, label, "a", READ)), "{}");
}

static const struct field inner_fields[] = {
    FIELD(thing, amount, "amount", READ),
    FIELD(thing, label, "label", READ | OPTIONAL),
};
static const struct view inner_view = VIEW("Inner", thing_entity, inner_fields);

Test(view, nests_members_of_the_same_row)
{
    cr_expect_str_eq(spelled((struct field)NESTED("in", inner_view, READ)),
                     "{'in':{'amount':null}}");
    cr_expect_str_eq(spelled((struct field)NESTED("in", inner_view, READ | OPTIONAL)), "{}");
    thing.label = "x";
    cr_expect_str_eq(spelled((struct field)NESTED("in", inner_view, READ | OPTIONAL)),
                     "{'in':{'amount':null,'label':'x'}}");
}

/* A list of rows within a row. */
struct holder {
    const char *name;
    struct rows things;
};

static const struct column columns_of_holder[] = {
    COLUMN(holder, name, NOT_NULL),
};
static const struct entity holder_entity = ENTITY(holder, "holder", NULL, columns_of_holder);
static const struct field holder_fields[] = {
    FIELD(holder, name, "name", READ),
    ROWS(holder, things, "things", inner_view, READ),
};
static const struct view holder_view = VIEW("Holder", holder_entity, holder_fields);

Test(view, shows_rows_within_a_row)
{
    struct holder holder = {.name = "h"};
    struct thing two[2];
    struct text out = {.arena = &req.work.arena};

    row_clear(&thing_entity, &two[0]);
    row_clear(&thing_entity, &two[1]);
    two[1].amount = 5;
    view_render(&req, &out, &holder_view, &holder);
    cr_expect_str_eq(out.at, "{\"name\":\"h\",\"things\":[]}");
    out.length = 0;
    holder.things = (struct rows){two, 2};
    view_render(&req, &out, &holder_view, &holder);
    cr_expect_str_eq(out.at, "{\"name\":\"h\",\"things\":[{\"amount\":null},{\"amount\":5}]}");
}

/* Reading: what a wire takes from a path, a query or a form. */

static bool reads(const struct wire *wire, size_t offset, const char *prefix, const char *text)
{
    const struct field field = {
        .name = "f", .offset = offset, .use = RW, .wire = wire, .prefix = prefix};
    const struct view view = {"Test", &thing_entity, &field, 1};

    return read_text_value(&req, &view, &field, "f", text, &thing);
}

Test(view, reads_keys_in_their_spelling)
{
    const size_t id = offsetof(struct thing, other_id);

    cr_expect(reads(&wire_uuid, id, NULL, "01939f3a-7c21-7a4e-8b1d-5f6a7b8c9d0e"));
    cr_expect_not(reads(&wire_uuid, id, NULL, "01jefkmz11f978p7azd9xrs78e"));
    cr_expect_not(reads(&wire_uuid, id, NULL, "00000000-0000-0000-0000-000000000000"));
    cr_expect(reads(&wire_base32, id, "call_", "call_01jefkmz11f978p7azd9xrs78e"));
    cr_expect(reads(&wire_base32_upper, id, "CALL-", "CALL-01JEFKMZ11F978P7AZD9XRS78E"));
    cr_expect_not(reads(&wire_base32, id, "call_", "agent_01jefkmz11f978p7azd9xrs78e"));
    cr_expect(reads(&wire_hex, id, "CA", "CA01939f3a7c217a4e8b1d5f6a7b8c9d0e"));
    cr_expect_not(reads(&wire_hex, id, "CA", ""));
}

Test(view, reads_numbers_whole)
{
    const size_t amount = offsetof(struct thing, amount);
    static const char *const bad[] = {
        "", "x", "4 2", " 42", "42x", "0x10", "4.2", "num_", "--1", "1e3", "99999999999999999999"};

    cr_expect(reads(&wire_numbered, amount, "num_", "num_42"));
    cr_expect_eq(thing.amount, 42);
    cr_expect(reads(&wire_numbered, amount, "num_", "43"));
    cr_expect_eq(thing.amount, 43);
    cr_expect(reads(NULL, amount, NULL, "-44"));
    cr_expect_eq(thing.amount, -44);
    for (size_t i = 0; i < COUNT(bad); i++) {
        cr_expect_not(reads(&wire_numbered, amount, "num_", bad[i]), "%s", bad[i]);
        cr_expect_not(reads(NULL, amount, NULL, bad[i]), "%s", bad[i]);
    }
}

Test(view, reads_telephone_numbers_in_any_form)
{
    const size_t label = offsetof(struct thing, label);

    cr_expect(reads(&wire_phone, label, NULL, "+1 (312) 555-1234"));
    cr_expect_str_eq(thing.label, "+13125551234");
    cr_expect_not(reads(&wire_phone, label, NULL, "call me"));
}

Test(view, reads_no_address_of_our_own_network)
{
    const size_t label = offsetof(struct thing, label);
    static const char *const bad[] = {"http://example.com/",
                                      "https://127.0.0.1/",
                                      "ftp://x.com/",
                                      "https://user@example.com/",
                                      "https:///",
                                      "example.com",
                                      ""};

    cr_expect(reads(&wire_url, label, NULL, "https://example.com/hook?x=1"));
    for (size_t i = 0; i < COUNT(bad); i++)
        cr_expect_not(reads(&wire_url, label, NULL, bad[i]), "%s", bad[i]);
}

Test(view, reads_times_with_any_offset)
{
    const size_t at = offsetof(struct thing, at);

    cr_expect(reads(&wire_iso_seconds, at, NULL, "2025-11-02T12:00:00+02:00"));
    cr_expect_eq(thing.at.ms, 1762077600000);
    cr_expect(reads(&wire_rfc2822, at, NULL, "Sun, 02 Nov 2025 10:00:00 +0000"));
    cr_expect_eq(thing.at.ms, 1762077600000);
    cr_expect_not(reads(&wire_iso_seconds, at, NULL, "2025-02-30T10:00:00Z"));
    cr_expect_not(reads(&wire_iso_seconds, at, NULL, "yesterday"));
}
