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
