-- Private keys that tokens are signed with. Whoever can read this file can sign, as with the TLS keys beside it.
CREATE TABLE signing_keys (
    issuer      TEXT NOT NULL,                  -- whose tokens it signs: 'registry'
    active_from INTEGER NOT NULL,
    id          TEXT NOT NULL,
    private_key BLOB NOT NULL,                  -- RSA, PKCS #8
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (issuer, active_from, id)
) STRICT, WITHOUT ROWID;
