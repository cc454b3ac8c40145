#include "domain/host_node.h"

#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/version.h"
#include "domain/host_memory.h"
#include "domain/nodes.h"

/* The daemon of the same host has the plain name. */
static const char *name_of(struct work *work)
{
    const char *given = work->config ? work->config->node_name : NULL;
    char host[60] = "host";

    if (!given || !*given) {
        gethostname(host, sizeof host - 1);
        given = host;
    }
    return arena_format(&work->arena, "fcgi:%.58s", given);
}

int64_t host_node(struct work *work)
{
    struct host_memory *memory = host_memory();
    struct error error = work->error;
    struct media_node node = {0};

    if (atomic_load(&memory->node))
        return atomic_load(&memory->node);
    row_clear(&media_node_entity, &node);
    node.name = name_of(work);
    node.role = "fcgi";
    node.version = TRUNKLINE_VERSION;
    node.capacity = 0;
    if (node_register(work, &node))
        atomic_store(&memory->node, node.id);
    work->error = error;
    return atomic_load(&memory->node);
}

void host_node_heartbeat(struct work *work)
{
    static struct media_node node;
    int64_t busy = 0;

    for (size_t i = 0; i < WORKER_SLOTS; i++)
        busy += atomic_load(&host_memory()->workers[i].busy_since_us) != 0;
    if (node.id && node_heartbeat(work, &node, busy))
        return;
    row_clear(&media_node_entity, &node);
    node.id = 0;
    node.name = name_of(work);
    node.role = "fcgi";
    node.version = TRUNKLINE_VERSION;
    node.capacity = 0;
    if (!node_register(work, &node))
        node.id = 0;
    node.state = "up"; /* what was read lives only as long as the work */
}
