//! Values that a forked child must not share with its parent.

use std::convert::Infallible;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;

use crate::process::Process;

/// One value per process: a forked child makes its own.
///
/// The value of the parent stays in the memory of the child, but is neither used nor dropped there, because its sockets,
/// threads and locks belong to the parent. No lock is held while a value is made, so a fork never leaves one locked.
#[derive(Debug)]
pub struct PerProcess<T> {
    first: OnceLock<Box<Generation<T>>>,
}

#[derive(Debug)]
struct Generation<T> {
    process: Process,
    value: ManuallyDrop<T>,
    next: OnceLock<Box<Generation<T>>>,
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> PerProcess<T> {
    /// Holds no value yet.
    pub const fn new() -> Self {
        Self { first: OnceLock::new() }
    }

    /// The value of this process, if there is one.
    pub fn get(&self) -> Option<&T> {
        self.find(Process::current()).ok()
    }

    /// The value of this process; `make` makes it if there is none. If two threads make one at the same time, one of the two
    /// is dropped.
    pub fn get_or_make<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        let process = Process::current();
        let end = match self.find(process) {
            Ok(value) => return Ok(value),
            Err(end) => end,
        };
        let made = Generation { process, value: ManuallyDrop::new(make()?), next: OnceLock::new() };
        let mut made = Some(Box::new(made));
        let generation = end.get_or_init(|| made.take().expect("this runs once at most"));
        if let Some(of_the_slower_thread) = made {
            drop(ManuallyDrop::into_inner(of_the_slower_thread.value));
        }
        Ok(&generation.value)
    }

    /// As [`get_or_make`](Self::get_or_make), with the default of its type.
    pub fn get_or_default(&self) -> &T
    where
        T: Default,
    {
        match self.get_or_make(|| Ok::<_, Infallible>(T::default())) {
            Ok(value) => value,
        }
    }

    /// The value of `process`, or the end of the list.
    fn find(&self, process: Process) -> Result<&T, &OnceLock<Box<Generation<T>>>> {
        let mut link = &self.first;
        while let Some(generation) = link.get() {
            if generation.process == process {
                return Ok(&generation.value);
            }
            link = &generation.next;
        }
        Err(link)
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let process = Process::current();
        let mut link = self.first.take();
        while let Some(mut generation) = link {
            link = generation.next.take();
            if generation.process == process {
                drop(ManuallyDrop::into_inner(generation.value));
            }
        }
    }
}
