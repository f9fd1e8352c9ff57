-- Certificates by ACME (RFC 8555): the account at each authority, what it issued, how the last orders went, and what
-- answers it while it checks that the names are ours. Keys are sealed.

CREATE TABLE acme_accounts (
    directory TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE certificates (
    directory TEXT NOT NULL,
    names TEXT NOT NULL,
    chain_pem TEXT NOT NULL,
    key_sealed BYTEA NOT NULL,
    issued_at BIGINT NOT NULL,
    renew_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (directory, names)
);

CREATE TABLE acme_failures (
    directory TEXT NOT NULL,
    names TEXT NOT NULL,
    count BIGINT NOT NULL,
    retry_at BIGINT NOT NULL,
    problem TEXT NOT NULL,
    PRIMARY KEY (directory, names)
);

CREATE TABLE acme_challenges (
    kind TEXT NOT NULL,
    token TEXT NOT NULL,
    domain TEXT NOT NULL,
    answer TEXT NOT NULL,
    offered_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, token)
);
