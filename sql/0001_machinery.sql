-- What the processes need among themselves: applied migrations, leases, nodes, counters, repeated
-- requests, the audit log.
--
-- Conventions of all migrations:
-- - id is a UUIDv7 in big-endian order, minted by the program, so primary keys are in time order.
-- - Keys start with tenant_id, except where a caller arrives without a tenant or a worker looks for
--   due rows of all tenants.
-- - Times are UTC with milliseconds, money is in millionths of the currency unit (micros).
-- - rev grows with every update and is the source of ETags.
-- - Values come from the program also where a column has a default.
-- - No foreign keys, triggers, procedures or events: multi-master clusters certify whole rows, and
--   integrity is kept by the store layer.

-- Which files of this directory were applied. The migrator creates this table itself as well.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    INT UNSIGNED NOT NULL,
    name       VARCHAR(120) NOT NULL,
    -- SHA-256 of the file.
    checksum   BINARY(32)   NOT NULL,
    applied_at DATETIME(3)  NOT NULL,
    PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Who may run a job that must run only once in the cluster.
CREATE TABLE IF NOT EXISTS leases (
    name   VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    holder VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    until  DATETIME(3)     NOT NULL,
    -- Grows with every take-over and is written by the holder into what it changes, so that a
    -- paused holder cannot overwrite its successor.
    fence  BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- One row per process group that holds calls, answers requests or works off queues.
CREATE TABLE IF NOT EXISTS media_nodes (
    -- Taken by name at start.
    id              SMALLINT UNSIGNED NOT NULL,
    name            VARCHAR(64)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- Start time in ms. A changed epoch makes the sessions of the old one orphans.
    epoch           BIGINT UNSIGNED   NOT NULL,
    role            ENUM('daemon', 'fcgi', 'worker') NOT NULL,
    state           ENUM('up', 'draining', 'down') NOT NULL,
    public_ws_url   VARCHAR(255)      NULL,
    control_url     VARCHAR(255)      NULL,
    version         VARCHAR(32)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    capacity        INT UNSIGNED      NOT NULL DEFAULT 0,
    active_sessions INT UNSIGNED      NOT NULL DEFAULT 0,
    -- Thousandths of the capacity in use.
    load_permille   INT UNSIGNED      NOT NULL DEFAULT 0,
    started_at      DATETIME(3)       NOT NULL,
    heartbeat_at    DATETIME(3)       NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uq_name (name),
    KEY ix_role (role, state, heartbeat_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Counters of one process, flushed by that process alone and summed by readers.
CREATE TABLE IF NOT EXISTS process_stats (
    node_id      SMALLINT UNSIGNED NOT NULL,
    pid          INT UNSIGNED      NOT NULL,
    started_at   DATETIME(3)       NOT NULL,
    counters     JSON              NOT NULL,
    -- Tenants this process holds in memory.
    tenant_cache JSON              NOT NULL DEFAULT '[]',
    flushed_at   DATETIME(3)       NOT NULL,
    PRIMARY KEY (node_id, pid, started_at),
    KEY ix_flushed (flushed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Counters of processes that are gone, and the baseline a reset subtracts.
CREATE TABLE IF NOT EXISTS stat_totals (
    name     VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    folded   BIGINT      NOT NULL DEFAULT 0,
    baseline BIGINT      NOT NULL DEFAULT 0,
    reset_at DATETIME(3) NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Requests per bucket and window. Every node writes only its own row, readers sum.
CREATE TABLE IF NOT EXISTS rate_counters (
    -- What is limited and for whom, such as provision:<ip>.
    bucket       VARCHAR(96)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- Seconds since 1970.
    window_start INT UNSIGNED      NOT NULL,
    node_id      SMALLINT UNSIGNED NOT NULL,
    hits         INT UNSIGNED      NOT NULL,
    PRIMARY KEY (bucket, window_start, node_id),
    KEY ix_expiry (window_start)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Answers kept for 24 hours, so that a repeated request gets the first answer again.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    -- 0 for operations without a key, whose hash covers the client address.
    tenant_id    INT UNSIGNED NOT NULL,
    -- Covers dialect, method, path template and key.
    key_hash     BINARY(32)   NOT NULL,
    -- Another request under the same key is refused.
    request_hash BINARY(32)   NOT NULL,
    state        ENUM('running', 'done') NOT NULL,
    status_code  SMALLINT     NULL,
    headers      JSON         NULL,
    body         MEDIUMBLOB   NULL,
    -- Answers that show a secret once are kept sealed.
    body_sealed  BOOLEAN      NOT NULL DEFAULT 0,
    -- A running request whose lease is over may be taken over.
    lease_until  DATETIME(3)  NOT NULL,
    created_at   DATETIME(3)  NOT NULL,
    expires_at   DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, key_hash),
    KEY ix_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Which tenant verified the last callback of a carrier account and number.
CREATE TABLE IF NOT EXISTS twilio_hints (
    -- Hash of carrier account, called number and kind.
    hint        BINARY(32)   NOT NULL,
    tenant_id   INT UNSIGNED NOT NULL,
    secret_name VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    hits        INT UNSIGNED NOT NULL DEFAULT 0,
    created_at  DATETIME(3)  NOT NULL,
    expires_at  DATETIME(3)  NOT NULL,
    PRIMARY KEY (hint),
    KEY ix_expiry (expires_at),
    KEY ix_tenant (tenant_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Administrative changes, supervisor actions, consents, exports and erasures. Never updated.
CREATE TABLE IF NOT EXISTS audit_log (
    tenant_id   INT UNSIGNED NOT NULL,
    id          BINARY(16)   NOT NULL,
    actor_kind  ENUM('api_key', 'admin', 'user', 'system', 'carrier') NOT NULL,
    actor       VARCHAR(190) NOT NULL,
    action      VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    object_kind VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    object_id   VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    detail      JSON         NOT NULL DEFAULT '{}',
    ip          INET6        NULL,
    request_id  VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- The process that wrote the row. Each has a hash chain of its own, so chains never contend.
    writer      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    prev_hash   BINARY(32)   NOT NULL,
    hash        BINARY(32)   NOT NULL,
    created_at  DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    KEY ix_object (tenant_id, object_kind, object_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Foreign spellings of our ids: imported systems, short ids.
CREATE TABLE IF NOT EXISTS id_aliases (
    tenant_id  INT UNSIGNED NOT NULL,
    entity     ENUM('agent', 'call', 'session', 'number', 'tenant', 'tool', 'other') NOT NULL,
    alias      VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id         BINARY(16)   NOT NULL,
    created_at DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, entity, alias),
    KEY ix_id (tenant_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
