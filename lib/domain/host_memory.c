#include "domain/host_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

/* Every change of the struct that keeps its size needs another number. */
enum { FORMAT = 1 };

static struct host_memory own;
static struct {
    struct host_memory *memory;
    int fd;
    struct worker_slot *slot;
    pid_t slot_pid; /* who took it: a child does not inherit the lock */
} host = {.memory = &own, .fd = -1};

struct host_memory *host_memory(void)
{
    return host.memory;
}

/* A file of another layout has another name, so that old and new releases run side by side. */
static int open_file(const struct config *config)
{
    char path[1024];
    int fd;

    mkdir(config->spool_dir, 0700);
    snprintf(path, sizeof path, "%s/host-%d-%zu.shm", config->spool_dir, FORMAT,
             sizeof(struct host_memory));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && ftruncate(fd, sizeof(struct host_memory)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void host_memory_open(const struct config *config)
{
    struct host_memory *memory;
    int fd;

    if (host.fd >= 0 || !config->spool_dir)
        return;
    fd = open_file(config);
    memory =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        log_warning(NULL, "host_memory.private", "%s: %s", config->spool_dir, strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    host.fd = fd;
    host.memory = memory;
}

/* One byte of the file stands for one slot; its lock is the kernel's to give back. */
static struct flock lock_of(const struct worker_slot *slot)
{
    return (struct flock){
        .l_type = F_WRLCK,
        .l_whence = SEEK_SET,
        .l_start = slot - host.memory->workers,
        .l_len = 1,
    };
}

struct worker_slot *worker_slot_take(int32_t pool)
{
    if (host.fd < 0)
        return NULL;
    for (size_t i = 0; i < WORKER_SLOTS; i++) {
        struct worker_slot *slot = &host.memory->workers[i];
        struct flock lock = lock_of(slot);

        if (fcntl(host.fd, F_SETLK, &lock) != 0)
            continue;
        atomic_store(&slot->outward_tenant, 0);
        atomic_store(&slot->busy_since_us, 0);
        atomic_store(&slot->requests, 0);
        atomic_store(&slot->pool, pool);
        atomic_store(&slot->pid, getpid());
        host.slot = slot;
        host.slot_pid = getpid();
        return slot;
    }
    return NULL;
}

struct worker_slot *worker_slot_mine(void)
{
    return host.slot && host.slot_pid == getpid() ? host.slot : NULL;
}

static bool is_alive(const struct worker_slot *slot)
{
    struct flock lock = lock_of(slot);

    return slot == worker_slot_mine() ||
           (fcntl(host.fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
}

const struct worker_slot *worker_slot_of(int32_t pid)
{
    for (size_t i = 0; host.fd >= 0 && i < WORKER_SLOTS; i++)
        if (atomic_load(&host.memory->workers[i].pid) == pid && is_alive(&host.memory->workers[i]))
            return &host.memory->workers[i];
    return NULL;
}

/*
 * Of those who ask at once the ones with the lowest tickets go on.  A slot says whose call it has
 * before it gets its ticket, so that nobody is overlooked.
 */
bool outward_begin(struct worker_slot *slot, int64_t tenant, int64_t most)
{
    int64_t before = 0;
    uint64_t ticket;

    atomic_store(&slot->outward_ticket, UINT64_MAX);
    atomic_store(&slot->outward_tenant, tenant);
    ticket = atomic_fetch_add(&host.memory->tickets, 1);
    atomic_store(&slot->outward_ticket, ticket);
    for (size_t i = 0; i < WORKER_SLOTS; i++) {
        const struct worker_slot *other = &host.memory->workers[i];

        if (other != slot && atomic_load(&other->outward_tenant) == tenant &&
            atomic_load(&other->outward_ticket) < ticket && is_alive(other))
            before++;
    }
    if (before < most)
        return true;
    outward_end(slot);
    return false;
}

void outward_end(struct worker_slot *slot)
{
    atomic_store(&slot->outward_tenant, 0);
}
