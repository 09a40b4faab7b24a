BEGIN TRANSACTION;
CREATE TABLE "api_key" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "hint" VARCHAR(8) NOT NULL,
    "key_hash" VARCHAR(64) NOT NULL UNIQUE,
    "scopes" TEXT NOT NULL,
    "allowed_sources" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "expires_at" BIGINT,
    "last_used_at" BIGINT,
    "revoked_at" BIGINT
);
CREATE TABLE "attempt" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "delivery_id" VARCHAR(40) NOT NULL,
    "webhook_id" VARCHAR(40) NOT NULL,
    "worker_id" VARCHAR(40) NOT NULL,
    "number" INT NOT NULL,
    "trigger" VARCHAR(8) NOT NULL  /* FIRST: FIRST\nRETRY: RETRY\nMANUAL: MANUAL\nREPLAY: REPLAY\nTEST: TEST */,
    "started_at" BIGINT NOT NULL,
    "duration_us" BIGINT NOT NULL,
    "outcome" VARCHAR(20) NOT NULL  /* SUCCEEDED: SUCCEEDED\nHTTP_ERROR: HTTP_ERROR\nTIMEOUT: TIMEOUT\nDNS_ERROR: DNS_ERROR\nCONNECTION_ERROR: CONNECTION_ERROR\nTLS_ERROR: TLS_ERROR\nADDRESS_BLOCKED: ADDRESS_BLOCKED\nPROTOCOL_ERROR: PROTOCOL_ERROR */,
    "error" TEXT,
    "remote_address" VARCHAR(45),
    "request_method" VARCHAR(8) NOT NULL  /* POST: POST\nPUT: PUT */,
    "request_url" TEXT NOT NULL,
    "request_headers" TEXT NOT NULL,
    "response_status" INT,
    "response_headers" TEXT,
    "response_body" TEXT,
    "response_truncated" INT NOT NULL
, "sent_again" INT, "timing" VARCHAR(80));
CREATE TABLE "audit_chain" (
    "workspace_id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "number" BIGINT NOT NULL,
    "hash" VARCHAR(64) NOT NULL,
    "expired" BIGINT NOT NULL,
    "expired_hash" VARCHAR(64) NOT NULL
);
CREATE TABLE "audit_entry" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "at" BIGINT NOT NULL,
    "actor" VARCHAR(250) NOT NULL,
    "action" VARCHAR(60) NOT NULL,
    "subject_id" VARCHAR(120),
    "changes" TEXT,
    "source_address" VARCHAR(45)
, "actor_kind" VARCHAR(16), "actor_id" VARCHAR(120), "actor_name" VARCHAR(200), "number" BIGINT, "previous_hash" VARCHAR(64), "hash" VARCHAR(64));
CREATE TABLE "contact" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "kind" VARCHAR(8) NOT NULL,
    "target" TEXT NOT NULL,
    "sealed_target" TEXT NOT NULL,
    "events" TEXT NOT NULL,
    "secret" TEXT,
    "created_at" BIGINT NOT NULL,
    "last_told_at" BIGINT,
    "last_error" TEXT,
    "unsubscribed_at" BIGINT
);
CREATE TABLE "contact_message" (
    "id" VARCHAR(64) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "contact_id" VARCHAR(40) NOT NULL,
    "webhook_id" VARCHAR(40) NOT NULL,
    "next_attempt_at" BIGINT,
    "attempt_count" INT NOT NULL,
    "claimed_by" VARCHAR(40),
    "last_ended_at" BIGINT
);
CREATE TABLE "delivery" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "event_id" VARCHAR(40) NOT NULL,
    "webhook_id" VARCHAR(40) NOT NULL,
    "event_type" VARCHAR(100) NOT NULL,
    "test" INT NOT NULL,
    "ordering_key" VARCHAR(255),
    "status" VARCHAR(10) NOT NULL  /* PENDING: PENDING\nRETRYING: RETRYING\nSUCCEEDED: SUCCEEDED\nFAILED: FAILED\nCANCELED: CANCELED */,
    "trigger" VARCHAR(8) NOT NULL  /* FIRST: FIRST\nRETRY: RETRY\nMANUAL: MANUAL\nREPLAY: REPLAY\nTEST: TEST */,
    "attempt_count" INT NOT NULL,
    "retries_used" INT NOT NULL,
    "next_attempt_at" BIGINT,
    "claimed_by" VARCHAR(40),
    "last_outcome" VARCHAR(20)   /* SUCCEEDED: SUCCEEDED\nHTTP_ERROR: HTTP_ERROR\nTIMEOUT: TIMEOUT\nDNS_ERROR: DNS_ERROR\nCONNECTION_ERROR: CONNECTION_ERROR\nTLS_ERROR: TLS_ERROR\nADDRESS_BLOCKED: ADDRESS_BLOCKED\nPROTOCOL_ERROR: PROTOCOL_ERROR */,
    "last_response_status" INT,
    "created_at" BIGINT NOT NULL,
    "completed_at" BIGINT
, "sequence" BIGINT, "erased_at" BIGINT, "problem_key" VARCHAR(40));
CREATE TABLE "event" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "type" VARCHAR(100) NOT NULL,
    "occurred_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "body" TEXT NOT NULL,
    "test" INT NOT NULL,
    "idempotency_key" VARCHAR(255),
    "digest" VARCHAR(64),
    "ordering_key" VARCHAR(255)
, "trace" TEXT, "erased_at" BIGINT);
CREATE TABLE "event_type" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "description" TEXT NOT NULL,
    "json_schema" TEXT NOT NULL,
    "example" TEXT NOT NULL,
    "archived" INT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL, "keeping" TEXT,
    CONSTRAINT "uid_event_type_workspa_114902" UNIQUE ("workspace_id", "name")
);
CREATE TABLE "missed_delivery" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "webhook_id" VARCHAR(40) NOT NULL,
    "event_id" VARCHAR(40) NOT NULL,
    "created_at" BIGINT NOT NULL,
    "sequence" BIGINT NOT NULL,
    CONSTRAINT "uid_missed_deli_webhook_6b8968" UNIQUE ("webhook_id", "sequence")
);
CREATE TABLE "notice" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "message_id" VARCHAR(64) NOT NULL,
    "event_id" VARCHAR(40) NOT NULL,
    "event_type" VARCHAR(100) NOT NULL,
    "taken" INT NOT NULL
);
CREATE TABLE "open_alert" (
    "id" VARCHAR(64) NOT NULL  PRIMARY KEY,
    "kind" VARCHAR(20) NOT NULL,
    "subject_id" VARCHAR(40) NOT NULL,
    "webhook_id" VARCHAR(40) NOT NULL,
    "since" BIGINT NOT NULL,
    "level" INT NOT NULL
);
CREATE TABLE "operation" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "kind" VARCHAR(40) NOT NULL,
    "status" VARCHAR(10) NOT NULL  /* RUNNING: RUNNING\nCOMPLETED: COMPLETED\nCANCELED: CANCELED\nFAILED: FAILED */,
    "request" TEXT NOT NULL,
    "position" VARCHAR(40),
    "matched" BIGINT NOT NULL,
    "done" BIGINT NOT NULL,
    "claimed_by" VARCHAR(40),
    "created_at" BIGINT NOT NULL,
    "completed_at" BIGINT
, "actor_kind" VARCHAR(16), "actor_id" VARCHAR(120), "actor_name" VARCHAR(200), "narrowing" TEXT);
CREATE TABLE "problem" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "webhook_id" VARCHAR(40) NOT NULL,
    "key" VARCHAR(40) NOT NULL UNIQUE,
    "cause" TEXT NOT NULL,
    "outcome" VARCHAR(20) NOT NULL,
    "response_status" INT,
    "status" VARCHAR(12) NOT NULL,
    "failures" BIGINT NOT NULL,
    "opened_at" BIGINT NOT NULL,
    "last_seen_at" BIGINT NOT NULL,
    "resolved_at" BIGINT,
    "example_id" VARCHAR(40) NOT NULL
);
CREATE TABLE "secret" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "webhook_id" VARCHAR(40) NOT NULL,
    "secret" TEXT NOT NULL,
    "hint" VARCHAR(8) NOT NULL,
    "public_key" TEXT,
    "created_at" BIGINT NOT NULL,
    "expires_at" BIGINT
);
CREATE TABLE "session" (
    "id" VARCHAR(64) NOT NULL  PRIMARY KEY,
    "api_key_id" VARCHAR(40) NOT NULL,
    "created_at" BIGINT NOT NULL,
    "used_at" BIGINT NOT NULL
);
CREATE TABLE "stats_period" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "deliveries" BIGINT NOT NULL,
    "latencies" TEXT NOT NULL
);
CREATE TABLE "stats_progress" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "closed_until" BIGINT NOT NULL
);
CREATE TABLE "tortoise_migrations" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "app" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "applied_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_tortoise_mi_app_3803a5" UNIQUE ("app", "name")
);
INSERT INTO "tortoise_migrations" VALUES(1,'app','0001_initial','2026-11-30 19:14:36.710456+00:00');
INSERT INTO "tortoise_migrations" VALUES(2,'app','0002_hot_indexes','2026-11-30 19:14:37.486328+00:00');
INSERT INTO "tortoise_migrations" VALUES(3,'app','0003_statistics_and_operations','2026-11-30 19:14:37.962532+00:00');
INSERT INTO "tortoise_migrations" VALUES(4,'app','0004_ordering_by_what_is_open','2026-11-30 19:14:38.036868+00:00');
INSERT INTO "tortoise_migrations" VALUES(5,'app','0005_enums_without_members_in_comments','2026-11-30 19:14:39.104192+00:00');
INSERT INTO "tortoise_migrations" VALUES(6,'app','0006_attempt_sent_again','2026-11-30 19:14:39.201846+00:00');
INSERT INTO "tortoise_migrations" VALUES(7,'app','0007_dashboard_sessions','2026-11-30 19:14:39.278399+00:00');
INSERT INTO "tortoise_migrations" VALUES(8,'app','0008_actors','2026-11-30 19:14:39.950590+00:00');
INSERT INTO "tortoise_migrations" VALUES(9,'app','0009_sequence','2026-11-30 19:14:40.622330+00:00');
INSERT INTO "tortoise_migrations" VALUES(10,'app','0010_health_of_webhooks','2026-11-30 19:14:41.260195+00:00');
INSERT INTO "tortoise_migrations" VALUES(11,'app','0010_url_queries','2026-11-30 19:14:41.354556+00:00');
INSERT INTO "tortoise_migrations" VALUES(12,'app','0011_webhook_registry_version','2026-11-30 19:14:41.531765+00:00');
INSERT INTO "tortoise_migrations" VALUES(13,'app','0012_external_ids','2026-11-30 19:14:41.657142+00:00');
INSERT INTO "tortoise_migrations" VALUES(14,'app','0013_timing_of_attempts','2026-11-30 19:14:41.728615+00:00');
INSERT INTO "tortoise_migrations" VALUES(15,'app','0014_deleted_workspaces','2026-11-30 19:14:42.197063+00:00');
INSERT INTO "tortoise_migrations" VALUES(16,'app','0015_webhook_feeds','2026-11-30 19:14:42.389745+00:00');
INSERT INTO "tortoise_migrations" VALUES(17,'app','0016_storage_parameters','2026-11-30 19:14:42.633559+00:00');
INSERT INTO "tortoise_migrations" VALUES(18,'app','0017_missed_deliveries','2026-11-30 19:14:43.079966+00:00');
INSERT INTO "tortoise_migrations" VALUES(19,'app','0018_open_alerts','2026-11-30 19:14:43.143360+00:00');
INSERT INTO "tortoise_migrations" VALUES(20,'app','0019_narrowed_operations','2026-11-30 19:14:43.195937+00:00');
INSERT INTO "tortoise_migrations" VALUES(21,'app','0020_traces','2026-11-30 19:14:43.234324+00:00');
INSERT INTO "tortoise_migrations" VALUES(22,'app','0021_audit_chain','2026-11-30 19:14:43.473230+00:00');
INSERT INTO "tortoise_migrations" VALUES(23,'app','0022_contacts','2026-11-30 19:14:44.264039+00:00');
INSERT INTO "tortoise_migrations" VALUES(24,'app','0023_erased_data','2026-11-30 19:14:44.495030+00:00');
INSERT INTO "tortoise_migrations" VALUES(25,'app','0023_webhook_names','2026-11-30 19:14:44.620847+00:00');
INSERT INTO "tortoise_migrations" VALUES(26,'app','0024_problems','2026-11-30 19:14:45.634558+00:00');
INSERT INTO "tortoise_migrations" VALUES(27,'app','0025_kept_bodies','2026-11-30 19:14:45.902262+00:00');
CREATE TABLE "webhook" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "workspace_id" VARCHAR(40) NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "url" TEXT NOT NULL,
    "description" TEXT,
    "event_types" TEXT NOT NULL,
    "filter_expression" TEXT,
    "method" VARCHAR(8) NOT NULL  /* POST: POST\nPUT: PUT */,
    "timeout_seconds" INT NOT NULL,
    "verify_ssl" INT NOT NULL,
    "ip_allowlist" TEXT NOT NULL,
    "headers" TEXT NOT NULL,
    "authentication_kind" VARCHAR(8) NOT NULL  /* NONE: NONE\nBEARER: BEARER\nBASIC: BASIC */,
    "authentication_username" VARCHAR(250),
    "authentication_credential" TEXT,
    "signature_scheme" VARCHAR(16) NOT NULL  /* HMAC_SHA256: HMAC_SHA256\nED25519: ED25519 */,
    "rotate_secret_every_days" INT,
    "next_secret_rotation_at" BIGINT,
    "retry_delays_seconds" TEXT NOT NULL,
    "rate_limit_per_second" INT,
    "max_in_flight" INT NOT NULL,
    "status" VARCHAR(8) NOT NULL  /* ACTIVE: ACTIVE\nPAUSED: PAUSED\nDISABLED: DISABLED */,
    "status_reason" TEXT,
    "status_changed_at" BIGINT NOT NULL,
    "metadata" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    "deleted_at" BIGINT,
    "consecutive_failures" INT NOT NULL,
    "failing_since" BIGINT,
    "held_until" BIGINT,
    "next_slot_at" BIGINT
, "status_reason_code" VARCHAR(20), "last_failure_id" VARCHAR(40), "last_success_id" VARCHAR(40), "url_query" TEXT, "registry_version" BIGINT, "external_id" VARCHAR(200), "has_problems" INT);
CREATE TABLE "webhook_feed" (
    "webhook_id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "expired_before" BIGINT NOT NULL
);
CREATE TABLE "webhook_sequence" (
    "webhook_id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "last_sequence" BIGINT NOT NULL
);
CREATE TABLE "worker" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "host" VARCHAR(255) NOT NULL,
    "pid" INT NOT NULL,
    "started_at" BIGINT NOT NULL,
    "lease_until" BIGINT NOT NULL
);
CREATE TABLE "workspace" (
    "id" VARCHAR(40) NOT NULL  PRIMARY KEY,
    "name" VARCHAR(200) NOT NULL,
    "created_at" BIGINT NOT NULL,
    "registry_version" BIGINT NOT NULL
, "external_id" VARCHAR(200), "deleted_at" BIGINT, "keeping" TEXT);
CREATE INDEX "idx_api_key_workspa_689b38" ON "api_key" ("workspace_id", "id");
CREATE INDEX "idx_audit_entry_workspa_65a5b0" ON "audit_entry" ("workspace_id", "id");
CREATE INDEX "idx_operation_workspa_551dff" ON "operation" ("workspace_id", "id");
CREATE INDEX "idx_secret_webhook_5e90e5" ON "secret" ("webhook_id");
CREATE INDEX "idx_webhook_workspa_2fdcfb" ON "webhook" ("workspace_id", "id");
CREATE UNIQUE INDEX event_idempotency ON event (workspace_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX event_workspace ON event (workspace_id, id);
CREATE INDEX event_workspace_type ON event (workspace_id, type, id);
CREATE UNIQUE INDEX delivery_event_webhook ON delivery (event_id, webhook_id);
CREATE INDEX delivery_workspace ON delivery (workspace_id, id);
CREATE INDEX delivery_webhook ON delivery (webhook_id, id);
CREATE INDEX delivery_due ON delivery (webhook_id, status, next_attempt_at, id) WHERE claimed_by IS NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX delivery_claimed ON delivery (webhook_id, claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX attempt_delivery ON attempt (delivery_id, id);
CREATE INDEX attempt_webhook ON attempt (webhook_id, id);
CREATE INDEX attempt_workspace ON attempt (workspace_id, id);
CREATE INDEX delivery_webhook_not_succeeded ON delivery (webhook_id, status, id, test) WHERE status <> 'SUCCEEDED';
CREATE INDEX delivery_workspace_not_succeeded ON delivery (workspace_id, status, id, test) WHERE status <> 'SUCCEEDED';
CREATE INDEX operation_running ON operation (id) WHERE status = 'RUNNING';
CREATE INDEX audit_entry_subject ON audit_entry (workspace_id, subject_id, id);
CREATE INDEX audit_entry_actor ON audit_entry (workspace_id, actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX delivery_ordering ON delivery (webhook_id, ordering_key, sequence) WHERE ordering_key IS NOT NULL AND completed_at IS NULL;
CREATE UNIQUE INDEX delivery_sequence ON delivery (webhook_id, sequence) WHERE sequence IS NOT NULL;
CREATE INDEX webhook_changes ON webhook (workspace_id, registry_version);
CREATE UNIQUE INDEX webhook_external_id ON webhook (workspace_id, external_id)
WHERE external_id IS NOT NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX workspace_external_id ON workspace (external_id)
WHERE external_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX "idx_missed_deli_event_i_99a621" ON "missed_delivery" ("event_id");
CREATE INDEX missed_delivery_webhook ON missed_delivery (webhook_id, id);
CREATE INDEX missed_delivery_workspace ON missed_delivery (workspace_id, id);
CREATE INDEX "idx_open_alert_webhook_ac7a53" ON "open_alert" ("webhook_id");
CREATE UNIQUE INDEX audit_entry_number ON audit_entry (workspace_id, number);
CREATE INDEX "idx_contact_workspa_de7af4" ON "contact" ("workspace_id");
CREATE INDEX "idx_contact_mes_workspa_488ec3" ON "contact_message" ("workspace_id");
CREATE INDEX "idx_notice_workspa_0195bc" ON "notice" ("workspace_id");
CREATE INDEX contact_message_due ON contact_message (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notice_message ON notice (message_id, id);
CREATE INDEX webhook_name ON webhook (workspace_id, name);
CREATE INDEX problem_workspace ON problem (workspace_id, id);
CREATE INDEX problem_webhook ON problem (webhook_id, id);
CREATE INDEX delivery_problem ON delivery (problem_key, id) WHERE problem_key IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('tortoise_migrations',27);
COMMIT;
