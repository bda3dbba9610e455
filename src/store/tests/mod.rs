//! The store as its callers see it; each area in a file of its own.

mod earlier;
mod fixtures;
mod group_commit;
mod imports;
mod inbox;
mod model;
mod opening;
mod outbox;
mod retention;
mod sweeps;
mod usage;
mod views;
