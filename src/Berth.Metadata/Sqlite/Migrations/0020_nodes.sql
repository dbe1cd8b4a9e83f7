-- The processes that serve the installation: one of them here, any number where they share a database.
CREATE TABLE nodes (
    id           TEXT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL,
    version      TEXT NOT NULL,
    is_draining  INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    clock_offset INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX nodes_by_start ON nodes (started_at, id);
CREATE INDEX nodes_by_sight ON nodes (seen_at);

-- Those that somebody holds now, however many are over.
CREATE INDEX leases_by_end ON leases (expires_at, name);
