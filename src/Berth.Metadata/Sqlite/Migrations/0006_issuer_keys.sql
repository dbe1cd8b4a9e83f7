-- What it was for stands in authority_grants, with the address that an assertion came from.
DROP TABLE used_assertions;

-- Keys of outside issuers that an operator brought: an issuer that is here is never asked for its own.
CREATE TABLE issuer_keys (
    issuer     TEXT NOT NULL PRIMARY KEY,
    keys       TEXT NOT NULL,                   -- a JWK set of public keys (RFC 7517, 5)
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Whoever trusts an issuer, when its keys change.
CREATE INDEX federated_credentials_by_issuer ON federated_credentials (issuer, principal_id);
