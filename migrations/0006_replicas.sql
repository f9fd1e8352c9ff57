-- What replicas agree on: who does a duty that one of them does for all, and what has changed that the others may remember.
-- A signing key that was withdrawn verifies nothing any more, whatever it signed.
-- A lease is a number that its holder moves on. A change bears the transaction that made it, so that whoever looks knows
-- which ones were not over when they last looked.

CREATE TABLE leases (
    duty TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    beat BIGINT NOT NULL
);

ALTER TABLE signing_keys ADD COLUMN withdrawn_at BIGINT;

CREATE TABLE changes (
    transaction_id BIGINT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (transaction_id, subject)
);
