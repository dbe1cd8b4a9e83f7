-- Private keys that tokens are signed with. Whoever can read this file can sign, as with the TLS keys beside it.
CREATE TABLE signing_keys (
    id          TEXT NOT NULL PRIMARY KEY,
    issuer      TEXT NOT NULL,                  -- 'registry' or 'authority'
    private_key BLOB NOT NULL,                  -- RSA, PKCS #8
    created_at  INTEGER NOT NULL,
    active_from INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
