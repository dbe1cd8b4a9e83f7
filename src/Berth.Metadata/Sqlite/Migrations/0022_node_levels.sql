-- What a node understands of what others leave to it: a node begins something new only once every node that serves does.
ALTER TABLE nodes ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
