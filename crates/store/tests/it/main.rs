//! The contract of the store: every function, on SQLite and on PostgreSQL; counters and values in process and in Redis.

#[cfg(test)]
#[macro_use]
mod support;

#[cfg(test)]
mod backup;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod commits;
#[cfg(test)]
mod files;
#[cfg(test)]
mod identifiers;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kv;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod records;
#[cfg(test)]
mod renaming;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod source;
#[cfg(test)]
mod tries;
#[cfg(test)]
mod users;
