-- How long the attempts of a trial ran that came before the present one, in microseconds.
ALTER TABLE trials ADD COLUMN earlier_time BIGINT NOT NULL DEFAULT 0;
