-- What must not be deleted or changed on the control plane, at a resource and below. docs/dev/formats.md explains the table.
CREATE TABLE resource_locks (
    scope      TEXT NOT NULL,
    key        TEXT NOT NULL,                   -- the name in lower case
    name       TEXT NOT NULL,
    level      INTEGER NOT NULL,                -- 1 CanNotDelete, 2 ReadOnly
    notes      TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
