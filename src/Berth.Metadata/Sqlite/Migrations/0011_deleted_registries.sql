-- A deleted registry is kept for a time, in which it can be recovered. docs/dev/formats.md explains the columns.
ALTER TABLE registries ADD COLUMN purge_after INTEGER;
ALTER TABLE registries ADD COLUMN purging INTEGER NOT NULL DEFAULT 0;
CREATE INDEX registries_deleted ON registries (purging, id) WHERE purge_after IS NOT NULL;

-- Whether an account was enabled when its registry was deleted.
ALTER TABLE principals ADD COLUMN retired_enabled INTEGER;

-- Those that were deleted before there was a way back have the same time from now on.
UPDATE registries SET purge_after = CAST(strftime('%s', 'now') AS INTEGER) * 1000 + 1209600000 WHERE deleted_at IS NOT NULL;
