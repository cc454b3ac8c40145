-- Workflows and outbound campaigns.

-- Graphs of steps as they are edited.
CREATE TABLE IF NOT EXISTS workflows (
    tenant_id         INT UNSIGNED NOT NULL,
    id                BINARY(16)   NOT NULL,
    name              VARCHAR(120) NOT NULL,
    description       TEXT         NULL,
    status            ENUM('draft', 'published', 'archived') NOT NULL DEFAULT 'draft',
    nodes             JSON         NOT NULL,
    edges             JSON         NOT NULL,
    trigger_type      VARCHAR(40)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'manual',
    trigger_config    JSON         NOT NULL DEFAULT '{}',
    timezone          VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'UTC',
    published_version INT UNSIGNED NULL,
    published_at      DATETIME(3)  NULL,
    next_run_at       DATETIME(3)  NULL,
    metadata          JSON         NOT NULL DEFAULT '{}',
    deleted_at        DATETIME(3)  NULL,
    created_at        DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at        DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev               INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_trigger (tenant_id, status, trigger_type),
    KEY ix_cron (status, next_run_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- A published graph. Executions name the version they run.
CREATE TABLE IF NOT EXISTS workflow_versions (
    tenant_id      INT UNSIGNED NOT NULL,
    workflow_id    BINARY(16)   NOT NULL,
    version        INT UNSIGNED NOT NULL,
    nodes          JSON         NOT NULL,
    edges          JSON         NOT NULL,
    trigger_type   VARCHAR(40)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    trigger_config JSON         NOT NULL,
    graph_hash     BINARY(32)   NOT NULL,
    created_at     DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, workflow_id, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- A run of a workflow. It advances one node per transaction.
CREATE TABLE IF NOT EXISTS workflow_executions (
    tenant_id        INT UNSIGNED  NOT NULL,
    id               BINARY(16)    NOT NULL,
    workflow_id      BINARY(16)    NOT NULL,
    version          INT UNSIGNED  NOT NULL,
    status           ENUM('queued', 'running', 'waiting', 'completed', 'failed',
                          'canceled') NOT NULL,
    trigger_type     VARCHAR(40)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- An event starts a workflow once.
    trigger_event_id BINARY(16)    NULL,
    call_id          BINARY(16)    NULL,
    input            JSON          NOT NULL DEFAULT '{}',
    output           JSON          NULL,
    -- Variables between nodes.
    state            JSON          NOT NULL DEFAULT '{}',
    current_node     VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NULL,
    wake_at          DATETIME(3)   NULL,
    lease_owner      VARCHAR(48)   CHARACTER SET ascii COLLATE ascii_bin NULL,
    lease_until      DATETIME(3)   NULL,
    error            VARCHAR(1000) NULL,
    started_at       DATETIME(3)   NULL,
    completed_at     DATETIME(3)   NULL,
    created_at       DATETIME(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at       DATETIME(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev              INT UNSIGNED  NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_event (tenant_id, workflow_id, trigger_event_id),
    KEY ix_workflow (tenant_id, workflow_id, id),
    KEY ix_due (status, wake_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What each node of an execution did, per attempt.
CREATE TABLE IF NOT EXISTS workflow_steps (
    tenant_id    INT UNSIGNED      NOT NULL,
    execution_id BINARY(16)        NOT NULL,
    node_id      VARCHAR(64)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    attempt      SMALLINT UNSIGNED NOT NULL,
    status       ENUM('running', 'ok', 'failed', 'skipped', 'waiting') NOT NULL,
    input        JSON              NULL,
    output       JSON              NULL,
    error        VARCHAR(1000)     NULL,
    started_at   DATETIME(3)       NOT NULL,
    completed_at DATETIME(3)       NULL,
    PRIMARY KEY (tenant_id, execution_id, node_id, attempt)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Outbound calls to a list of contacts.
CREATE TABLE IF NOT EXISTS campaigns (
    tenant_id         INT UNSIGNED      NOT NULL,
    id                BINARY(16)        NOT NULL,
    name              VARCHAR(120)      NOT NULL,
    description       TEXT              NULL,
    agent_id          BINARY(16)        NULL,
    workflow_id       BINARY(16)        NULL,
    phone_number_id   BINARY(16)        NULL,
    status            ENUM('draft', 'scheduled', 'running', 'paused', 'completed', 'canceled',
                           'failed') NOT NULL DEFAULT 'draft',
    status_reason     VARCHAR(255)      NULL,
    scheduled_at      DATETIME(3)       NULL,
    max_concurrent    SMALLINT UNSIGNED NOT NULL DEFAULT 5,
    calls_per_minute  SMALLINT UNSIGNED NOT NULL DEFAULT 30,
    -- Hours in which contacts may be called, in their own time zone.
    calling_window    JSON              NOT NULL DEFAULT '{}',
    retry_policy      JSON              NOT NULL DEFAULT '{}',
    -- Whether answering machines are detected.
    amd               BOOLEAN           NOT NULL DEFAULT 1,
    voicemail_message TEXT              NULL,
    variables         JSON              NOT NULL DEFAULT '{}',
    -- What pauses the campaign.
    breaker           JSON              NOT NULL DEFAULT '{}',
    started_at        DATETIME(3)       NULL,
    paused_at         DATETIME(3)       NULL,
    completed_at      DATETIME(3)       NULL,
    metadata          JSON              NOT NULL DEFAULT '{}',
    deleted_at        DATETIME(3)       NULL,
    created_at        DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at        DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev               INT UNSIGNED      NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_status (status, scheduled_at),
    KEY ix_list (tenant_id, status, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Whom a campaign calls, and how far it got.
CREATE TABLE IF NOT EXISTS campaign_contacts (
    tenant_id          INT UNSIGNED     NOT NULL,
    id                 BINARY(16)       NOT NULL,
    campaign_id        BINARY(16)       NOT NULL,
    phone              VARCHAR(20)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name               VARCHAR(120)     NULL,
    email              VARCHAR(254)     NULL,
    timezone           VARCHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    external_id        VARCHAR(128)     NULL,
    status             ENUM('queued', 'in_progress', 'completed', 'failed',
                            'suppressed') NOT NULL DEFAULT 'queued',
    suppression_reason VARCHAR(48)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- Calls made so far.
    attempts           TINYINT UNSIGNED NOT NULL DEFAULT 0,
    next_attempt_at    DATETIME(3)      NULL,
    last_call_id       BINARY(16)       NULL,
    outcome            VARCHAR(32)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    custom_data        JSON             NOT NULL DEFAULT '{}',
    lease_owner        VARCHAR(48)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    lease_until        DATETIME(3)      NULL,
    created_at         DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at         DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                INT UNSIGNED     NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_phone (tenant_id, campaign_id, phone),
    KEY ix_due (tenant_id, campaign_id, status, next_attempt_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
