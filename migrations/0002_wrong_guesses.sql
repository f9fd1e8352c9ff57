-- Wrong guesses of an identifier over all purposes, by the hour, so that a day of them can be added up.

CREATE TABLE wrong_guesses (
    subject TEXT NOT NULL,
    hour BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (subject, hour)
);
CREATE INDEX wrong_guesses_by_hour ON wrong_guesses (hour);
