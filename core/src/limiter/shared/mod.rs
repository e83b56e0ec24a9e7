//! One budget for all processes and machines of an account: `docs/design/shared-limits.md`.

mod driver;
mod exchange;
mod file;
mod machine;
mod participant;
#[cfg(feature = "redis")]
mod redis;
mod store;

pub(super) use driver::{Party, Step, start};
pub(super) use exchange::{Reply, Status};
pub(super) use participant::{Contact, Participant, Told, demand};
pub(super) use store::{Failure, Store};

#[cfg(all(test, feature = "redis"))]
mod tests;
