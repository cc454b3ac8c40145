-- Functions an agent may call, and each time one was called.

-- Webhook functions of a tenant. Built-in functions live in the program.
CREATE TABLE IF NOT EXISTS tools (
    tenant_id       INT UNSIGNED     NOT NULL,
    id              BINARY(16)       NOT NULL,
    name            VARCHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    description     VARCHAR(1000)    NULL,
    url             VARCHAR(1000)    NOT NULL,
    method          ENUM('POST', 'GET', 'PUT', 'PATCH') NOT NULL DEFAULT 'POST',
    parameters      JSON             NOT NULL,
    -- Sealed, because they may carry credentials.
    headers         VARBINARY(2048)  NULL,
    -- Key of the signature on requests to the tool.
    secret          VARBINARY(2048)  NULL,
    timeout_seconds TINYINT UNSIGNED NOT NULL DEFAULT 10,
    response_format ENUM('json', 'text', 'raw') NOT NULL DEFAULT 'json',
    -- Part of the answer that is given to the model.
    response_path   VARCHAR(255)     NULL,
    -- Said to the caller while the tool runs.
    speak_during    VARCHAR(200)     NULL,
    enabled         BOOLEAN          NOT NULL DEFAULT 1,
    metadata        JSON             NOT NULL DEFAULT '{}',
    deleted_at      DATETIME(3)      NULL,
    created_at      DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED     NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_name (tenant_id, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Calls of built-in and custom functions, from every origin.
CREATE TABLE IF NOT EXISTS tool_invocations (
    tenant_id      INT UNSIGNED NOT NULL,
    id             BINARY(16)   NOT NULL,
    call_id        BINARY(16)   NULL,
    session_id     BINARY(16)   NULL,
    tool_name      VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    tool_id        BINARY(16)   NULL,
    via            ENUM('realtime', 'relay', 'automation', 'test', 'workflow',
                        'simulation') NOT NULL,
    -- Id of the function call with the model. Each is executed once.
    model_call_ref VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    arguments      JSON         NOT NULL,
    result         JSON         NULL,
    status         ENUM('running', 'ok', 'error', 'timeout', 'rejected') NOT NULL,
    http_status    SMALLINT     NULL,
    error          VARCHAR(500) NULL,
    started_at     DATETIME(3)  NOT NULL,
    duration_ms    INT          NULL,
    PRIMARY KEY (tenant_id, id),
    KEY ix_call (tenant_id, call_id, id),
    KEY ix_session (tenant_id, session_id, id),
    KEY ix_tool (tenant_id, tool_name, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
