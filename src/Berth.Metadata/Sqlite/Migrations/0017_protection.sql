-- Which tags name one manifest and no other, by patterns of their names. docs/dev/formats.md explains the table.
CREATE TABLE tag_rules (
    registry_id  INTEGER NOT NULL REFERENCES registries (id),
    name         TEXT NOT NULL,
    repositories TEXT NOT NULL,
    tags         TEXT NOT NULL,
    is_regex     INTEGER NOT NULL,
    exceptions   TEXT NOT NULL,                 -- a JSON array of globs
    deletable    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    updated_at   INTEGER NOT NULL,
    updated_by   TEXT NOT NULL,
    PRIMARY KEY (registry_id, name)
) STRICT, WITHOUT ROWID;

-- When a fact ends by itself; null for never, 0 for what is known without any effect.
ALTER TABLE security_facts ADD COLUMN until INTEGER;
CREATE INDEX security_facts_quarantine ON security_facts (registry_id, digest) WHERE kind = 'quarantine';

-- What sets a whole repository apart from those who pull, and until when.
ALTER TABLE repositories ADD COLUMN quarantine TEXT;
ALTER TABLE repositories ADD COLUMN quarantine_until INTEGER;
CREATE INDEX repositories_quarantined ON repositories (registry_id, name) WHERE quarantine IS NOT NULL;
