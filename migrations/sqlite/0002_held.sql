-- What a running trial waits for, or why a waiting one is started again.
ALTER TABLE trials ADD COLUMN held TEXT;
