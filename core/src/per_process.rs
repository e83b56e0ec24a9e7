//! Values that a forked child must not share with its parent.

use std::convert::Infallible;
use std::mem;

use once_cell::race::OnceBox;

use crate::process::Process;

/// One value per process: a forked child makes its own.
///
/// The value of the parent stays in the memory of the child, but is neither used nor dropped there, because its sockets,
/// threads and locks belong to the parent. Nobody ever waits for the thread that makes a value, because a child may be forked
/// at any moment, and has no such thread.
#[derive(Debug)]
pub struct PerProcess<T> {
    first: OnceBox<Generation<T>>,
}

#[derive(Debug)]
struct Generation<T> {
    process: Process,
    /// Always there until it is dropped.
    value: Option<T>,
    next: OnceBox<Self>,
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> PerProcess<T> {
    /// Holds no value yet.
    pub const fn new() -> Self {
        Self { first: OnceBox::new() }
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
        let made = Generation { process, value: Some(make()?), next: OnceBox::new() };
        // Another thread may have been faster.
        drop(end.set(Box::new(made)));
        Ok(end.get().expect("it was set").value())
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
    fn find(&self, process: Process) -> Result<&T, &OnceBox<Generation<T>>> {
        let mut link = &self.first;
        while let Some(generation) = link.get() {
            if generation.process == process {
                return Ok(generation.value());
            }
            link = &generation.next;
        }
        Err(link)
    }
}

impl<T> Generation<T> {
    fn value(&self) -> &T {
        self.value.as_ref().expect("only drop takes it away")
    }
}

impl<T> Drop for Generation<T> {
    fn drop(&mut self) {
        if self.process != Process::current() {
            mem::forget(self.value.take());
        }
    }
}
