-- 1 while what is pushed to a registry starts quarantined. Content that a repository of the registry has already is known to it, whichever that is.
ALTER TABLE registries ADD COLUMN quarantine_pushes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX manifests_by_digest ON manifests (digest, repository_id) WHERE deleted_at IS NULL;
