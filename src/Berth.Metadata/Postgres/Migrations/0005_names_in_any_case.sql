-- Tokens and scope maps are found whatever the case of their names. Not unique: names that differ in nothing else may stand since before.
CREATE INDEX scope_maps_by_key ON scope_maps (registry_id, lower(name), name);
CREATE INDEX registry_tokens_by_key ON registry_tokens (registry_id, lower(name), name);
