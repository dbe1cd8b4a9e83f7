-- Columns and tables that later features write, made before there is much to migrate: docs/dev/formats.md says which rule names each. What stands
-- gets the value under which everything goes on as before.

-- What must not be done: the sum of 1 delete, 2 write, 4 list, 8 read. With the hybrid time and the region of its last change, for merging.
ALTER TABLE repositories ADD COLUMN locks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repositories ADD COLUMN locks_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repositories ADD COLUMN locks_region TEXT;
ALTER TABLE manifests ADD COLUMN locks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifests ADD COLUMN locks_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifests ADD COLUMN locks_region TEXT;
ALTER TABLE tags ADD COLUMN locks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tags ADD COLUMN locks_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tags ADD COLUMN locks_region TEXT;

-- 0 none, 1 quarantined, 2 passed, 3 failed; merged as the locks are.
ALTER TABLE manifests ADD COLUMN quarantine INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifests ADD COLUMN quarantine_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifests ADD COLUMN quarantine_region TEXT;

-- What is due for expiry after a soft deletion.
CREATE INDEX manifests_deleted ON manifests (deleted_at) WHERE deleted_at IS NOT NULL;

-- When a manifest was last used, by the tag that named it ('' for a digest). A table of its own, so that a pull never makes the manifest's row hot.
CREATE TABLE last_uses (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    digest        BLOB NOT NULL,
    tag           TEXT NOT NULL,
    used_at       INTEGER NOT NULL,
    PRIMARY KEY (repository_id, digest, tag)
) STRICT, WITHOUT ROWID;

-- The region that decides a first creation; null for this installation's own.
ALTER TABLE repositories ADD COLUMN home_region TEXT;

-- What is known about content for a registry's safety, whether or not the content is here.
CREATE TABLE security_facts (
    registry_id INTEGER NOT NULL REFERENCES registries (id),
    digest      BLOB NOT NULL,
    kind        TEXT NOT NULL,
    value       TEXT NOT NULL,
    hybrid_time INTEGER NOT NULL,
    region      TEXT NOT NULL,
    PRIMARY KEY (registry_id, digest, kind)
) STRICT, WITHOUT ROWID;

-- Bytes that may be stored; null for no limit. What an upload has reserved of them.
ALTER TABLE registries ADD COLUMN quota INTEGER;
ALTER TABLE repositories ADD COLUMN quota INTEGER;
ALTER TABLE uploads ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;

-- The reader's declared limit: a record that it has not read waits for it while it is younger than keep_for (milliseconds) and among the last
-- keep_records.
ALTER TABLE ledger_readers ADD COLUMN keep_for INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger_readers ADD COLUMN keep_records INTEGER NOT NULL DEFAULT 0;
