#!/bin/sh
# Runs a command with a MariaDB server of its own, in a directory that is removed afterwards.  The
# command finds the database "scratch", with the schema of sql/ in it, by TEST_DATABASE_URL.  The
# server listens on a socket only and forgets what it promised when the machine stops.
set -eu

sql=$(cd "$(dirname "$0")/../sql" && pwd)
dir=$(mktemp -d)
user=$(id -un)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

small='--innodb-buffer-pool-size=64M --innodb-log-file-size=16M --aria-pagecache-buffer-size=1M
    --key-buffer-size=64K'
# shellcheck disable=SC2086 # several words
mariadb-install-db --no-defaults --force --datadir="$dir/data" --auth-root-authentication-method=socket \
    --auth-root-socket-user="$user" --skip-test-db $small >"$dir/log" 2>&1 ||
    { cat "$dir/log" >&2; exit 1; }
# shellcheck disable=SC2086
mariadbd --no-defaults --datadir="$dir/data" --socket="$dir/socket" --pid-file="$dir/pid" \
    --user="$user" --skip-networking --skip-name-resolve --max-connections=200 $small \
    --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-flush-method=nosync \
    --sync-binlog=0 --character-set-server=utf8mb4 >>"$dir/log" 2>&1 &
server=$!

client() {
    mariadb --no-defaults --socket="$dir/socket" --user="$user" "$@"
}

until client -e 'SELECT 1' >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
    sleep 0.1
done
client -e 'CREATE DATABASE scratch CHARACTER SET utf8mb4'

# Each file, and what the migrator would write down about it.
for file in "$sql"/*.sql; do
    name=$(basename "$file" .sql)
    cat "$file"
    echo "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (${name%%_*}," \
        "'${name#*_}', UNHEX('$(sha256sum <"$file" | cut -d ' ' -f 1)'), UTC_TIMESTAMP(3));"
done | client scratch

export TEST_DATABASE_URL="mysql://$user@localhost/scratch?socket=$dir/socket"
"$@"
