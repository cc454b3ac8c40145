#include "domain/taskrouter/expression.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/column.h"
#include "domain/taskrouter/expression_parts.h"

/* ---- reading: words ---- */

enum token { END, WORD, NUMBER, STRING, SIGN, BROKEN };

struct reader {
    struct work *work;
    const char *field, *text;
    size_t at;    /* where the token begins */
    size_t after; /* and where the next may */
    enum token token;
    double number;
    const char *string; /* a string's value, or a word */
    size_t parts, depth;
};

/* Characters, not bytes, before a place; people count from 1. */
static size_t position(const struct reader *r)
{
    size_t count = 1;

    for (size_t i = 0; i < r->at; i++)
        count += ((unsigned char)r->text[i] & 0xC0) != 0x80;
    return count;
}

static bool unexpected(struct reader *r)
{
    size_t length = 1;

    if (!r->text[r->at])
        return fail_field(r->work, r->field, "Unexpected end of the expression at character %zu",
                          position(r));
    while (((unsigned char)r->text[r->at + length] & 0xC0) == 0x80)
        length++;
    return fail_field(r->work, r->field, "Unexpected '%.*s' at character %zu", (int)length,
                      r->text + r->at, position(r));
}

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void read_word(struct reader *r)
{
    size_t end = r->at;

    while (is_word_byte(r->text[end]))
        end++;
    r->token = WORD;
    r->string = arena_copy(&r->work->arena, r->text + r->at, end - r->at);
    r->after = end;
}

static size_t skip_digits(const char *text, size_t at)
{
    while (isdigit((unsigned char)text[at]))
        at++;
    return at;
}

/* -12.5e3 */
static void read_number(struct reader *r)
{
    size_t end = skip_digits(r->text, r->at + (r->text[r->at] == '-')), more;

    if (r->text[end] == '.' && isdigit((unsigned char)r->text[end + 1]))
        end = skip_digits(r->text, end + 1);
    if (r->text[end] == 'e' || r->text[end] == 'E') {
        more = end + 1 + (r->text[end + 1] == '-' || r->text[end + 1] == '+');
        if (isdigit((unsigned char)r->text[more]))
            end = skip_digits(r->text, more);
    }
    r->token = is_word_byte(r->text[end]) ? BROKEN : NUMBER;
    r->number = strtod(arena_copy(&r->work->arena, r->text + r->at, end - r->at), NULL);
    r->after = end;
}

/* Between two quotes of a kind; a backslash takes the meaning from a quote and from itself. */
static void read_string(struct reader *r)
{
    char quote = r->text[r->at], *value;
    size_t from = r->at + 1, length = 0;

    value = arena_new(&r->work->arena, char, strlen(r->text + from) + 1);
    while (r->text[from] && r->text[from] != quote) {
        if (r->text[from] == '\\' && (strchr("\"'\\", r->text[from + 1]) && r->text[from + 1]))
            from++;
        value[length++] = r->text[from++];
    }
    r->token = r->text[from] ? STRING : BROKEN;
    r->string = value;
    if (r->token == BROKEN)
        r->at = from; /* what is missing is at the end */
    r->after = from + (r->text[from] != '\0');
}

static void next(struct reader *r)
{
    char c;

    r->at = r->after;
    while (r->text[r->at] && strchr(" \t\r\n", r->text[r->at]))
        r->at++;
    c = r->text[r->at];
    r->string = NULL;
    if (!c) {
        r->token = END;
        r->after = r->at;
    } else if (c == '"' || c == '\'') {
        read_string(r);
    } else if (isdigit((unsigned char)c) ||
               (c == '-' && isdigit((unsigned char)r->text[r->at + 1]))) {
        read_number(r);
    } else if (is_word_byte(c)) {
        read_word(r);
    } else {
        r->token = SIGN;
        r->after = r->at + 1;
    }
}

static bool is_sign(const struct reader *r, char sign)
{
    return r->token == SIGN && r->text[r->at] == sign;
}

static bool is_word(const struct reader *r, const char *word)
{
    return r->token == WORD && strcasecmp(r->string, word) == 0;
}

static bool count_part(struct reader *r)
{
    return ++r->parts <= EXPRESSION_PARTS ||
           fail_field(r->work, r->field, "The expression has more than %d parts", EXPRESSION_PARTS);
}

static bool go_down(struct reader *r)
{
    return ++r->depth <= EXPRESSION_DEPTH ||
           fail_field(r->work, r->field, "The expression is nested deeper than %d at character %zu",
                      EXPRESSION_DEPTH, position(r));
}

/* ---- reading: operands ---- */

static struct step *add_step(struct reader *r, struct step *before)
{
    struct step *step = arena_new(&r->work->arena, struct step, 1);

    if (before)
        before->next = step;
    return step;
}

static bool read_index(struct reader *r, struct step *step)
{
    next(r);
    if (r->token != NUMBER || r->number < 0 || r->number > EXPRESSION_LONGEST ||
        r->number != (double)(size_t)r->number)
        return unexpected(r);
    step->index = (size_t)r->number;
    next(r);
    if (!is_sign(r, ']'))
        return unexpected(r);
    next(r);
    return true;
}

/* A name begins with no digit: what does is a number, or nothing. */
static bool read_path(struct reader *r, struct operand *operand)
{
    struct step *step = operand->path = add_step(r, NULL);

    operand->kind = PATH;
    step->name = r->string;
    next(r);
    while (is_sign(r, '.') || is_sign(r, '[')) {
        if (!count_part(r))
            return false;
        step = add_step(r, step);
        if (is_sign(r, '[')) {
            if (!read_index(r, step))
                return false;
            continue;
        }
        next(r);
        if (r->token != WORD)
            return unexpected(r);
        step->name = r->string;
        next(r);
    }
    return true;
}

static bool read_operand(struct reader *r, struct operand *operand);

static bool read_list(struct reader *r, struct operand *list)
{
    struct operand **end = &list->items;

    list->kind = LIST;
    if (!go_down(r))
        return false;
    next(r);
    while (!is_sign(r, ']')) {
        *end = arena_new(&r->work->arena, struct operand, 1);
        if (!read_operand(r, *end))
            return false;
        end = &(*end)->next;
        if (is_sign(r, ','))
            next(r);
        else if (!is_sign(r, ']'))
            return unexpected(r);
    }
    r->depth--;
    next(r);
    return true;
}

static bool is_reserved(const struct reader *r)
{
    static const char *const words[] = {"and", "or", "in", "not", "contains", "has"};

    for (size_t i = 0; i < COUNT(words); i++)
        if (is_word(r, words[i]))
            return true;
    return false;
}

static bool read_operand(struct reader *r, struct operand *operand)
{
    if (!count_part(r))
        return false;
    if (is_sign(r, '['))
        return read_list(r, operand);
    if (r->token == WORD && !is_reserved(r)) {
        operand->kind = is_word(r, "null") ? NOTHING : TRUTH;
        operand->yes = is_word(r, "true");
        if (operand->kind == TRUTH && !operand->yes && !is_word(r, "false"))
            return read_path(r, operand);
    } else if (r->token == NUMBER) {
        operand->kind = AMOUNT;
        operand->amount = r->number;
    } else if (r->token == STRING) {
        operand->kind = WORDS;
        operand->words = r->string;
    } else {
        return unexpected(r);
    }
    next(r);
    return true;
}

/* ---- reading: conditions ---- */

/* Longer signs stand before those they begin with. */
static const struct {
    const char *sign;
    enum relation is;
} signs[] = {
    {"==", EQUAL}, {"!=", UNEQUAL}, {">=", AT_LEAST}, {"<=", AT_MOST},
    {"=", EQUAL},  {">", GREATER},  {"<", LESS},
};

static bool read_sign(struct reader *r, enum relation *is)
{
    for (size_t i = 0; r->token == SIGN && i < COUNT(signs); i++) {
        size_t length = strlen(signs[i].sign);

        if (strncmp(r->text + r->at, signs[i].sign, length) == 0) {
            *is = signs[i].is;
            r->after = r->at + length;
            next(r);
            return true;
        }
    }
    return false;
}

/* The operator that stands here, or NO_RELATION; false for half of one. */
static bool read_relation(struct reader *r, enum relation *is)
{
    *is = NO_RELATION;
    if (read_sign(r, is))
        return true;
    if (is_word(r, "not")) {
        next(r);
        if (!is_word(r, "in"))
            return unexpected(r);
        *is = NOT_IN;
    } else {
        *is = is_word(r, "in")         ? IN
              : is_word(r, "has")      ? HAS
              : is_word(r, "contains") ? CONTAINS
                                       : NO_RELATION;
    }
    if (*is != NO_RELATION)
        next(r);
    return true;
}

static bool read_any(struct reader *r, struct expression *node);

static bool read_one(struct reader *r, struct expression *node)
{
    if (is_sign(r, '(')) {
        if (!go_down(r))
            return false;
        next(r);
        if (!read_any(r, node))
            return false;
        if (!is_sign(r, ')'))
            return unexpected(r);
        r->depth--;
        next(r);
        return true;
    }
    node->kind = COMPARISON;
    return read_operand(r, &node->left) && read_relation(r, &node->relation) &&
           (node->relation == NO_RELATION || read_operand(r, &node->right));
}

/* "a AND b AND c", or with OR between what "read" reads. */
static bool read_row(struct reader *r, struct expression *node, const char *between,
                     enum node_kind kind, bool (*read)(struct reader *r, struct expression *node))
{
    struct expression **end = &node->first;

    node->kind = kind;
    for (;;) {
        *end = arena_new(&r->work->arena, struct expression, 1);
        if (!read(r, *end))
            return false;
        if (!is_word(r, between))
            return true;
        end = &(*end)->next;
        next(r);
    }
}

static bool read_all(struct reader *r, struct expression *node)
{
    return read_row(r, node, "and", ALL_OF, read_one);
}

static bool read_any(struct reader *r, struct expression *node)
{
    return read_row(r, node, "or", ANY_OF, read_all);
}

static bool begin(struct reader *r, struct work *work, const char *field, const char *text)
{
    *r = (struct reader){.work = work, .field = field, .text = text};
    if (strlen(text) > EXPRESSION_LONGEST)
        return fail_field(work, field, "The expression is longer than %d bytes",
                          EXPRESSION_LONGEST);
    next(r);
    return true;
}

bool expression_read(struct work *work, const char *field, const char *text,
                     const struct expression **expression)
{
    struct expression *node = arena_new(&work->arena, struct expression, 1);
    struct reader r;

    *expression = node;
    if (!begin(&r, work, field, text))
        return false;
    if (r.token == END) {
        node->kind = ANY_OF; /* of none */
        return true;
    }
    return read_any(&r, node) && (r.token == END || unexpected(&r));
}

bool expression_read_order(struct work *work, const char *field, const char *text,
                           struct expression_key keys[EXPRESSION_KEYS], size_t *count)
{
    struct reader r;

    *count = 0;
    if (!begin(&r, work, field, text))
        return false;
    for (;;) {
        struct expression *node = arena_new(&work->arena, struct expression, 1);

        if (r.token != WORD || *count == EXPRESSION_KEYS)
            return unexpected(&r);
        node->kind = COMPARISON;
        if (!read_path(&r, &node->left))
            return false;
        keys[*count] = (struct expression_key){node, is_word(&r, "desc")};
        ++*count;
        if (is_word(&r, "desc") || is_word(&r, "asc"))
            next(&r);
        if (!is_sign(&r, ','))
            return r.token == END || unexpected(&r);
        next(&r);
    }
}
