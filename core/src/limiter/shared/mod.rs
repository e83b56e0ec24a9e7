//! One budget for all processes and machines of an account: `docs/design/shared-limits.md`.

mod driver;
mod exchange;
mod failure;
#[cfg(feature = "test-util")]
mod faults;
mod file;
mod machine;
mod participant;
#[cfg(feature = "redis")]
mod redis;
mod store;

pub(super) use driver::{Party, Step, start};
pub(super) use exchange::{Reply, Status};
pub(super) use failure::Failure;
#[cfg(feature = "test-util")]
pub use faults::break_shared_limits;
pub(super) use participant::{Contact, Participant, Told, demand};
pub(super) use store::Store;

#[cfg(test)]
mod simulation;
#[cfg(test)]
#[cfg(feature = "redis")]
mod tests;
