#include "domain/rooms.h"

#include <ctype.h>
#include <string.h>

#include "domain/calls.h"
#include "domain/nodes.h"
#include "domain/outbound.h"
#include "domain/tenants.h"

enum { RING_SECONDS = 45 };

const char *const room_states[] = {"forming", "waiting", "live", "ended", "failed", NULL};

static const char *const kinds[] = {"translation", "conference", NULL};

static const struct column columns_of_room[] = {
    COLUMN(room, tenant_id, NOT_NULL),
    COLUMN(room, id, NOT_NULL),
    COLUMN(room, kind, NOT_NULL, .one_of = kinds),
    COLUMN(room, state, NOT_NULL, .one_of = room_states),
    COLUMN(room, language_a, NULLABLE, .max = 16),
    COLUMN(room, language_b, NULLABLE, .max = 16),
    COLUMN(room, original_level, NOT_NULL, .most = 100),
    COLUMN(room, node_id, NULLABLE),
    COLUMN(room, conference_sid, NULLABLE, .max = 34),
    COLUMN(room, started_at, NULLABLE),
    COLUMN(room, ended_at, NULLABLE),
    COLUMN(room, error, NULLABLE, .max = 500),
    COLUMN(room, created_at, NOT_NULL),
    COLUMN(room, updated_at, NOT_NULL),
    COLUMN(room, rev, NOT_NULL),
};

const struct entity room_entity = ENTITY(room, "room", "rooms", columns_of_room);

bool room_get(struct work *work, uid id, struct room *room)
{
    return store_get(work, &room_entity, id, room);
}

bool room_move(struct work *work, uid id, const char *state, instant at, const char *error)
{
    static const char sql[] =
        "UPDATE rooms SET started_at = IF(? = 'live', COALESCE(started_at, ?), started_at),"
        " ended_at = IF(? IN ('ended', 'failed'), ?, ended_at), error = COALESCE(?, error),"
        " state = ?, updated_at = ?, rev = rev + 1 WHERE tenant_id = ? AND id = ?"
        " AND state NOT IN ('ended', 'failed') AND FIELD(state, 'forming', 'waiting', 'live',"
        " 'ended', 'failed') < FIELD(?, 'forming', 'waiting', 'live', 'ended', 'failed')";
    const struct param params[] = {PARAM(state), PARAM(at),    PARAM(state), PARAM(at),
                                   PARAM(error), PARAM(state), PARAM(at),    PARAM(work->tenant),
                                   PARAM(id),    PARAM(state)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool room_settle(struct work *work, uid id, instant at)
{
    static const char sql[] =
        "UPDATE rooms SET error = IF(state = 'live', error, COALESCE(error, 'Nobody met')),"
        " state = IF(state = 'live', 'ended', 'failed'), ended_at = ?, updated_at = ?,"
        " rev = rev + 1 WHERE tenant_id = ? AND id = ? AND state NOT IN ('ended', 'failed')"
        " AND NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.tenant_id = rooms.tenant_id"
        " AND c.room_id = rooms.id AND c.state_rank < 90)";
    const struct param params[] = {PARAM(at), PARAM(at), PARAM(work->tenant), PARAM(id)};

    return uid_is_none(id) || db_execute(work, sql, params, COUNT(params), NULL);
}

/* ---- its node ---- */

/* Whether the node that the room names lives and takes calls. */
static bool find_named(struct work *work, const struct room *room, struct media_node *node,
                       bool *good)
{
    *good = false;
    if (room->node_id == NO_INTEGER)
        return true;
    if (!node_by_id(work, room->node_id, node))
        return work->error.what == NOT_FOUND;
    if (strcmp(node->state, "up") != 0 || db_now(work).ms - node->heartbeat_at.ms > NODE_STALE_MS)
        return true;
    *good = node_answers(work, node->id);
    return true;
}

/* Of two legs that name another node at once, the first is right. */
static bool name_node(struct work *work, const struct room *room, int64_t node_id)
{
    static const char sql[] = "UPDATE rooms SET node_id = ?, updated_at = ?, rev = rev + 1"
                              " WHERE tenant_id = ? AND id = ? AND rev = ?";
    instant now = clock_now();
    const struct param params[] = {PARAM(node_id), PARAM(now), PARAM(work->tenant), PARAM(room->id),
                                   PARAM(room->rev)};

    return db_execute(work, sql, params, COUNT(params), NULL);
}

bool room_node(struct work *work, uid id, struct media_node *node)
{
    struct room room;
    bool good;

    for (int attempt = 0; attempt < 3; attempt++) {
        if (!room_get(work, id, &room))
            return false;
        if (strcmp(room.state, "ended") == 0 || strcmp(room.state, "failed") == 0)
            return fail(work, WRONG_STATE, "The room is over");
        if (!find_named(work, &room, node, &good))
            return false;
        if (good)
            return true;
        if (!node_choose(work, id, room.node_id == NO_INTEGER ? 0 : room.node_id, node) ||
            !name_node(work, &room, node->id))
            return false;
    }
    return true; /* the node that was chosen last */
}

/* ---- ordering ---- */

/* Two or three letters, and what may follow them: "en", "pt-BR". */
static bool check_language(struct work *work, const char *field, const char *language)
{
    size_t letters = 0;

    while (isalpha((unsigned char)language[letters]))
        letters++;
    if (letters < 2 || letters > 3 || strlen(language) > 16 ||
        (language[letters] && language[letters] != '-'))
        return fail_field(work, field, "%s must be a language, such as en or pt-BR", field);
    for (const char *c = language; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-')
            return fail_field(work, field, "%s must be a language, such as en or pt-BR", field);
    return true;
}

struct insertion {
    const struct room *room;
    bool is_written;
};

static bool insert(struct work *work, void *with)
{
    struct insertion *insertion = with;

    insertion->is_written =
        store_insert(work, &room_entity, insertion->room, columns_all(&room_entity));
    return insertion->is_written;
}

static bool describe(struct work *work, const struct translation_order *order, struct room *room)
{
    struct media_node node;

    row_clear(&room_entity, room);
    room->language_a = order->language_a ? order->language_a : "en";
    room->language_b = order->language_b ? order->language_b : "es";
    if (!check_language(work, "language_a", room->language_a) ||
        !check_language(work, "language_b", room->language_b))
        return false;
    if (strcmp(order->to_a, order->to_b) == 0)
        return fail_field(work, "participant_b", "The participants must differ");
    room->tenant_id = work->tenant;
    room->kind = "translation";
    room->state = "forming";
    room->original_level =
        order->original_level == NO_INTEGER ? ROOM_ORIGINAL_LEVEL : order->original_level;
    room->created_at = room->updated_at = clock_now();
    room->rev = 1;
    if (!node_choose(work, uid_new(), 0, &node))
        return work->error.what == NOT_FOUND
                   ? fail(work, BUSY, "No node has room for a translation call")
                   : false;
    room->node_id = node.id;
    return true;
}

bool room_translate(struct work *work, const struct translation_order *order, struct room *room,
                    struct call *legs)
{
    struct outbound_order orders[2] = {
        {.to = order->to_a, .leg_role = "participant_a"},
        {.to = order->to_b, .leg_role = "participant_b"},
    };
    const char *from;
    struct insertion insertion = {.room = room};
    uid key = uid_new();
    struct error error;

    if (!describe(work, order, room) || !outbound_from(work, order->from, &from))
        return false;
    for (int i = 0; i < 2; i++) {
        orders[i].origin = "stateset";
        orders[i].from = from;
        orders[i].room_id = key;
        orders[i].language = i ? room->language_b : room->language_a;
        orders[i].trace_id = order->trace_id;
        orders[i].ring_seconds = RING_SECONDS;
    }
    room->id = key;
    if (outbound_order_pair(work, orders, insert, &insertion, legs))
        return true;
    error = work->error;
    if (insertion.is_written) {
        error.what = UPSTREAM; /* whatever the carrier said, or that it said nothing */
        room_move(work, room->id, "failed", clock_now(), error.message);
    }
    work->error = error;
    return false;
}
