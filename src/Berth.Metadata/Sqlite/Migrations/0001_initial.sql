-- Names compare as bytes everywhere (BINARY is SQLite's default). Times are milliseconds since 1970. A digest is one byte of algorithm
-- (1 sha256, 2 sha512) and the hash, so that its byte order is the order of its text. docs/dev/formats.md explains each table.

CREATE TABLE installation (
    id                       INTEGER PRIMARY KEY CHECK (id = 1),
    store_id                 TEXT NOT NULL,
    tenant_id                TEXT NOT NULL,
    subscription_id          TEXT NOT NULL,
    region                   TEXT NOT NULL,
    ledger_epoch             INTEGER NOT NULL,
    hybrid_time              INTEGER NOT NULL,          -- the highest issued before the ledger was last trimmed
    deletion_seen_at         INTEGER,                   -- the deletion clock's last look at the time
    deletion_suspended_until INTEGER,
    created_at               INTEGER NOT NULL
) STRICT;

CREATE TABLE registries (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    subscription_id TEXT NOT NULL,
    resource_group  TEXT NOT NULL,
    sku             TEXT NOT NULL,
    epoch           INTEGER NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE principals (
    id            INTEGER PRIMARY KEY,
    object_id     TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    enabled       INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;

-- A repository's row outlives its content: it carries settings. listed = 1 while it holds a manifest.
CREATE TABLE repositories (
    id          INTEGER PRIMARY KEY,
    registry_id INTEGER NOT NULL REFERENCES registries (id),
    name        TEXT NOT NULL,
    listed      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (registry_id, name)
) STRICT;
CREATE INDEX repositories_listed ON repositories (registry_id, name) WHERE listed = 1;

-- Content, stored once for the whole installation. review_at is set when the last membership went by a client's DELETE.
CREATE TABLE blobs (
    digest      BLOB NOT NULL PRIMARY KEY,
    size        INTEGER NOT NULL,
    location    TEXT NOT NULL UNIQUE,
    state       INTEGER NOT NULL,
    review_at   INTEGER,
    verified_at INTEGER,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_review ON blobs (review_at) WHERE review_at IS NOT NULL;
CREATE INDEX blobs_damaged ON blobs (digest) WHERE state <> 0;

-- A repository's right to a blob. review_at is when garbage collection looks at it next; null while a manifest is known to name it.
CREATE TABLE memberships (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    digest        BLOB NOT NULL,
    lease_until   INTEGER NOT NULL,
    review_at     INTEGER,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (repository_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_digest ON memberships (digest, repository_id);
CREATE INDEX memberships_review ON memberships (review_at) WHERE review_at IS NOT NULL;

-- Per registry: how many repositories hold the blob, and the sum of their ids, which names the sole owner when the count is one.
CREATE TABLE registry_blobs (
    registry_id    INTEGER NOT NULL REFERENCES registries (id),
    digest         BLOB NOT NULL,
    repositories   INTEGER NOT NULL,
    repository_sum INTEGER NOT NULL,
    PRIMARY KEY (registry_id, digest)
) STRICT, WITHOUT ROWID;

-- Locations that no row names any more: their bytes are to be removed, not before not_before.
CREATE TABLE discarded_locations (
    location   TEXT NOT NULL PRIMARY KEY,
    not_before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX discarded_locations_due ON discarded_locations (not_before);

CREATE TABLE uploads (
    id              TEXT NOT NULL PRIMARY KEY,
    registry_id     INTEGER NOT NULL,
    repository_id   INTEGER NOT NULL REFERENCES repositories (id),
    principal_id    INTEGER NOT NULL,
    location        TEXT NOT NULL UNIQUE,
    multipart_id    TEXT,
    state           INTEGER NOT NULL,           -- 0 open, 1 completing, 2 done, 3 aborting
    epoch           INTEGER NOT NULL,
    writer_node     TEXT,
    writer_until    INTEGER,
    algorithm       INTEGER NOT NULL,
    offset          INTEGER NOT NULL,
    hash_state      BLOB,
    digest          BLOB,
    created_at      INTEGER NOT NULL,
    progress_at     INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_state ON uploads (state, expires_at);
CREATE INDEX uploads_open ON uploads (id) WHERE state < 2;
CREATE INDEX uploads_by_principal ON uploads (registry_id, principal_id) WHERE state < 2;
CREATE INDEX uploads_by_repository ON uploads (repository_id, progress_at) WHERE state < 2;

CREATE TABLE manifests (
    id            INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    digest        BLOB NOT NULL,
    media_type    TEXT NOT NULL,
    artifact_type TEXT,                         -- with the config's media type as fallback, as referrers lists show it
    size          INTEGER NOT NULL,
    subject       BLOB,
    annotations   TEXT,                         -- only where there is a subject: what a referrers list shows
    hybrid_time   INTEGER NOT NULL,
    region        TEXT NOT NULL,
    deleted_at    INTEGER,                      -- soft-deleted since
    created_at    INTEGER NOT NULL,
    UNIQUE (repository_id, digest)
) STRICT;
CREATE INDEX manifests_by_subject ON manifests (repository_id, subject, id) WHERE subject IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX manifests_by_subject_type ON manifests (repository_id, subject, artifact_type, id)
    WHERE subject IS NOT NULL AND deleted_at IS NULL;

-- In a table of their own, so that listings never touch them.
CREATE TABLE manifest_bytes (
    manifest_id INTEGER PRIMARY KEY REFERENCES manifests (id),
    bytes       BLOB NOT NULL
) STRICT;

-- What a manifest names: 1 a blob (config or layer), 2 a child manifest. A subject is no edge: it holds nothing.
CREATE TABLE edges (
    manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
    kind          INTEGER NOT NULL,
    digest        BLOB NOT NULL,
    repository_id INTEGER NOT NULL,
    PRIMARY KEY (manifest_id, kind, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_by_target ON edges (repository_id, kind, digest, manifest_id);

CREATE TABLE tags (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    name          TEXT NOT NULL,
    manifest_id   INTEGER NOT NULL REFERENCES manifests (id),
    hybrid_time   INTEGER NOT NULL,
    region        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_manifest ON tags (manifest_id);

-- What was deleted, so that another region's older news does not bring it back. kind: 1 tag, 2 manifest.
CREATE TABLE tombstones (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    kind          INTEGER NOT NULL,
    name          TEXT NOT NULL,
    hybrid_time   INTEGER NOT NULL,
    region        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (repository_id, kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_by_age ON tombstones (created_at);

CREATE TABLE ledger (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch           INTEGER NOT NULL,
    hybrid_time     INTEGER NOT NULL,
    region          TEXT NOT NULL,
    kind            TEXT NOT NULL,
    registry_id     INTEGER NOT NULL,
    repository      TEXT,
    reference       TEXT,
    digest          BLOB,
    actor           TEXT NOT NULL,
    address         TEXT,
    request_id      TEXT,
    idempotency_key TEXT UNIQUE,
    payload         TEXT
) STRICT;

-- Who reads the ledger, and how far: records stay until the slowest reader within its limit has passed them.
CREATE TABLE ledger_readers (
    name       TEXT NOT NULL PRIMARY KEY,
    epoch      INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Usage moves in the transaction of its cause, and only on a count's step from 0 to 1 and back. One writer makes no row hot here.
-- repository_id 0 stands for the registry as a whole, where content shared by repositories counts once; registry_id 0 for the installation,
-- where a blob counts once whoever holds it, and manifests count without their bytes.
CREATE TABLE usage (
    registry_id   INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    blobs         INTEGER NOT NULL,
    manifests     INTEGER NOT NULL,
    PRIMARY KEY (registry_id, repository_id)
) STRICT, WITHOUT ROWID;

-- Leased background work: every write of a job checks the fence.
CREATE TABLE leases (
    name       TEXT NOT NULL PRIMARY KEY,
    holder     TEXT NOT NULL,
    fence      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Log-ins and denials are no mutations: aggregated per minute, written in batches, with a retention of their own.
CREATE TABLE access_events (
    minute      INTEGER NOT NULL,
    registry_id INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    actor       TEXT NOT NULL,
    address     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    count       INTEGER NOT NULL,
    request_id  TEXT,
    PRIMARY KEY (registry_id, minute, kind, actor, address, reason)
) STRICT, WITHOUT ROWID;
