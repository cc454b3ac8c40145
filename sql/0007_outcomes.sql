-- What came out of a call, and how good it was.

-- The result of a finalized call, one row each.
CREATE TABLE IF NOT EXISTS voice_outcomes (
    tenant_id        INT UNSIGNED NOT NULL,
    id               BINARY(16)   NOT NULL,
    call_id          BINARY(16)   NULL,
    session_id       BINARY(16)   NULL,
    stream_sid       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    call_sid         VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- resolved, unresolved, escalated, callback_scheduled, voicemail, abandoned, no_answer, busy,
    -- failed or opted_out.
    resolution       VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    primary_intent   VARCHAR(120) NULL,
    risk_level       ENUM('low', 'medium', 'high') NULL,
    -- voice.call.<resolution>, unless the tenant maps it.
    billable_sku     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    billing_status   ENUM('not_billable', 'pending_emit', 'emitted', 'failed') NOT NULL,
    outcome_source   ENUM('runtime', 'tool', 'operator', 'import',
                          'analysis') NOT NULL DEFAULT 'runtime',
    escalated        BOOLEAN      NOT NULL DEFAULT 0,
    disposition      JSON         NOT NULL DEFAULT '{}',
    duration_seconds INT          NULL,
    call_type        VARCHAR(24)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    agent_name       VARCHAR(190) NULL,
    customer_phone   VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    org_ref          VARCHAR(64)  NULL,
    metadata         JSON         NOT NULL DEFAULT '{}',
    occurred_at      DATETIME(3)  NOT NULL,
    created_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev              INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_stream (tenant_id, stream_sid),
    KEY ix_time (tenant_id, occurred_at, id),
    KEY ix_billing (tenant_id, billing_status, occurred_at),
    KEY ix_resolution (tenant_id, resolution, occurred_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Scores from 0 to 1 given to sessions. Recording again for the same source replaces the row.
CREATE TABLE IF NOT EXISTS session_evals (
    tenant_id        INT UNSIGNED NOT NULL,
    id               BINARY(16)   NOT NULL,
    -- The session as the caller of the API spelled it.
    session_ref      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    session_id       BINARY(16)   NULL,
    call_id          BINARY(16)   NULL,
    stream_sid       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    agent_id         BINARY(16)   NULL,
    agent_version_id BINARY(16)   NULL,
    agent_key        VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    agent_name       VARCHAR(190) NULL,
    score            DOUBLE       NOT NULL,
    notes            TEXT         NULL,
    source           VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    tags             JSON         NOT NULL DEFAULT '[]',
    rubric           JSON         NOT NULL DEFAULT '{}',
    metadata         JSON         NOT NULL DEFAULT '{}',
    created_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev              INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_source (tenant_id, session_ref, source),
    KEY ix_version (tenant_id, agent_version_id, created_at),
    KEY ix_session (tenant_id, session_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
