-- Sockets that watch calls are few for each key or tenant, over all nodes: each holds a numbered
-- place, and its number is part of the primary key, so that two nodes never take the same one.
CREATE TABLE IF NOT EXISTS socket_places (
    tenant_id  INT UNSIGNED      NOT NULL,
    -- What the socket is for: events, logs.
    role       VARCHAR(16)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- Zero where all of the tenant's sockets are counted together.
    key_id     BINARY(16)        NOT NULL,
    -- From 0.
    place      SMALLINT UNSIGNED NOT NULL,
    -- The socket, a key of its own.
    holder     BINARY(16)        NOT NULL,
    -- The process that has the socket; what a lost one held is free.
    node_id    SMALLINT UNSIGNED NOT NULL,
    node_epoch BIGINT UNSIGNED   NOT NULL,
    taken_at   DATETIME(3)       NOT NULL,
    PRIMARY KEY (tenant_id, role, key_id, place),
    KEY ix_node (node_id, node_epoch)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
