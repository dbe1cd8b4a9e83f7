-- The managed identities that operators attached to a registry. docs/dev/formats.md explains the table.
CREATE TABLE registry_identities (
    registry_id  INTEGER NOT NULL,
    principal_id INTEGER NOT NULL,
    PRIMARY KEY (registry_id, principal_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX registry_identities_principal ON registry_identities (principal_id);
