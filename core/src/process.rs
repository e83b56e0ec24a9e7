//! Which process this is.

use std::process;
use std::sync::OnceLock;

static FORKS: OnceLock<fn() -> u64> = OnceLock::new();

/// One process: neither its parent nor any child of it.
///
/// The id alone does not tell, because in a PID namespace of its own a child may have the id of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    id: u32,
    forks: u64,
}

impl Process {
    /// The process that runs this.
    pub fn current() -> Self {
        Self { id: process::id(), forks: FORKS.get().map_or(0, |count| count()) }
    }
}

/// Has `count` tell how many forks led to this process. To be called before anything else of this library: it needs unsafe
/// code, which bindings may have. Without it, the id alone counts.
pub fn count_forks_with(count: fn() -> u64) {
    // The first one stays: another would make this process look like another one.
    let _ = FORKS.set(count);
}
