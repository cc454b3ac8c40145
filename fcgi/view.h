/*
 * fcgi/view.h - how one dialect writes a struct down.
 *
 * A view lists which members it shows, what they are called, who may set them and how they are
 * spelled.  From the same table come the answer, the checks on a body, filters and the OpenAPI
 * schema.  Nested objects, lists of rows and values worked out from the whole row are fields too,
 * so that no handler writes JSON by hand.
 */
#ifndef FCGI_VIEW_H
#define FCGI_VIEW_H

#include "core/column.h"
#include "core/text.h"
#include "db/db.h"
#include "fcgi/request.h"

enum {
    READ = 1,
    CREATE = 2,
    UPDATE = 4,
    REQUIRED = 8,  /* in a body that creates */
    FILTER = 16,   /* a query parameter of lists, compared for equality */
    OPTIONAL = 32, /* left out of the answer when absent; otherwise the dialect's rule decides */
    PRESENT = 64,  /* null when absent, also in a dialect that leaves out */
    RW = READ | CREATE | UPDATE
};

struct spelling {
    const char *ours, *theirs;
};

struct dialect;
struct field;

/* How one value is spelled in JSON. */
struct wire {
    /* Writes the value; the cell is never nothing unless "whole" is set. */
    void (*render)(struct request *req, struct text *out, const struct field *field,
                   const void *cell, const void *row);

    /*
     * Fills the cell and answers NULL, or says what it expected instead ("a UUID").  Values from a
     * query, a path or a form come as JSON of the member's type where they can be read so, else as
     * strings.  The member's own bounds (length, vocabulary) are checked afterwards.
     */
    const char *(*parse)(struct request *req, const struct field *field, json_object *in,
                         void *cell);

    const char *schema; /* for the API document: JSON members, "\"type\":\"string\"" */
    bool whole;         /* render is also called for a nothing, because it looks at the row */
};

struct field {
    const char *name;         /* as the dialect spells it */
    size_t offset;            /* of the member it shows */
    unsigned use;             /* READ | CREATE | … */
    const struct wire *wire;  /* NULL: the plain spelling of the member's type */
    const struct view *inner; /* a nested object: its fields are members of the same row */
    const struct view *rows;  /* a list: the member is a "struct rows" of that view's entity */
    const char *prefix;       /* of an id ("AGT-", "num_") for wires that want one */
    const struct spelling *spellings; /* of a word, {NULL, NULL} at the end */
    const char *about;                /* one sentence for the document */
    const char *example;              /* JSON text for the document */
};

/*
 * An entity that stands in no table (an order, a computed answer) needs columns all the same.
 */
struct view {
    const char *name; /* of the schema in the document: "Call" */
    const struct entity *of;
    const struct field *fields;
    size_t nfields;
};

/* FIELD(call, started_at, "start_time", READ, .wire = &wire_iso_seconds) */
#define FIELD(record, member, called, ...)                                                         \
    {                                                                                              \
        .name = called, .offset = offsetof(struct record, member), .use = __VA_ARGS__              \
    }

/* A list of rows: the member is a "struct rows" of the view's entity. Only READ. */
#define ROWS(record, member, called, its_view, ...)                                                \
    {                                                                                              \
        .name = called, .offset = offsetof(struct record, member), .rows = &(its_view),            \
        .use = __VA_ARGS__                                                                         \
    }

/*
 * A nested object of members of the same row; its own fields say what may be done with each.  With
 * OPTIONAL it is left out when all of them are absent.
 */
#define NESTED(called, its_view, ...)                                                              \
    {                                                                                              \
        .name = called, .inner = &(its_view), .use = __VA_ARGS__                                   \
    }

#define VIEW(called, entity, its_fields)                                                           \
    {                                                                                              \
        .name = called, .of = &(entity), .fields = its_fields, .nfields = COUNT(its_fields)        \
    }

/* Ready wires.  Ids take the field's prefix; words its spellings. */
extern const struct wire wire_uuid;         /* "01939f3a-7c21-…" */
extern const struct wire wire_base32;       /* prefix and 26 lower-case digits */
extern const struct wire wire_base32_upper; /* prefix and 26 upper-case digits */
extern const struct wire wire_hex;          /* prefix and 32 hex digits */
extern const struct wire wire_numbered;     /* prefix and an INTEGER: "num_42"; the bare too */
extern const struct wire wire_word;         /* a TEXT through spellings; the rest as it is */
extern const struct wire wire_iso_seconds;  /* "…T10:00:00Z" */
extern const struct wire wire_iso_milliseconds;
extern const struct wire wire_iso_shortest; /* milliseconds only when not zero */
extern const struct wire wire_rfc2822;
extern const struct wire wire_digits;   /* an INTEGER as a string */
extern const struct wire wire_price;    /* micro-units as a decimal string: "0.0130" */
extern const struct wire wire_money;    /* micro-units as a JSON number in major units */
extern const struct wire wire_document; /* a JSON document as it is; any object in */
extern const struct wire wire_array;    /* the same, any array in */
extern const struct wire wire_json;     /* the same, any value in */
extern const struct wire wire_url;      /* an https URL of a public host (remote/guard.h) */
extern const struct wire wire_phone;    /* read in any form, written as E.164 */
extern const struct wire wire_positive; /* an INTEGER as a BOOLEAN: is it more than zero? */

/* The plain spelling of a type: numbers, texts, "…T10:00:00Z", UUIDs, documents as they are. */
const struct wire *wire_plain(enum type type);

/* What spells a field's value: its own wire, or its type's plain one. */
const struct wire *wire_of(const struct view *view, const struct field *field);

/* Writes one row as the view has it. */
void view_render(struct request *req, struct text *out, const struct view *view, const void *row);

/* Writes rows as a JSON array. */
void view_render_rows(struct request *req, struct text *out, const struct view *view,
                      const struct rows *rows);

/*
 * Reads one value as text (of a path, a query or a form) into the member that a field shows; false
 * with INVALID, blaming "name".
 */
bool read_text_value(struct request *req, const struct view *view, const struct field *field,
                     const char *name, const char *value, void *row);

/* The field of that name that may be used so (READ, FILTER …; 0: any); NULL when there is none. */
const struct field *view_field(const struct view *view, const char *name, unsigned use);

/* What clients of a dialect call a field in bodies and queries: "voice_url" may be "VoiceUrl". */
const char *input_name(struct arena *arena, const struct dialect *dialect, const char *field);

/* The field that the client calls so, and that may be used in one of these ways; or NULL. */
const struct field *view_input(struct request *req, const struct view *view, const char *name,
                               unsigned use);

/*
 * Reads the request's body (JSON or form) into a row through a view: unknown fields are refused or
 * passed over as the dialect has it, types, lengths, bounds and vocabularies are checked, the path
 * of the field at fault is named ("limits.max_agents").  "given" says which columns were there.
 * "use" is CREATE or UPDATE.
 */
bool read_body(struct request *req, const struct view *view, unsigned use, void *row,
               columns *given);

/* What is wrong with a view's table, or NULL. */
const char *view_fault(const struct view *view);

#endif
