//! How the background thread wakes an event loop without entering Python.

use std::io;

#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::fd::AsRawFd;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

/// A socket that becomes readable when it is rung.
///
/// Entering Python would mean to wait for the GIL, and to die with the interpreter where that ends at this moment.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Bell {
    /// Both ends stay open together: writing to a socket without a reader raises `SIGPIPE`.
    rope: UnixStream,
    clapper: UnixStream,
}

#[cfg(unix)]
impl Bell {
    /// One, if this system has such sockets.
    pub(crate) fn new() -> io::Result<Option<Self>> {
        let (rope, clapper) = UnixStream::pair()?;
        rope.set_nonblocking(true)?;
        clapper.set_nonblocking(true)?;
        Ok(Some(Self { rope, clapper }))
    }

    /// What the loop waits for.
    pub(crate) fn descriptor(&self) -> i32 {
        self.clapper.as_raw_fd()
    }

    pub(crate) fn ring(&self) {
        // It fails only where so many rings are unheard that one more says nothing new.
        let _ = (&self.rope).write(&[0]);
    }

    /// Makes it unreadable until it is rung again.
    pub(crate) fn silence(&self) {
        // It fails only where nothing was rung.
        let _ = (&self.clapper).read(&mut [0; 64]);
    }
}

/// Windows' own loop waits for no sockets of others.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) enum Bell {}

#[cfg(not(unix))]
impl Bell {
    pub(crate) fn new() -> io::Result<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn descriptor(&self) -> i32 {
        match *self {}
    }

    pub(crate) fn ring(&self) {
        match *self {}
    }

    pub(crate) fn silence(&self) {
        match *self {}
    }
}
