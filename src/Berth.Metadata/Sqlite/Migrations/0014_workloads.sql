-- What runs, as workloads report it: the digests that they use are kept for as long as a report holds. docs/dev/formats.md explains the tables.

CREATE TABLE workloads (
    id          INTEGER PRIMARY KEY,
    registry_id INTEGER NOT NULL REFERENCES registries (id),
    name        TEXT NOT NULL,
    cluster     TEXT,
    namespace   TEXT,
    owner       TEXT,
    reported_at INTEGER NOT NULL,
    reported_by TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    expired     INTEGER NOT NULL DEFAULT 0,     -- whether it was told already that the report ended
    digests     INTEGER NOT NULL DEFAULT 0,     -- how many rows of workload_digests it has
    UNIQUE (registry_id, name)
) STRICT;
CREATE INDEX workloads_ending ON workloads (expired, expires_at);
CREATE INDEX workloads_live ON workloads (registry_id, expires_at);

-- A digest in use: in one repository, or (null) wherever the registry holds it.
CREATE TABLE workload_digests (
    registry_id INTEGER NOT NULL,
    digest      BLOB NOT NULL,
    workload_id INTEGER NOT NULL REFERENCES workloads (id),
    repository  TEXT,
    PRIMARY KEY (registry_id, digest, workload_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX workload_digests_by_workload ON workload_digests (workload_id, digest);
CREATE INDEX workload_digests_by_repository ON workload_digests (registry_id, repository, digest);

-- Until when somebody paused deletion, and who.
ALTER TABLE installation ADD COLUMN deletion_paused_until INTEGER;
ALTER TABLE installation ADD COLUMN deletion_paused_by TEXT;
