-- Manifests that were pushed before what they refer to, which has not come since. docs/dev/formats.md explains the tables.
CREATE TABLE absent_subjects (
    manifest_id   INTEGER PRIMARY KEY REFERENCES manifests (id),
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    subject       BLOB NOT NULL,
    since         INTEGER NOT NULL
) STRICT;
CREATE INDEX absent_subjects_by_subject ON absent_subjects (repository_id, subject);
CREATE INDEX absent_subjects_due ON absent_subjects (since, manifest_id);
