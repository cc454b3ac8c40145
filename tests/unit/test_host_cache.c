#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config.h"
#include "domain/agents.h"
#include "domain/host_cache.h"
#include "domain/nodes.h"
#include "domain/route_cache.h"
#include "folder.h"

static char directory[FOLDER_SIZE];
static struct config config;
static struct work work;

static void setup(void)
{
    folder_make(directory);
    config = config_defaults;
    config.spool_dir = directory;
    config.secrets_key = "a key of thirty-two letters, once";
    work = (struct work){.id = "test", .config = &config, .tenant = 7};
}

static void end(void)
{
    folder_remove(directory);
    work_end(&work);
}

TestSuite(host_cache, .init = setup, .fini = end);

static char *file(size_t *length)
{
    static char text[64 * 1024];
    FILE *in = fopen(arena_format(&work.arena, "%s/known", directory), "re");

    cr_assert_not_null(in);
    *length = fread(text, 1, sizeof text - 1, in);
    text[*length] = '\0';
    fclose(in);
    return text;
}

Test(host_cache, gives_back_the_newest_note_of_a_name_and_no_other)
{
    host_cache_put(&work, "route +1", "first");
    host_cache_put(&work, "route +2", "other");
    host_cache_put(&work, "route +1", "second");
    cr_expect_str_eq(host_cache_get(&work, "route +1"), "second");
    cr_expect_str_eq(host_cache_get(&work, "route +2"), "other");
    cr_expect_null(host_cache_get(&work, "route +3"));
}

Test(host_cache, holds_what_was_put_last_by_whichever_process)
{
    int status;
    pid_t other;

    host_cache_put(&work, "nodes", "one");
    other = fork();
    if (other == 0) {
        host_cache_put(&work, "nodes", "two");
        _exit(0);
    }
    cr_assert_eq(waitpid(other, &status, 0), other);
    cr_expect_str_eq(host_cache_get(&work, "nodes"), "two");
    host_cache_put(&work, "nodes", "one");
    cr_expect_str_eq(host_cache_get(&work, "nodes"), "one", "noted lately, but not there");
}

Test(host_cache, is_sealed_and_for_its_owner_alone)
{
    struct stat seen;
    size_t length;

    host_cache_put(&work, "route +13125550100", "the token of a carrier");
    cr_expect_null(strstr(file(&length), "token"));
    cr_expect_null(strstr(file(&length), "3125550100"));
    cr_assert_eq(stat(arena_format(&work.arena, "%s/known", directory), &seen), 0);
    cr_expect_eq(seen.st_mode & 077, 0);
    config.secrets_key = "another key of as many letters, so";
    cr_expect_null(host_cache_get(&work, "route +13125550100"));
    config.secrets_key_previous = "a key of thirty-two letters, once";
    cr_expect_str_eq(host_cache_get(&work, "route +13125550100"), "the token of a carrier");
}

Test(host_cache, gives_nothing_of_what_was_tampered_with_or_moved_to_another_name)
{
    size_t length;
    char *text;
    FILE *out;

    host_cache_put(&work, "a", "text of a");
    host_cache_put(&work, "b", "text of b");
    text = file(&length);
    memcpy(text, strchr(text, '\n') + 1, 32); /* the name of the older before the newer's text */
    out = fopen(arena_format(&work.arena, "%s/known", directory), "we");
    fwrite(text, 1, length, out);
    fclose(out);
    cr_expect_null(host_cache_get(&work, "a"));
    cr_expect_null(host_cache_get(&work, "b"));
}

Test(host_cache, is_bounded_and_forgets_what_was_not_used_for_longest)
{
    char *large = arena_take(&work.arena, 1, HOST_CACHE_NOTE - 100);

    memset(large, 'x', HOST_CACHE_NOTE - 101);
    large[HOST_CACHE_NOTE - 101] = '\0';
    for (int i = 0; i < 60; i++)
        host_cache_put(&work, arena_format(&work.arena, "note %d", i), large);
    cr_expect_not_null(host_cache_get(&work, "note 59"));
    cr_expect_null(host_cache_get(&work, "note 0"));
    host_cache_put(&work, "too long", arena_format(&work.arena, "%s%s", large, large));
    cr_expect_null(host_cache_get(&work, "too long"));
}

Test(host_cache, holds_routes_versions_nodes_and_endings)
{
    const struct known_route route = {
        .tenant_id = 7, .agent_version_id = uid_new(), .carrier_token = "t\"oken", .say = "Hello"};
    struct agent_version version = {
        .id = route.agent_version_id, .version_number = 3, .config = {"{\"voice\":\"marin\"}"}};
    struct media_node nodes[] = {{.state = "up", .public_ws_url = "ws://one"},
                                 {.state = "draining", .public_ws_url = "ws://two"}};
    const struct rows rows = {nodes, 2};
    struct known_version known = {.tenant_records = true, .redacts = 5};
    struct known_route found;
    struct agent_version read;
    const char *urls[KNOWN_NODES];
    uid session = uid_new();

    known_route_put(&work, "+13125550100", &route);
    cr_assert(known_route_get(&work, "+13125550100", &found));
    cr_expect_eq(found.tenant_id, 7);
    cr_expect_str_eq(found.carrier_token, "t\"oken");
    cr_expect_null(found.greeting);
    known_version_put(&work, &version, &known);
    known = (struct known_version){0};
    cr_assert(known_version_get(&work, route.agent_version_id, &read, &known));
    cr_expect_str_eq(read.config.json, "{\"voice\":\"marin\"}");
    cr_expect(known.tenant_records && known.redacts == 5);
    work.tenant = 8;
    cr_expect_not(known_version_get(&work, route.agent_version_id, &read, &known), "another's");
    known_nodes_put(&work, &rows);
    cr_expect_eq(known_nodes_get(&work, urls), 1);
    cr_expect_str_eq(urls[0], "ws://one");
    cr_expect_not(known_end_get(&work, session));
    known_end_put(&work, session);
    cr_expect(known_end_get(&work, session));
}
