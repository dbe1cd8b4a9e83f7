-- An edge to a non-distributable layer that was absent when its manifest came: it holds nothing yet, and holds the layer once it is pushed.
ALTER TABLE edges ADD COLUMN may_be_absent INTEGER NOT NULL DEFAULT 0;
