-- Commands for a session are more than were known at first: any word is one, the daemon knows them.
ALTER TABLE session_commands
    MODIFY kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL;

-- How fast the agents of a tenant answered on a day: call_latency of all its calls, added up.
CREATE TABLE IF NOT EXISTS latency_daily (
    tenant_id   INT UNSIGNED   NOT NULL,
    day         DATE           NOT NULL,
    calls       INT UNSIGNED   NOT NULL,
    turns       INT UNSIGNED   NOT NULL,
    -- Logarithmic buckets, four to a doubling, each four bytes big-endian.
    histogram   VARBINARY(256) NOT NULL,
    computed_at DATETIME(3)    NOT NULL,
    PRIMARY KEY (tenant_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
