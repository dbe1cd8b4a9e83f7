-- Identity and access: who there is, what proves it, what it may do. docs/dev/formats.md explains each table. GUIDs and scopes are stored in
-- lower case; a scope is a resource's ARM id without a slash at its end, "/" for everything.

-- Grows when rights may have been lost in every registry at once: a registry's security epoch is the sum of its own and this one.
ALTER TABLE installation ADD COLUMN security_epoch INTEGER NOT NULL DEFAULT 0;

-- "key" is the name in lower case.
CREATE TABLE resource_groups (
    subscription_id TEXT NOT NULL,
    key             TEXT NOT NULL,
    name            TEXT NOT NULL,
    location        TEXT NOT NULL,
    tags            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (subscription_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO resource_groups (subscription_id, key, name, location, tags, created_at, updated_at)
    SELECT subscription_id, 'default', 'default', region, '{}', created_at, created_at FROM installation;

-- A deleted registry's row stays for good, so that neither its id nor its epoch comes back: it has no scope any more and another name.
ALTER TABLE registries ADD COLUMN scope TEXT;
ALTER TABLE registries ADD COLUMN location TEXT NOT NULL DEFAULT '';
ALTER TABLE registries ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';
ALTER TABLE registries ADD COLUMN admin_user_enabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registries ADD COLUMN anonymous_pull_enabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registries ADD COLUMN role_assignment_mode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registries ADD COLUMN properties TEXT NOT NULL DEFAULT '{}';
ALTER TABLE registries ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registries ADD COLUMN deleted_at INTEGER;
UPDATE registries SET
    scope = lower('/subscriptions/' || subscription_id || '/resourcegroups/' || resource_group || '/providers/microsoft.containerregistry/registries/' || name),
    location = COALESCE((SELECT region FROM installation), ''),
    updated_at = created_at;
CREATE UNIQUE INDEX registries_by_scope ON registries (scope) WHERE scope IS NOT NULL;

ALTER TABLE repositories ADD COLUMN anonymous_pull INTEGER NOT NULL DEFAULT 0;

-- AUTOINCREMENT, which cannot be added to a table that stands: an epoch belongs to an id, so that an id must never be given again.
CREATE TABLE principals_with_ids_for_good (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    object_id     TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    client_id     TEXT,
    registry_id   INTEGER REFERENCES registries (id),
    password_hash TEXT,
    enabled       INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
INSERT INTO principals_with_ids_for_good (id, object_id, kind, name, display_name, password_hash, enabled, epoch, created_at, updated_at)
    SELECT id, object_id, kind, name, name, password_hash, enabled, epoch, created_at, updated_at FROM principals;
DROP TABLE principals;
ALTER TABLE principals_with_ids_for_good RENAME TO principals;
CREATE UNIQUE INDEX principals_by_client_id ON principals (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX principals_by_kind ON principals (kind, name);
CREATE INDEX principals_by_registry ON principals (registry_id) WHERE registry_id IS NOT NULL;

-- The resource that a managed identity is.
CREATE TABLE managed_identities (
    principal_id    INTEGER PRIMARY KEY REFERENCES principals (id),
    scope           TEXT NOT NULL UNIQUE,
    subscription_id TEXT NOT NULL,
    resource_group  TEXT NOT NULL,
    name            TEXT NOT NULL,
    location        TEXT NOT NULL,
    tags            TEXT NOT NULL
) STRICT;

CREATE TABLE group_members (
    group_id   INTEGER NOT NULL REFERENCES principals (id),
    member_id  INTEGER NOT NULL REFERENCES principals (id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (group_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_member ON group_members (member_id, group_id);

-- Secrets (as their SHA-256, or protected by their owner where they must be shown again) and certificates.
CREATE TABLE credentials (
    id               INTEGER PRIMARY KEY,
    principal_id     INTEGER NOT NULL REFERENCES principals (id),
    key_id           TEXT NOT NULL,
    kind             INTEGER NOT NULL,           -- 1 secret, 2 certificate
    slot             TEXT,
    display_name     TEXT,
    hint             TEXT,
    secret_hash      BLOB,
    protected_secret BLOB,
    thumbprint       TEXT,
    certificate      BLOB,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER,
    last_used_at     INTEGER,
    UNIQUE (principal_id, key_id)
) STRICT;
CREATE UNIQUE INDEX credentials_by_slot ON credentials (principal_id, slot) WHERE slot IS NOT NULL;

CREATE TABLE federated_credentials (
    principal_id INTEGER NOT NULL REFERENCES principals (id),
    name         TEXT NOT NULL,
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    audiences    TEXT NOT NULL,
    description  TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (principal_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE role_definitions (
    id                TEXT NOT NULL PRIMARY KEY,
    name              TEXT NOT NULL UNIQUE,
    description       TEXT NOT NULL,
    assignable_scopes TEXT NOT NULL,
    permissions       TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    created_by        TEXT NOT NULL,
    updated_at        INTEGER NOT NULL,
    updated_by        TEXT NOT NULL
) STRICT;

CREATE TABLE role_assignments (
    id                 TEXT NOT NULL PRIMARY KEY,
    scope              TEXT NOT NULL,
    role_definition_id TEXT NOT NULL,
    principal_id       INTEGER NOT NULL REFERENCES principals (id),
    principal_kind     TEXT NOT NULL,
    condition          TEXT,
    condition_version  TEXT,
    description        TEXT,
    created_at         INTEGER NOT NULL,
    created_by         TEXT NOT NULL,
    updated_at         INTEGER NOT NULL,
    updated_by         TEXT NOT NULL,
    UNIQUE (principal_id, scope, role_definition_id)
) STRICT;
CREATE INDEX role_assignments_by_scope ON role_assignments (scope, id);
CREATE INDEX role_assignments_by_role ON role_assignments (role_definition_id);

CREATE TABLE scope_maps (
    id             INTEGER PRIMARY KEY,
    registry_id    INTEGER NOT NULL REFERENCES registries (id),
    name           TEXT NOT NULL,
    description    TEXT NOT NULL,
    actions        TEXT NOT NULL,
    system_defined INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    UNIQUE (registry_id, name)
) STRICT;

-- Whether a token is enabled, and its credentials, are its principal's.
CREATE TABLE registry_tokens (
    principal_id INTEGER PRIMARY KEY REFERENCES principals (id),
    registry_id  INTEGER NOT NULL REFERENCES registries (id),
    name         TEXT NOT NULL,
    scope_map_id INTEGER NOT NULL REFERENCES scope_maps (id),
    created_at   INTEGER NOT NULL,
    UNIQUE (registry_id, name)
) STRICT;
CREATE INDEX registry_tokens_by_scope_map ON registry_tokens (scope_map_id);

-- What the authority remembers between two requests; each row is known by the SHA-256 of a code that only the client has.
CREATE TABLE authority_grants (
    hash       BLOB NOT NULL PRIMARY KEY,
    alias      BLOB UNIQUE,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL,
    payload    TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX authority_grants_due ON authority_grants (expires_at);

CREATE TABLE used_assertions (
    hash       BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_assertions_due ON used_assertions (expires_at);

-- Who pulls what: no mutations, written in batches, with the retention of access events.
CREATE TABLE consumers (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    digest        BLOB NOT NULL,
    principal     TEXT NOT NULL,
    address       TEXT NOT NULL,
    user_agent    TEXT NOT NULL,
    count         INTEGER NOT NULL,
    first_at      INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    PRIMARY KEY (repository_id, digest, principal, address, user_agent)
) STRICT, WITHOUT ROWID;
CREATE INDEX consumers_by_age ON consumers (last_at);
