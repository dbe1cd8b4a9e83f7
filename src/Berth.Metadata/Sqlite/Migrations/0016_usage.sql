-- What a repository holds alone, what uploads have reserved, soft limits, and how usage grew. docs/dev/formats.md explains the columns.

-- Of a repository's bytes those that no other repository of its registry holds, and what open uploads have reserved. The largest repositories are a range.
ALTER TABLE usage ADD COLUMN unique_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;
CREATE INDEX usage_by_bytes ON usage (registry_id, bytes) WHERE repository_id > 0;
INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests, tags, unique_bytes)
    SELECT registry_id, repository_id, 0, 0, 0, 0, sum(bytes) FROM (
        SELECT c.registry_id, c.repository_sum AS repository_id, b.size AS bytes
            FROM registry_blobs c JOIN blobs b ON b.digest = c.digest WHERE c.repositories = 1
        UNION ALL SELECT r.registry_id, r.id, m.size FROM manifests m JOIN repositories r ON r.id = m.repository_id)
    WHERE true GROUP BY registry_id, repository_id
    ON CONFLICT DO UPDATE SET unique_bytes = excluded.unique_bytes;

-- An upload of content that the registry has already reserves nothing of its quota, and something of the repository's.
ALTER TABLE uploads ADD COLUMN repository_reserved INTEGER NOT NULL DEFAULT 0;

-- Bytes from which on somebody is told; when they were passed last, and whether that has been told.
ALTER TABLE registries ADD COLUMN soft_quota INTEGER;
ALTER TABLE registries ADD COLUMN soft_quota_passed_at INTEGER;
ALTER TABLE registries ADD COLUMN soft_quota_told INTEGER NOT NULL DEFAULT 1;
ALTER TABLE repositories ADD COLUMN soft_quota INTEGER;
ALTER TABLE repositories ADD COLUMN soft_quota_passed_at INTEGER;
ALTER TABLE repositories ADD COLUMN soft_quota_told INTEGER NOT NULL DEFAULT 1;
CREATE INDEX registries_untold ON registries (id) WHERE soft_quota_told = 0;
CREATE INDEX repositories_untold ON repositories (id) WHERE soft_quota_told = 0;
CREATE INDEX repositories_limited ON repositories (registry_id, name) WHERE quota IS NOT NULL OR soft_quota IS NOT NULL;

-- What a registry held on a day, counted from 1970-01-01 UTC.
CREATE TABLE usage_history (
    registry_id INTEGER NOT NULL REFERENCES registries (id),
    day         INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    blobs       INTEGER NOT NULL,
    manifests   INTEGER NOT NULL,
    tags        INTEGER NOT NULL,
    PRIMARY KEY (registry_id, day)
) STRICT, WITHOUT ROWID;
