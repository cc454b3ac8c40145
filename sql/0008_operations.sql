-- The work of humans: queues, callbacks, supervision of live calls.

-- Queues of callback tasks and how they are worked off.
CREATE TABLE IF NOT EXISTS operator_queues (
    tenant_id                         INT UNSIGNED  NOT NULL,
    id                                BINARY(16)    NOT NULL,
    queue_key                         VARCHAR(80)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name                              VARCHAR(190)  NOT NULL,
    description                       VARCHAR(1000) NULL,
    is_default                        BOOLEAN       NOT NULL DEFAULT 0,
    active                            BOOLEAN       NOT NULL DEFAULT 1,
    priority                          INT           NOT NULL DEFAULT 0,
    default_assignee                  VARCHAR(190)  NULL,
    sla_seconds                       INT           NULL,
    auto_dispatch_enabled             BOOLEAN       NOT NULL DEFAULT 0,
    auto_dispatch_delay_seconds       INT           NULL,
    auto_dispatch_retry_delay_seconds INT           NULL,
    auto_dispatch_max_attempts        INT           NOT NULL DEFAULT 3,
    -- When customers may be called back.
    dispatch_schedule                 JSON          NOT NULL DEFAULT '{}',
    dispatch_timezone                 VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NULL,
    dispatch_window_start_hour_utc    TINYINT       NULL,
    dispatch_window_end_hour_utc      TINYINT       NULL,
    follow_up_escalation_seconds      INT           NULL,
    follow_up_escalation_assignee     VARCHAR(190)  NULL,
    follow_up_escalation_priority     INT           NULL,
    follow_up_escalation_queue_key    VARCHAR(80)   CHARACTER SET ascii COLLATE ascii_bin NULL,
    tr_queue_id                       BINARY(16)    NULL,
    metadata                          JSON          NOT NULL DEFAULT '{}',
    created_at                        DATETIME(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at                        DATETIME(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                               INT UNSIGNED  NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_key (tenant_id, queue_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What a human still owes a caller.
CREATE TABLE IF NOT EXISTS callback_tasks (
    tenant_id                  INT UNSIGNED NOT NULL,
    id                         BINARY(16)   NOT NULL,
    call_id                    BINARY(16)   NULL,
    stream_sid                 VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    call_sid                   VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    queue_key                  VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    status                     ENUM('open', 'in_progress', 'completed',
                                    'canceled') NOT NULL DEFAULT 'open',
    disposition                ENUM('human_follow_up_required', 'callback_requested',
                                    'callback_scheduled', 'transferred', 'resolved',
                                    'voicemail_follow_up', 'customer_abandoned') NOT NULL,
    -- Smaller is more urgent.
    priority                   INT          NOT NULL DEFAULT 0,
    customer_phone             VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    agent_name                 VARCHAR(190) NULL,
    summary                    TEXT         NULL,
    notes                      TEXT         NULL,
    assigned_to                VARCHAR(190) NULL,
    created_by                 VARCHAR(190) NULL,
    due_at                     DATETIME(3)  NULL,
    sla_due_at                 DATETIME(3)  NULL,
    claimed_at                 DATETIME(3)  NULL,
    completed_at               DATETIME(3)  NULL,
    acknowledged_at            DATETIME(3)  NULL,
    acknowledged_by            VARCHAR(190) NULL,
    snoozed_until              DATETIME(3)  NULL,
    snooze_reason              VARCHAR(500) NULL,
    -- The due time last alerted about. Each is alerted about once.
    last_sla_alert_due_at      DATETIME(3)  NULL,
    last_sla_alerted_at        DATETIME(3)  NULL,
    dispatch_attempt_count     INT          NOT NULL DEFAULT 0,
    last_dispatch_attempted_at DATETIME(3)  NULL,
    last_dispatch_call_sid     VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    last_dispatch_status       VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    follow_up_escalated_at     DATETIME(3)  NULL,
    last_notified_at           DATETIME(3)  NULL,
    -- The ticket system a task is linked with.
    external_source            VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    external_reference_id      VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NULL,
    tr_task_id                 BINARY(16)   NULL,
    lease_owner                VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    lease_until                DATETIME(3)  NULL,
    metadata                   JSON         NOT NULL DEFAULT '{}',
    created_at                 DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at                 DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                        INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_queue (tenant_id, queue_key, status, priority, id),
    KEY ix_status (tenant_id, status, id),
    KEY ix_sla (status, sla_due_at),
    KEY ix_snooze (status, snoozed_until),
    KEY ix_stream (tenant_id, stream_sid),
    KEY ix_external (tenant_id, external_source, external_reference_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What supervisors did to live calls.
CREATE TABLE IF NOT EXISTS supervisor_actions (
    tenant_id  INT UNSIGNED NOT NULL,
    id         BINARY(16)   NOT NULL,
    call_id    BINARY(16)   NULL,
    session_id BINARY(16)   NULL,
    stream_sid VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    call_sid   VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    action     ENUM('monitor', 'whisper', 'barge', 'escalate', 'end', 'say', 'dtmf', 'context',
                    'clarify') NOT NULL,
    supervisor VARCHAR(190) NOT NULL,
    origin     ENUM('stateset', 'phony', 'thruai', 'twilio', 'console') NOT NULL,
    target     VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NULL,
    note       TEXT         NULL,
    reason     VARCHAR(500) NULL,
    -- The command that carried it to the daemon, when there was one.
    command_id BINARY(16)   NULL,
    metadata   JSON         NOT NULL DEFAULT '{}',
    created_at DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    KEY ix_stream (tenant_id, stream_sid, id),
    KEY ix_action (tenant_id, action, id),
    KEY ix_call (tenant_id, call_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Orders for the daemon that holds a session. Each is executed at most once.
CREATE TABLE IF NOT EXISTS session_commands (
    id          BINARY(16)        NOT NULL,
    tenant_id   INT UNSIGNED      NOT NULL,
    session_id  BINARY(16)        NOT NULL,
    call_id     BINARY(16)        NULL,
    node_id     SMALLINT UNSIGNED NOT NULL,
    -- A restarted daemon leaves the commands of its predecessor alone.
    node_epoch  BIGINT UNSIGNED   NOT NULL,
    kind        ENUM('monitor', 'whisper', 'barge', 'escalate', 'end', 'say', 'dtmf', 'context',
                     'clarify', 'transfer', 'refresh', 'drain') NOT NULL,
    args        JSON              NOT NULL,
    state       ENUM('queued', 'running', 'done', 'failed', 'expired') NOT NULL DEFAULT 'queued',
    result      JSON              NULL,
    error       VARCHAR(500)      NULL,
    created_by  VARCHAR(190)      NULL,
    created_at  DATETIME(3)       NOT NULL,
    -- A late command must not hit another moment of the call.
    expires_at  DATETIME(3)       NOT NULL,
    started_at  DATETIME(3)       NULL,
    finished_at DATETIME(3)       NULL,
    PRIMARY KEY (id),
    KEY ix_node (node_id, state, id),
    KEY ix_session (tenant_id, session_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
