-- Rules that say what goes and what stays, and the plans that are made of them. docs/dev/formats.md explains the tables.
CREATE TABLE lifecycle_rules (
    registry_id INTEGER NOT NULL REFERENCES registries (id),
    name        TEXT NOT NULL,
    body        TEXT NOT NULL,
    enabled     INTEGER NOT NULL,
    next_at     INTEGER,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    updated_at  INTEGER NOT NULL,
    updated_by  TEXT NOT NULL,
    PRIMARY KEY (registry_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX lifecycle_rules_due ON lifecycle_rules (next_at) WHERE next_at IS NOT NULL;

-- What rules would take at a moment, and, where it is a run, what came of it. An id is never given again: clients name previews by it.
CREATE TABLE lifecycle_plans (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    registry_id    INTEGER NOT NULL REFERENCES registries (id),
    kind           INTEGER NOT NULL,            -- 1 preview, 2 run
    state          INTEGER NOT NULL,            -- 0 waiting, 1 evaluating, 2 acting, 3 done, 4 stopped, 5 failed
    rules          TEXT NOT NULL,
    preview_id     INTEGER,
    max_difference INTEGER NOT NULL,
    cause          TEXT NOT NULL,
    message        TEXT,
    tags           INTEGER NOT NULL DEFAULT 0,
    manifests      INTEGER NOT NULL DEFAULT 0,
    kept           INTEGER NOT NULL DEFAULT 0,
    bytes          INTEGER NOT NULL DEFAULT 0,
    added          INTEGER NOT NULL DEFAULT 0,
    done           INTEGER NOT NULL DEFAULT 0,
    skipped        INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL,
    created_by     TEXT NOT NULL,
    started_at     INTEGER,
    ended_at       INTEGER
) STRICT;
CREATE INDEX lifecycle_plans_by_registry ON lifecycle_plans (registry_id, kind, id);
CREATE INDEX lifecycle_plans_open ON lifecycle_plans (registry_id, id) WHERE state < 3;
CREATE INDEX lifecycle_plans_ended ON lifecycle_plans (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE lifecycle_items (
    plan_id    INTEGER NOT NULL REFERENCES lifecycle_plans (id),
    taken      INTEGER NOT NULL,                -- 1 it goes, 0 something keeps it
    repository TEXT NOT NULL,
    kind       INTEGER NOT NULL,                -- 1 manifest, 2 manifest that goes with another, 3 tag
    name       TEXT NOT NULL,
    digest     BLOB NOT NULL,
    rule       TEXT NOT NULL,
    action     INTEGER NOT NULL,                -- 1 untag, 2 delete, 3 lock
    reason     INTEGER NOT NULL,
    holder     TEXT,
    bytes      INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    outcome    INTEGER,                         -- 1 done, 2 skipped; null while nothing was done
    PRIMARY KEY (plan_id, taken, repository, kind, name)
) STRICT, WITHOUT ROWID;
