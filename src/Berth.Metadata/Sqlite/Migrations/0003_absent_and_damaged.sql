-- An edge to a non-distributable layer that was absent when its manifest came: it holds nothing yet, and holds the layer once it is pushed.
ALTER TABLE edges ADD COLUMN may_be_absent INTEGER NOT NULL DEFAULT 0;

-- 1 while a manifest's bytes are not what its digest says: it is answered as absent until a push brings them again.
ALTER TABLE manifests ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0;

-- A session that has just ended keeps its repository's memberships as one at work does.
DROP INDEX uploads_by_repository;
CREATE INDEX uploads_by_repository ON uploads (repository_id, state, progress_at) WHERE state < 3;
