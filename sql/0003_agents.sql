-- Agents, their immutable versions, and how traffic is shared between versions.

-- The identity of an agent. Everything a call needs stands in one of its versions.
CREATE TABLE IF NOT EXISTS agents (
    tenant_id            INT UNSIGNED NOT NULL,
    id                   BINARY(16)   NOT NULL,
    -- Renamed on deletion, so that the key can be used again.
    agent_key            VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name                 VARCHAR(190) NOT NULL,
    description          TEXT         NULL,
    direction            ENUM('inbound', 'outbound', 'both') NOT NULL DEFAULT 'both',
    status               ENUM('draft', 'active', 'inactive') NOT NULL DEFAULT 'active',
    origin               ENUM('thruai', 'stateset', 'phony', 'kwickphone', 'twilio') NOT NULL,
    published_version_id BINARY(16)   NULL,
    last_version         INT UNSIGNED NOT NULL DEFAULT 0,
    metadata             JSON         NOT NULL DEFAULT '{}',
    deleted_at           DATETIME(3)  NULL,
    created_at           DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at           DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                  INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_key (tenant_id, agent_key),
    KEY ix_status (tenant_id, status, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Configurations of an agent. A published one never changes, so edits never touch a live call.
CREATE TABLE IF NOT EXISTS agent_versions (
    tenant_id      INT UNSIGNED NOT NULL,
    id             BINARY(16)   NOT NULL,
    agent_id       BINARY(16)   NOT NULL,
    version_number INT UNSIGNED NOT NULL,
    status         ENUM('draft', 'published', 'superseded') NOT NULL DEFAULT 'draft',
    config         JSON         NOT NULL,
    config_hash    BINARY(32)   NOT NULL,
    created_by     VARCHAR(120) NULL,
    published_at   DATETIME(3)  NULL,
    created_at     DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at     DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev            INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_number (tenant_id, agent_id, version_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Share of the calls a version gets. What the rows leave below 100 goes to the published version.
CREATE TABLE IF NOT EXISTS agent_rollouts (
    tenant_id          INT UNSIGNED      NOT NULL,
    id                 BINARY(16)        NOT NULL,
    agent_id           BINARY(16)        NOT NULL,
    agent_version_id   BINARY(16)        NOT NULL,
    traffic_percentage TINYINT UNSIGNED  NOT NULL,
    -- Order in which the draw walks through the rows.
    position           SMALLINT UNSIGNED NOT NULL,
    created_at         DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at         DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                INT UNSIGNED      NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_pos (tenant_id, agent_id, position),
    UNIQUE KEY uq_version (tenant_id, agent_id, agent_version_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What a version in rollout must achieve to stay.
CREATE TABLE IF NOT EXISTS rollout_policies (
    tenant_id             INT UNSIGNED NOT NULL,
    agent_id              BINARY(16)   NOT NULL,
    enabled               BOOLEAN      NOT NULL,
    lookback_hours        INT          NOT NULL,
    min_eval_count        INT          NOT NULL,
    min_avg_score         DOUBLE       NOT NULL,
    -- Share of evaluations that reach the high-quality score.
    min_high_quality_rate DOUBLE       NULL,
    created_at            DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at            DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                   INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, agent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What checking a rollout against its policy found.
CREATE TABLE IF NOT EXISTS rollout_evaluations (
    tenant_id  INT UNSIGNED NOT NULL,
    id         BINARY(16)   NOT NULL,
    agent_id   BINARY(16)   NOT NULL,
    status     VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    applied    BOOLEAN      NOT NULL,
    detail     JSON         NOT NULL,
    created_at DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    KEY ix_agent (tenant_id, agent_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
