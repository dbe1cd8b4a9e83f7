-- What the metadata API lists and changes. docs/dev/formats.md explains each column.

-- Lists by time: a page of one is a range of an index, as it is by name.
CREATE INDEX tags_by_time ON tags (repository_id, updated_at, name);
ALTER TABLE manifests ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE manifests SET updated_at = max(created_at, COALESCE((SELECT max(t.updated_at) FROM tags t WHERE t.manifest_id = manifests.id), 0));
CREATE INDEX manifests_by_time ON manifests (repository_id, updated_at, digest) WHERE deleted_at IS NULL;

-- What was removed keeps its place in such a list, for who goes on after it.
ALTER TABLE tombstones ADD COLUMN updated_at INTEGER;

-- Tags are counted as they come and go.
ALTER TABLE usage ADD COLUMN tags INTEGER NOT NULL DEFAULT 0;
UPDATE usage SET tags = (SELECT count(*) FROM tags t WHERE t.repository_id = usage.repository_id) WHERE repository_id <> 0;
UPDATE usage SET tags = COALESCE((SELECT sum(u.tags) FROM usage u WHERE u.registry_id = usage.registry_id AND u.repository_id <> 0), 0)
    WHERE repository_id = 0 AND registry_id <> 0;

-- Who pushed a manifest, and what it and its config say; described = 0 while somebody has yet to look.
ALTER TABLE manifests ADD COLUMN pushed_by TEXT;
ALTER TABLE manifests ADD COLUMN described INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifests ADD COLUMN image_size INTEGER;
ALTER TABLE manifests ADD COLUMN config_media_type TEXT;
ALTER TABLE manifests ADD COLUMN architecture TEXT;
ALTER TABLE manifests ADD COLUMN os TEXT;

-- Who answers for a repository, and what it is for.
ALTER TABLE repositories ADD COLUMN owner TEXT;
ALTER TABLE repositories ADD COLUMN contact TEXT;
ALTER TABLE repositories ADD COLUMN description TEXT;

-- The catalog leaves out what must not be listed without a look at the row; a repository's deletion finds what must not be deleted (1) or written (2).
DROP INDEX repositories_listed;
CREATE INDEX repositories_listed ON repositories (registry_id, name, locks) WHERE listed = 1;
CREATE INDEX tags_locked ON tags (repository_id, name) WHERE (locks & 3) <> 0;
CREATE INDEX manifests_locked ON manifests (repository_id, digest) WHERE (locks & 3) <> 0;

-- When a manifest was pulled last.
CREATE INDEX consumers_by_use ON consumers (repository_id, digest, last_at);
