-- People and groups of an outside OpenID Connect provider: known by its issuer and its own id for them, never by a name.
ALTER TABLE principals ADD COLUMN issuer TEXT;
ALTER TABLE principals ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX principals_by_subject ON principals (issuer, kind, subject) WHERE issuer IS NOT NULL;

-- Memberships that the provider gave are the provider's to take; those that were given here stay.
ALTER TABLE group_members ADD COLUMN outside INTEGER NOT NULL DEFAULT 0;
