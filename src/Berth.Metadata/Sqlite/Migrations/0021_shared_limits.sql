-- What was asked of a node lately: the nodes that share a database share limits a minute out by it.
ALTER TABLE nodes ADD COLUMN demand TEXT;
ALTER TABLE nodes ADD COLUMN demand_at INTEGER NOT NULL DEFAULT 0;
