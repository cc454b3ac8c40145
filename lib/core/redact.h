/*
 * core/redact.h - takes out of a text what nobody should keep (DESIGN, section 5).
 *
 * Cards (Luhn, with an issuer's first digits) and IBANs (country's length, mod 97), written
 * together, apart, or read out in words; phone numbers; mail addresses, also "jo dot bell at
 * example dot com"; and digits read out one by one.  In their place stands "[card]", "[iban]",
 * "[phone]", "[email]" or "[digits]".  The time is linear in the text's length.  Number words are
 * known in English, German, Spanish and French.
 */
#ifndef CORE_REDACT_H
#define CORE_REDACT_H

#include "core/arena.h"
#include "core/json.h"

/* What is taken out, as a sum. */
enum {
    REDACT_CARDS = 1,
    REDACT_IBANS = 2,
    REDACT_PHONES = 4,
    REDACT_EMAILS = 8,
    REDACT_DIGITS = 16, /* four and more digits apart, or a number of seven and more */
    REDACT_ALL = 31,
    REDACT_USUAL = REDACT_CARDS | REDACT_IBANS, /* where nobody has said anything */
};

/*
 * Reads rules {"cards": true, "ibans": true, "phones": false, "emails": false, "digits": false}
 * (and "enabled": false for none).  Kinds that are not named are as in "otherwise".
 */
unsigned redact_rules(json_object *rules, unsigned otherwise);

/*
 * The text without those kinds, in the arena, or the same pointer when it has none; *count (may be
 * NULL) grows by what was taken out.  NULL stays NULL.
 */
const char *redact_text(struct arena *arena, const char *text, unsigned kinds, int64_t *count);

/*
 * The same for every name, string and number in a JSON text; a number that is taken out becomes a
 * string.  What is no JSON is taken as a text.
 */
const char *redact_json(struct arena *arena, const char *json, unsigned kinds, int64_t *count);

#endif
