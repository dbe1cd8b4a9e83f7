-- Manifests that were pushed before what they refer to, which has not come since. docs/dev/formats.md explains the tables.
CREATE TABLE absent_subjects (
    manifest_id   INTEGER PRIMARY KEY REFERENCES manifests (id),
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    subject       BLOB NOT NULL,
    since         INTEGER NOT NULL
) STRICT;
CREATE INDEX absent_subjects_by_subject ON absent_subjects (repository_id, subject);
CREATE INDEX absent_subjects_due ON absent_subjects (since, manifest_id);

-- What the repositories of one owner hold together; '' stands for those without one. It follows every change of usage, whatever makes it, and a repository that gets another owner.
CREATE TABLE owner_usage (
    registry_id  INTEGER NOT NULL,
    owner        TEXT NOT NULL,
    bytes        INTEGER NOT NULL,
    blobs        INTEGER NOT NULL,
    manifests    INTEGER NOT NULL,
    tags         INTEGER NOT NULL,
    unique_bytes INTEGER NOT NULL,
    PRIMARY KEY (registry_id, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX owner_usage_by_bytes ON owner_usage (registry_id, bytes);

INSERT INTO owner_usage (registry_id, owner, bytes, blobs, manifests, tags, unique_bytes)
    SELECT u.registry_id, COALESCE(r.owner, ''), sum(u.bytes), sum(u.blobs), sum(u.manifests), sum(u.tags), sum(u.unique_bytes)
    FROM usage u JOIN repositories r ON r.id = u.repository_id WHERE u.repository_id > 0 GROUP BY 1, 2;

CREATE TRIGGER usage_begins AFTER INSERT ON usage WHEN NEW.repository_id > 0
BEGIN
    INSERT INTO owner_usage (registry_id, owner, bytes, blobs, manifests, tags, unique_bytes)
        SELECT NEW.registry_id, COALESCE((SELECT owner FROM repositories WHERE id = NEW.repository_id), ''), NEW.bytes, NEW.blobs, NEW.manifests, NEW.tags, NEW.unique_bytes
        WHERE true
        ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes, blobs = blobs + excluded.blobs, manifests = manifests + excluded.manifests,
            tags = tags + excluded.tags, unique_bytes = unique_bytes + excluded.unique_bytes;
END;

CREATE TRIGGER usage_moves AFTER UPDATE OF bytes, blobs, manifests, tags, unique_bytes ON usage WHEN NEW.repository_id > 0
BEGIN
    UPDATE owner_usage SET bytes = bytes + NEW.bytes - OLD.bytes, blobs = blobs + NEW.blobs - OLD.blobs, manifests = manifests + NEW.manifests - OLD.manifests,
        tags = tags + NEW.tags - OLD.tags, unique_bytes = unique_bytes + NEW.unique_bytes - OLD.unique_bytes
    WHERE registry_id = NEW.registry_id AND owner = COALESCE((SELECT owner FROM repositories WHERE id = NEW.repository_id), '');
END;

CREATE TRIGGER repositories_change_owner AFTER UPDATE OF owner ON repositories WHEN NEW.owner IS NOT OLD.owner
BEGIN
    UPDATE owner_usage SET (bytes, blobs, manifests, tags, unique_bytes) = (
            SELECT owner_usage.bytes - u.bytes, owner_usage.blobs - u.blobs, owner_usage.manifests - u.manifests, owner_usage.tags - u.tags,
                owner_usage.unique_bytes - u.unique_bytes
            FROM usage u WHERE u.registry_id = NEW.registry_id AND u.repository_id = NEW.id)
        WHERE registry_id = NEW.registry_id AND owner = COALESCE(OLD.owner, '')
            AND EXISTS (SELECT 1 FROM usage u WHERE u.registry_id = NEW.registry_id AND u.repository_id = NEW.id);
    INSERT INTO owner_usage (registry_id, owner, bytes, blobs, manifests, tags, unique_bytes)
        SELECT u.registry_id, COALESCE(NEW.owner, ''), u.bytes, u.blobs, u.manifests, u.tags, u.unique_bytes
        FROM usage u WHERE u.registry_id = NEW.registry_id AND u.repository_id = NEW.id
        ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes, blobs = blobs + excluded.blobs, manifests = manifests + excluded.manifests,
            tags = tags + excluded.tags, unique_bytes = unique_bytes + excluded.unique_bytes;
    DELETE FROM owner_usage WHERE registry_id = NEW.registry_id AND owner = COALESCE(OLD.owner, '') AND owner <> '' AND NOT EXISTS (
        SELECT 1 FROM repositories r WHERE r.registry_id = NEW.registry_id AND r.owner = OLD.owner);
END;
CREATE INDEX repositories_by_owner ON repositories (registry_id, owner) WHERE owner IS NOT NULL;

-- What a repository held on a day. A day on which it held what it held on the one before has no row.
CREATE TABLE repository_usage_history (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    day           INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    blobs         INTEGER NOT NULL,
    manifests     INTEGER NOT NULL,
    tags          INTEGER NOT NULL,
    PRIMARY KEY (repository_id, day)
) STRICT, WITHOUT ROWID;

-- Until when the changes of a workload's report that were taken fill up the pace at which changes are taken.
ALTER TABLE workloads ADD COLUMN paced_until INTEGER NOT NULL DEFAULT 0;

-- Upload sessions that hold room of a quota, by when they last made progress.
CREATE INDEX uploads_reserving ON uploads (progress_at) WHERE state < 2 AND (reserved > 0 OR repository_reserved > 0);
