-- TaskRouter: work items matched with human workers.

-- The outermost container. Every tenant gets one when it first uses the dialect.
CREATE TABLE IF NOT EXISTS tr_workspaces (
    tenant_id              INT UNSIGNED NOT NULL,
    id                     BINARY(16)   NOT NULL,
    friendly_name          VARCHAR(190) NOT NULL,
    event_callback_url     VARCHAR(500) NULL,
    events_filter          VARCHAR(500) NULL,
    multi_task             BOOLEAN      NOT NULL DEFAULT 1,
    -- What new workers are doing.
    default_activity_id    BINARY(16)   NULL,
    -- What workers are put to who let a reservation time out.
    timeout_activity_id    BINARY(16)   NULL,
    prioritize_queue_order ENUM('FIFO', 'LIFO') NOT NULL DEFAULT 'FIFO',
    created_at             DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at             DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                    INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What workers can be doing, and whether work may reach them then.
CREATE TABLE IF NOT EXISTS tr_activities (
    tenant_id     INT UNSIGNED NOT NULL,
    id            BINARY(16)   NOT NULL,
    workspace_id  BINARY(16)   NOT NULL,
    friendly_name VARCHAR(64)  NOT NULL,
    available     BOOLEAN      NOT NULL,
    created_at    DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at    DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev           INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_name (tenant_id, workspace_id, friendly_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Who can take work.
CREATE TABLE IF NOT EXISTS tr_workers (
    tenant_id         INT UNSIGNED      NOT NULL,
    id                BINARY(16)        NOT NULL,
    workspace_id      BINARY(16)        NOT NULL,
    friendly_name     VARCHAR(64)       NOT NULL,
    attributes        JSON              NOT NULL DEFAULT '{}',
    activity_id       BINARY(16)        NOT NULL,
    capacity          SMALLINT UNSIGNED NOT NULL DEFAULT 1,
    status_changed_at DATETIME(3)       NOT NULL,
    deleted_at        DATETIME(3)       NULL,
    created_at        DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at        DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev               INT UNSIGNED      NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_name (tenant_id, workspace_id, friendly_name),
    KEY ix_activity (tenant_id, workspace_id, activity_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Work that waits for a kind of worker.
CREATE TABLE IF NOT EXISTS tr_task_queues (
    tenant_id               INT UNSIGNED      NOT NULL,
    id                      BINARY(16)        NOT NULL,
    workspace_id            BINARY(16)        NOT NULL,
    friendly_name           VARCHAR(64)       NOT NULL,
    -- Expression over the attributes of workers.
    target_workers          VARCHAR(1000)     NOT NULL DEFAULT '1==1',
    max_reserved_workers    SMALLINT UNSIGNED NOT NULL DEFAULT 1,
    task_order              ENUM('FIFO', 'LIFO') NOT NULL DEFAULT 'FIFO',
    assignment_activity_id  BINARY(16)        NULL,
    reservation_activity_id BINARY(16)        NULL,
    created_at              DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at              DATETIME(3)       NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                     INT UNSIGNED      NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_name (tenant_id, workspace_id, friendly_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Rules that sort work into queues.
CREATE TABLE IF NOT EXISTS tr_workflows (
    tenant_id                        INT UNSIGNED NOT NULL,
    id                               BINARY(16)   NOT NULL,
    workspace_id                     BINARY(16)   NOT NULL,
    friendly_name                    VARCHAR(255) NOT NULL,
    configuration                    JSON         NOT NULL,
    assignment_callback_url          VARCHAR(500) NULL,
    fallback_assignment_callback_url VARCHAR(500) NULL,
    task_reservation_timeout         INT UNSIGNED NOT NULL DEFAULT 120,
    created_at                       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at                       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                              INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_name (tenant_id, workspace_id, friendly_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Items of work. Finished ones are hidden by the dialect, the rows stay.
CREATE TABLE IF NOT EXISTS tr_tasks (
    tenant_id         INT UNSIGNED NOT NULL,
    id                BINARY(16)   NOT NULL,
    workspace_id      BINARY(16)   NOT NULL,
    workflow_id       BINARY(16)   NOT NULL,
    queue_id          BINARY(16)   NULL,
    attributes        JSON         NOT NULL DEFAULT '{}',
    assignment_status ENUM('pending', 'reserved', 'assigned', 'wrapping', 'completed',
                           'canceled') NOT NULL DEFAULT 'pending',
    priority          INT          NOT NULL DEFAULT 0,
    reason            VARCHAR(500) NULL,
    -- Seconds until a waiting task is canceled.
    timeout           INT UNSIGNED NOT NULL DEFAULT 86400,
    channel           VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'default',
    call_id           BINARY(16)   NULL,
    callback_task_id  BINARY(16)   NULL,
    queue_entered_at  DATETIME(3)  NULL,
    expires_at        DATETIME(3)  NOT NULL,
    -- When the router must look at the task again.
    wake_at           DATETIME(3)  NULL,
    created_at        DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at        DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev               INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_list (tenant_id, workspace_id, assignment_status, id),
    KEY ix_queue (tenant_id, queue_id, assignment_status, priority, queue_entered_at),
    KEY ix_wake (assignment_status, wake_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Items of work offered to a worker.
CREATE TABLE IF NOT EXISTS tr_reservations (
    tenant_id    INT UNSIGNED NOT NULL,
    id           BINARY(16)   NOT NULL,
    workspace_id BINARY(16)   NOT NULL,
    task_id      BINARY(16)   NOT NULL,
    worker_id    BINARY(16)   NOT NULL,
    status       ENUM('pending', 'accepted', 'rejected', 'timeout', 'canceled', 'rescinded',
                      'wrapping', 'completed') NOT NULL DEFAULT 'pending',
    -- The worker while the reservation occupies one.
    open_worker  BINARY(16)
                 AS (IF(status IN ('pending', 'accepted', 'wrapping'), worker_id, NULL)) VIRTUAL,
    expires_at   DATETIME(3)  NOT NULL,
    created_at   DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at   DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev          INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_task (tenant_id, task_id, id),
    KEY ix_worker (tenant_id, open_worker),
    KEY ix_expiry (status, expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
