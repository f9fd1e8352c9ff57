-- Identities at other providers, nonces for their tokens, what a link was asked for, and what family `code` counts.

CREATE TABLE identities (
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);

CREATE TABLE nonces (
    hash TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT
);
CREATE INDEX nonces_by_expiry ON nonces (expires_at);

ALTER TABLE links ADD COLUMN network TEXT;
ALTER TABLE links ADD COLUMN address TEXT;
ALTER TABLE links ADD COLUMN email TEXT;
ALTER TABLE links ADD COLUMN email_key TEXT;

ALTER TABLE users ADD COLUMN password_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN tokens_issued_at BIGINT;

CREATE INDEX codes_by_user ON codes (user_id);
