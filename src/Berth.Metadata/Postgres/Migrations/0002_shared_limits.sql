-- What was asked of a node lately, by which limits a minute are shared out.
ALTER TABLE nodes ADD COLUMN demand TEXT COLLATE "C";
ALTER TABLE nodes ADD COLUMN demand_at BIGINT NOT NULL DEFAULT 0;
