-- A session's row is changed once or twice soon after it was written: with room in its page it stays there, and its indexes need no new entries.
ALTER TABLE uploads SET (fillfactor = 60);
