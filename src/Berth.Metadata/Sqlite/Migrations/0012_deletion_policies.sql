-- What is deleted is kept for a time in which it can be restored, and what nothing names any more is deleted after a time. docs/dev/formats.md explains the tables.

-- Per registry: whether deleted content is kept, whether untagged manifests are deleted, after how many days, and since when so (null: since it was made).
ALTER TABLE registries ADD COLUMN soft_delete INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registries ADD COLUMN soft_delete_days INTEGER NOT NULL DEFAULT 7;
ALTER TABLE registries ADD COLUMN soft_delete_set_at INTEGER;
ALTER TABLE registries ADD COLUMN retention INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registries ADD COLUMN retention_days INTEGER NOT NULL DEFAULT 7;
ALTER TABLE registries ADD COLUMN retention_set_at INTEGER;

-- When something in the repository was last deleted that can be restored; null while there is no such thing in it.
ALTER TABLE repositories ADD COLUMN deleted_at INTEGER;
CREATE INDEX repositories_deleted ON repositories (registry_id, name) WHERE deleted_at IS NOT NULL;

-- One index led over all registries, whose days differ.
DROP INDEX manifests_deleted;
CREATE INDEX manifests_deleted ON manifests (repository_id, digest) WHERE deleted_at IS NOT NULL;
CREATE INDEX manifests_deleted_by_subject ON manifests (repository_id, subject, deleted_at) WHERE subject IS NOT NULL AND deleted_at IS NOT NULL;

-- Manifests that wait for their deletion: 1 no tag names it, 2 it was deleted and can be restored.
CREATE TABLE manifest_waits (
    manifest_id INTEGER PRIMARY KEY REFERENCES manifests (id),
    registry_id INTEGER NOT NULL REFERENCES registries (id),
    kind        INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    pushed_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX manifest_waits_due ON manifest_waits (registry_id, kind, since, manifest_id);

-- Tags that were deleted and can be restored.
CREATE TABLE deleted_tags (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    name          TEXT NOT NULL,
    hybrid_time   INTEGER NOT NULL,
    digest        BLOB NOT NULL,
    registry_id   INTEGER NOT NULL REFERENCES registries (id),
    deleted_at    INTEGER NOT NULL,
    PRIMARY KEY (repository_id, name, hybrid_time)
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_tags_by_manifest ON deleted_tags (repository_id, digest, deleted_at);
CREATE INDEX deleted_tags_due ON deleted_tags (registry_id, deleted_at);

-- The time of the last push, or of the loss of the last tag, is what is known about those that stand without a tag.
INSERT INTO manifest_waits (manifest_id, registry_id, kind, since, pushed_at)
    SELECT m.id, r.registry_id, CASE WHEN m.deleted_at IS NULL THEN 1 ELSE 2 END, COALESCE(m.deleted_at, m.updated_at), m.created_at
    FROM manifests m JOIN repositories r ON r.id = m.repository_id
    WHERE m.deleted_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = m.id);
