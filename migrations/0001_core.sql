-- The core: accounts, sessions, codes, keys, the queue and what is kept of events.
-- Portable vocabulary: TEXT, BIGINT, BOOLEAN, BYTEA. Times are milliseconds since the epoch, ids are UUIDs as text.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    email_proven_at BIGINT,
    phone TEXT,
    phone_key TEXT,
    phone_proven_at BIGINT,
    login TEXT,
    login_key TEXT,
    nickname TEXT,
    nickname_key TEXT,
    first_name TEXT,
    last_name TEXT,
    full_name TEXT,
    age BIGINT,
    password_hash TEXT,
    password_set_at BIGINT,
    registered_network TEXT,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login_at BIGINT,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX users_by_email ON users (email_key);
CREATE UNIQUE INDEX users_by_phone ON users (phone_key);
CREATE UNIQUE INDEX users_by_login ON users (login_key);
CREATE UNIQUE INDEX users_by_nickname ON users (nickname_key);
CREATE INDEX users_by_status ON users (status, created_at);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    family TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    rotates BOOLEAN NOT NULL,
    access_lifetime BIGINT NOT NULL,
    refresh_lifetime BIGINT NOT NULL,
    address TEXT,
    user_agent TEXT,
    ended_at BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE codes (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    context TEXT NOT NULL,
    network TEXT NOT NULL,
    known BOOLEAN NOT NULL,
    user_id TEXT,
    hash BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    own_failures BIGINT NOT NULL,
    other_failures BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    cooldown_until BIGINT NOT NULL,
    spent_at BIGINT
);
CREATE UNIQUE INDEX codes_by_slot ON codes (purpose, subject, context, network);
CREATE INDEX codes_by_subject ON codes (subject);
CREATE INDEX codes_by_end ON codes (expires_at);

CREATE TABLE password_tries (
    subject TEXT NOT NULL,
    source TEXT NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (subject, source)
);
CREATE INDEX password_tries_by_age ON password_tries (updated_at);

CREATE TABLE known_networks (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network TEXT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, network)
);
CREATE INDEX known_networks_by_age ON known_networks (last_seen_at);

CREATE TABLE signing_keys (
    version BIGINT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public_pem TEXT NOT NULL,
    private_sealed BYTEA,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    retires_at BIGINT
);

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    holder TEXT,
    created_at BIGINT NOT NULL,
    dead_at BIGINT,
    last_error TEXT
);
CREATE INDEX jobs_by_turn ON jobs (dead_at, holder, run_at, id);
CREATE INDEX jobs_by_holder ON jobs (holder);

CREATE TABLE workers (
    id TEXT NOT NULL PRIMARY KEY,
    beat BIGINT NOT NULL,
    started_at BIGINT NOT NULL
);

CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    user_id TEXT,
    session_id TEXT,
    family TEXT NOT NULL,
    address TEXT,
    request_id TEXT,
    detail TEXT
);
CREATE INDEX audit_by_user ON audit (user_id, at);
CREATE INDEX audit_by_time ON audit (at);

CREATE TABLE files (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    replaced_id TEXT
);
CREATE UNIQUE INDEX files_by_name ON files (user_id, name);

CREATE TABLE inbox (
    id TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX inbox_by_time ON inbox (created_at);

CREATE TABLE tombstones (
    hash TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);
CREATE INDEX tombstones_by_age ON tombstones (created_at);

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
