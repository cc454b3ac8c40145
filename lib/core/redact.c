#include "core/redact.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/column.h" /* COUNT */
#include "core/redact_words.h"
#include "core/text.h"

/* A text on its way through; what lies before "done" was written. */
struct redaction {
    struct text out;
    const char *text;
    const struct word *words;
    size_t nwords, done;
    unsigned kinds;
    int64_t count;
};

static void take_out(struct redaction *r, size_t from, size_t to, const char *label)
{
    if (from < r->done)
        from = r->done;
    text_bytes(&r->out, r->text + r->done, from - r->done);
    text_put(&r->out, label);
    r->done = to > from ? to : from;
    r->count++;
}

static size_t end_of(const struct word *word)
{
    return word->at + word->length;
}

/* ---- mail addresses ---- */

enum { LONGEST_LOCAL = 64, LONGEST_DOMAIN = 253, SPOKEN_PARTS = 8 };

static bool is_local(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || (c && strchr("._%+-", c));
}

/* The end of an address that begins at "from"; 0: there is none. */
static size_t written_address(const char *text, size_t from)
{
    size_t at = from, dot = 0, domain;

    if (from && is_local(text[from - 1]))
        return 0;
    while (is_local(text[at]) && at - from <= LONGEST_LOCAL)
        at++;
    if (text[at] != '@' || at == from)
        return 0;
    domain = ++at;
    for (; (isalnum((unsigned char)text[at]) || text[at] == '.' || text[at] == '-') &&
           at - domain < LONGEST_DOMAIN;
         at++)
        if (text[at] == '.' && at > domain && isalpha((unsigned char)text[at + 1]))
            dot = at;
    while (at > domain && !isalnum((unsigned char)text[at - 1]))
        at--;
    return dot ? at : 0;
}

static bool is_word(const struct redaction *r, size_t i, const char *const *names)
{
    if (i >= r->nwords)
        return false;
    for (; *names; names++)
        if (strlen(*names) == r->words[i].length &&
            strncasecmp(r->text + r->words[i].at, *names, r->words[i].length) == 0)
            return true;
    return false;
}

static bool follows(const struct redaction *r, size_t i)
{
    return i < r->nwords && words_touch(r->text, &r->words[i - 1], &r->words[i]);
}

/* "jo dot bell at example dot com": the word behind it; 0: there is none. */
static size_t spoken_address(const struct redaction *r, size_t first)
{
    static const char *const joints[] = {"dot", "punkt", "underscore", "dash", "hyphen", NULL};
    static const char *const at_sign[] = {"at", "\u00e4t", NULL};
    static const char *const dots[] = {"dot", "punkt", NULL};
    size_t i = first + 1, labels = 1;

    for (int part = 0; part < SPOKEN_PARTS && is_word(r, i, joints) && follows(r, i); part++)
        i += 2;
    if (!is_word(r, i, at_sign) || !follows(r, i) || !follows(r, i + 1))
        return 0;
    for (i += 2; labels < SPOKEN_PARTS && is_word(r, i, dots) && follows(r, i) && follows(r, i + 1);
         i += 2)
        labels++;
    return labels > 1 ? i : 0;
}

/* Takes out an address that begins with the word; the word behind it, 0: there is none. */
static size_t take_address(struct redaction *r, size_t i)
{
    size_t end = written_address(r->text, r->words[i].at), next = i;

    if (end) {
        while (next < r->nwords && r->words[next].at < end)
            next++;
    } else {
        next = spoken_address(r, i);
        end = next ? end_of(&r->words[next - 1]) : 0;
    }
    if (end)
        take_out(r, r->words[i].at, end, "[email]");
    return end ? next : 0;
}

/* ---- IBANs ---- */

enum { LONGEST_IBAN = 34 };

static size_t iban_length(char first, char second)
{
    static const char countries[] =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18"
        "FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20"
        "LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24"
        "SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";

    for (const char *at = countries; *at; at += 4)
        if (at[0] == first && at[1] == second)
            return (size_t)((at[2] - '0') * 10 + at[3] - '0');
    return 0;
}

/* The country and the check digits count behind the rest. */
static bool is_iban(const char *iban, size_t length)
{
    unsigned rest = 0;

    if (!isdigit((unsigned char)iban[2]) || !isdigit((unsigned char)iban[3]))
        return false;
    for (size_t i = 4; i < length + 4; i++) {
        char c = iban[i < length ? i : i - length];

        rest = isdigit((unsigned char)c) ? (rest * 10 + (unsigned)(c - '0')) % 97
                                         : (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
    }
    return rest == 1;
}

/* Adds a word's letters and digits, read-out digits as such; false when it has others. */
static bool add_to_iban(const struct redaction *r, const struct word *word, char *iban,
                        size_t *length)
{
    const char *from = word->value ? word->value : r->text + word->at;
    size_t count = word->value ? word->count : word->length;

    if (*length + count > LONGEST_IBAN)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!isalnum((unsigned char)from[i]))
            return false;
        iban[(*length)++] = (char)toupper((unsigned char)from[i]);
    }
    return true;
}

static size_t take_iban(struct redaction *r, size_t first)
{
    char iban[LONGEST_IBAN + 1] = "";
    size_t length = 0, wanted = 0;

    if (!isalpha((unsigned char)r->text[r->words[first].at]))
        return 0;
    for (size_t i = first; i < r->nwords && (i == first || follows(r, i)); i++) {
        if (!add_to_iban(r, &r->words[i], iban, &length))
            return 0;
        if (length >= 2 && !wanted && !(wanted = iban_length(iban[0], iban[1])))
            return 0;
        if (wanted && length >= wanted) {
            if (length > wanted || !is_iban(iban, length))
                return 0;
            take_out(r, r->words[first].at, end_of(&r->words[i]), "[iban]");
            return i + 1;
        }
    }
    return 0;
}

/* ---- digits ---- */

enum { RUN_GROUPS = 512, RUN_DIGITS = 1024, CARD_LEAST = 13, CARD_MOST = 19 };

/* Digits that were written or read out together. */
struct group {
    size_t from, to; /* in the text */
    size_t first, count;
    bool spoken;
};

/* Groups with nothing but separators between them. */
struct run {
    struct group groups[RUN_GROUPS];
    size_t ngroups, ndigits;
    char digits[RUN_DIGITS];
    bool is_full; /* longer than anything sensible */
};

static void add_group(struct run *run, const struct word *word, size_t times)
{
    struct group *group = &run->groups[run->ngroups];

    if (run->ngroups == RUN_GROUPS || run->ndigits + word->count * times > RUN_DIGITS) {
        run->is_full = true;
        return;
    }
    *group = (struct group){.first = run->ndigits,
                            .count = word->count * times,
                            .from = word->at,
                            .to = end_of(word),
                            .spoken = word->kind == WORD_SPOKEN};
    for (size_t i = 0; i < times; i++)
        memcpy(run->digits + run->ndigits + i * word->count, word->value, word->count);
    run->ndigits += group->count;
    run->ngroups++;
}

static bool is_digits(const struct word *word)
{
    return word->kind == WORD_NUMBER || word->kind == WORD_SPOKEN;
}

/* "forty one" is 41. */
static bool joins_tens(const struct run *run, const struct word *word)
{
    const struct group *last = run->ngroups ? &run->groups[run->ngroups - 1] : NULL;

    return last && last->spoken && word->kind == WORD_SPOKEN && word->count == 1 &&
           word->value[0] != '0' && last->count == 2 && run->digits[last->first + 1] == '0' &&
           run->digits[last->first] >= '2';
}

/* Gathers what belongs together from a word on, and says how many words that are. */
static size_t gather(const struct redaction *r, size_t first, struct run *run)
{
    size_t i = first, behind = first;

    run->ngroups = run->ndigits = 0;
    run->is_full = false;
    while (i < r->nwords && (i == first || follows(r, i))) {
        const struct word *word = &r->words[i];

        if (is_digits(word)) {
            if (joins_tens(run, word)) {
                run->digits[run->ndigits - 1] = word->value[0];
                run->groups[run->ngroups - 1].to = end_of(word);
            } else {
                add_group(run, word, 1);
            }
        } else if (word->kind == WORD_TIMES && follows(r, i + 1) && is_digits(word + 1) &&
                   word[1].count == 1) {
            struct word repeated = word[1];

            repeated.length = end_of(&repeated) - word->at;
            repeated.at = word->at;
            add_group(run, &repeated, word->count);
            i++;
        } else if (word->kind != WORD_FILLER || i == first) {
            break;
        }
        i++;
        if (is_digits(&r->words[i - 1]))
            behind = i;
    }
    return behind - first;
}

/* Luhn, and digits that an issuer's cards begin with, so that times and numbers of ours stay. */
static bool is_card(const char *digits, size_t count)
{
    int series = (digits[0] - '0') * 1000 + (digits[1] - '0') * 100 + (digits[2] - '0') * 10 +
                 digits[3] - '0';
    int sum = 0;

    if ((digits[0] < '3' || digits[0] > '6') && (count != 16 || series < 2221 || series > 2720))
        return false;
    for (size_t i = 0; i < count; i++) {
        int digit = digits[count - 1 - i] - '0';

        if (i % 2)
            digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
        sum += digit;
    }
    return sum % 10 == 0;
}

/* How many groups from one on are a card, the longest; 0: none. */
static size_t card_at(const struct run *run, size_t from)
{
    size_t digits = 0, found = 0;

    for (size_t i = from; i < run->ngroups && digits < CARD_MOST; i++) {
        digits += run->groups[i].count;
        if (digits >= CARD_LEAST && digits <= CARD_MOST &&
            is_card(run->digits + run->groups[from].first, digits))
            found = i + 1 - from;
    }
    return found;
}

/* Groups of a run from one to before another. */
struct stretch {
    const struct run *run;
    size_t from, to, digits, singles, longest;
};

static struct stretch measure(const struct run *run, size_t from, size_t to)
{
    struct stretch stretch = {.run = run, .from = from, .to = to};
    size_t singles = 0;

    for (size_t i = from; i < to; i++) {
        const struct group *group = &run->groups[i];
        bool single = group->count == 1 || group->spoken;

        stretch.digits += group->count;
        singles = single ? singles + group->count : 0;
        if (singles > stretch.singles)
            stretch.singles = singles;
        if (!group->spoken && group->count > stretch.longest)
            stretch.longest = group->count;
    }
    return stretch;
}

enum { PHONE_LEAST = 7, PHONE_BARE = 9, PHONE_MOST = 15, BARE_MOST = 12 };

/* "2026-11-21" and "1,000,000,000" are none. */
static bool is_date_or_amount(const char *text, const struct stretch *s)
{
    const struct group *groups = s->run->groups + s->from;
    const char *digits = s->run->digits + groups->first;
    size_t count = s->to - s->from;

    if (count < 2 || groups[0].spoken)
        return false;
    if (groups[0].count == 4 && groups[1].count <= 2 &&
        (strncmp(digits, "19", 2) == 0 || strncmp(digits, "20", 2) == 0))
        return true;
    return text[groups[0].to] == ',' && groups[1].from == groups[0].to + 1 && groups[1].count == 3;
}

static bool is_phone(const char *text, const struct stretch *s)
{
    const struct group *first = &s->run->groups[s->from];
    bool international = (first->from > 0 && text[first->from - 1] == '+') ||
                         (s->digits > PHONE_BARE && first->count >= 2 &&
                          strncmp(s->run->digits + first->first, "00", 2) == 0);
    bool is_seven = s->to - s->from == 2 && first->count == 3 && first[1].count == 4;

    if (s->digits < PHONE_LEAST || is_date_or_amount(text, s))
        return false;
    if (s->digits > PHONE_MOST)
        return s->to - s->from > 2; /* several, one after the other */
    return international || is_seven || s->singles >= PHONE_LEAST ||
           (s->digits >= PHONE_BARE && (s->digits <= BARE_MOST || s->to - s->from > 1));
}

enum { FEWEST_SINGLES = 4, LONG_NUMBER = 7 };

static void settle_stretch(struct redaction *r, const struct run *run, size_t from, size_t to)
{
    struct stretch stretch = measure(run, from, to);
    size_t begin;

    if (from == to)
        return;
    begin = run->groups[from].from;
    if ((r->kinds & REDACT_PHONES) && is_phone(r->text, &stretch))
        take_out(r, begin && r->text[begin - 1] == '+' ? begin - 1 : begin, run->groups[to - 1].to,
                 "[phone]");
    else if ((r->kinds & REDACT_DIGITS) &&
             (stretch.singles >= FEWEST_SINGLES || stretch.longest >= LONG_NUMBER))
        take_out(r, begin, run->groups[to - 1].to, "[digits]");
}

/* Takes out what a run from this word on holds; the word behind it, 0: no digits here. */
static size_t take_digits(struct redaction *r, size_t first, struct run *run)
{
    size_t words = gather(r, first, run), from = 0;

    if (!words)
        return 0;
    if (run->is_full) {
        take_out(r, r->words[first].at, end_of(&r->words[first + words - 1]), "[digits]");
        return first + words;
    }
    for (size_t i = 0; i < run->ngroups;) {
        size_t card = r->kinds & REDACT_CARDS ? card_at(run, i) : 0;

        if (!card) {
            i++;
            continue;
        }
        settle_stretch(r, run, from, i);
        take_out(r, run->groups[i].from, run->groups[i + card - 1].to, "[card]");
        from = i += card;
    }
    settle_stretch(r, run, from, run->ngroups);
    return first + words;
}

/* ---- texts ---- */

static void look_at_all(struct redaction *r, struct run *run)
{
    for (size_t i = 0; i < r->nwords;) {
        size_t next = r->kinds & REDACT_EMAILS ? take_address(r, i) : 0;

        if (!next && (r->kinds & REDACT_IBANS))
            next = take_iban(r, i);
        if (!next)
            next = take_digits(r, i, run);
        i = next ? next : i + 1;
    }
}

const char *redact_text(struct arena *arena, const char *text, unsigned kinds, int64_t *count)
{
    struct redaction r = {.out = {.arena = arena}, .text = text, .kinds = kinds & REDACT_ALL};
    struct arena own = {0};

    if (!text || !r.kinds)
        return text;
    r.words = words_of_text(&own, text, &r.nwords);
    look_at_all(&r, arena_new(&own, struct run, 1));
    arena_free(&own);
    if (!r.count)
        return text;
    text_put(&r.out, text + r.done);
    if (count)
        *count += r.count;
    return r.out.at;
}

/* ---- JSON ---- */

struct tree {
    struct arena *arena;
    unsigned kinds;
    int64_t count;
    struct text out;
};

static void write_value(struct tree *tree, json_object *value);

static void write_members(struct tree *tree, json_object *object)
{
    const char *between = "";

    text_char(&tree->out, '{');
    json_object_object_foreach(object, name, value)
    {
        text_put(&tree->out, between);
        text_json(&tree->out, redact_text(tree->arena, name, tree->kinds, &tree->count));
        text_char(&tree->out, ':');
        write_value(tree, value);
        between = ",";
    }
    text_char(&tree->out, '}');
}

static void write_elements(struct tree *tree, json_object *list)
{
    text_char(&tree->out, '[');
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        if (i)
            text_char(&tree->out, ',');
        write_value(tree, json_object_array_get_idx(list, i));
    }
    text_char(&tree->out, ']');
}

static void write_scalar(struct tree *tree, json_object *value)
{
    const char *text = json_object_get_string(value);
    const char *clean = redact_text(tree->arena, text, tree->kinds, &tree->count);

    if (clean != text || json_object_is_type(value, json_type_string))
        text_json(&tree->out, clean);
    else
        text_put(&tree->out, text ? text : "null");
}

/* As deep as json_check() lets it be. */
static void write_value(struct tree *tree, json_object *value)
{
    if (json_object_is_type(value, json_type_object))
        write_members(tree, value);
    else if (json_object_is_type(value, json_type_array))
        write_elements(tree, value);
    else
        write_scalar(tree, value);
}

const char *redact_json(struct arena *arena, const char *json, unsigned kinds, int64_t *count)
{
    struct tree tree = {.arena = arena, .kinds = kinds & REDACT_ALL, .out = {.arena = arena}};
    const struct json_rules rules = {.depth = JSON_DEPTH};
    struct work work = {.id = "redact"};
    json_object *root = NULL;

    if (!json || !tree.kinds)
        return json;
    if (!json_read(&work, json, strlen(json), &rules, &root)) {
        work_end(&work);
        return redact_text(arena, json, kinds, count);
    }
    write_value(&tree, root);
    json_object_put(root);
    work_end(&work);
    if (count)
        *count += tree.count;
    return tree.count ? tree.out.at : json;
}

/* ---- rules ---- */

unsigned redact_rules(json_object *rules, unsigned otherwise)
{
    static const struct {
        const char *name;
        unsigned kind;
    } names[] = {
        {"cards", REDACT_CARDS},          {"card", REDACT_CARDS},    {"ibans", REDACT_IBANS},
        {"iban", REDACT_IBANS},           {"phones", REDACT_PHONES}, {"phone", REDACT_PHONES},
        {"phone_numbers", REDACT_PHONES}, {"emails", REDACT_EMAILS}, {"email", REDACT_EMAILS},
        {"digits", REDACT_DIGITS},        {"all", REDACT_ALL},
    };
    unsigned kinds = otherwise;

    if (!json_boolean(rules, "enabled", true))
        return 0;
    for (size_t i = 0; i < COUNT(names); i++)
        if (json_object_is_type(json_member(rules, names[i].name), json_type_boolean))
            kinds = json_boolean(rules, names[i].name, false) ? kinds | names[i].kind
                                                              : kinds & ~names[i].kind;
    return kinds;
}
