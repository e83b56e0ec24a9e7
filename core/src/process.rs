//! Which process this is.

use std::process;
use std::sync::OnceLock;

static IDENTITY: OnceLock<fn() -> Process> = OnceLock::new();

/// One process: neither its parent nor any child of it.
///
/// The id alone does not tell, because in a PID namespace of its own a child may have the id of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Zero where the number alone tells: to ask for the id is a system call.
    id: u32,
    number: u64,
}

impl Process {
    /// The process that runs this.
    pub fn current() -> Self {
        IDENTITY.get().map_or_else(|| Self::after_forks(0), |identity| identity())
    }

    /// The process with this number, which has another one than its parent whichever way it was made.
    pub fn numbered(number: u64) -> Self {
        Self { id: 0, number }
    }

    /// The process that runs this; so many forks that were noticed led to it.
    pub fn after_forks(forks: u64) -> Self {
        Self { id: process::id(), number: forks }
    }
}

/// Has `identity` tell which process runs it. To be called before anything else of this library: it needs unsafe code, which
/// bindings may have. Without it, the id alone counts.
pub fn identify_processes_with(identity: fn() -> Process) {
    // The first one stays: another would make this process look like another one.
    let _ = IDENTITY.set(identity);
}
