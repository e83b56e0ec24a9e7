//! One budget for all processes and machines of an account: `docs/design/shared-limits.md`.

mod exchange;
mod file;
mod machine;
#[cfg(feature = "redis")]
mod redis;
mod store;

#[cfg(all(test, feature = "redis"))]
mod tests;
