-- What was taken over from other services: which of their rows became whom, and how it looked then, so that importing again
-- changes nothing that has not changed there. A row outlives its user, so that nobody who was deleted comes back; one without
-- a user was that of somebody deleted already.

CREATE TABLE imported (
    family TEXT NOT NULL,
    source_id TEXT NOT NULL,
    user_id TEXT,
    digest TEXT NOT NULL,
    password_digest TEXT,
    joined BOOLEAN NOT NULL,
    seen_at BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (family, source_id)
);
CREATE INDEX imported_by_user ON imported (user_id);

CREATE TABLE imported_files (
    source_id TEXT NOT NULL,
    name TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (source_id, name)
);
