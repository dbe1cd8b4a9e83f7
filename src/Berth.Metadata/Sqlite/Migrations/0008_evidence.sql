-- Who pulls what, and when each credential was used last. docs/dev/formats.md explains each table.

-- Nothing wrote it so far: it is made anew with what a registry's list and a principal's list need.
DROP TABLE consumers;
CREATE TABLE consumers (
    registry_id   INTEGER NOT NULL REFERENCES registries (id),
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    digest        BLOB NOT NULL,
    principal     TEXT NOT NULL,
    address       TEXT NOT NULL,
    user_agent    TEXT NOT NULL,
    count         INTEGER NOT NULL,
    first_at      INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    PRIMARY KEY (registry_id, repository_id, digest, principal, address, user_agent)
) STRICT, WITHOUT ROWID;
CREATE INDEX consumers_by_age ON consumers (last_at);
CREATE INDEX consumers_by_principal ON consumers (registry_id, principal, repository_id, digest, address, user_agent);

ALTER TABLE credentials ADD COLUMN last_used_address TEXT;
ALTER TABLE federated_credentials ADD COLUMN last_used_at INTEGER;
ALTER TABLE federated_credentials ADD COLUMN last_used_address TEXT;

-- What is known about a person's password beside its hash; when one was set that is older than this table, nobody knows.
CREATE TABLE passwords (
    principal_id      INTEGER PRIMARY KEY REFERENCES principals (id),
    set_at            INTEGER,
    last_used_at      INTEGER,
    last_used_address TEXT
) STRICT;
INSERT INTO passwords (principal_id) SELECT id FROM principals WHERE password_hash IS NOT NULL;
