//! Replicas of the built binary over one PostgreSQL and one Redis, behind a balancer: what holds for one process has to
//! hold for all of them together, also while parts of them go away and come back.
//!
//! Each scenario has the machine to itself. `scripts/rig` runs them and prints what they measured as a table.

#[cfg(test)]
mod crashes;
#[cfg(test)]
mod database_away;
#[cfg(test)]
mod families;
#[cfg(test)]
mod first_start;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod redis_away;
#[cfg(test)]
mod revocation;
#[cfg(test)]
mod rolling;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod support;
