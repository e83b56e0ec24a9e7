//! How a thread of ours wakes an event loop of the program's.

use std::io;

#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::fd::AsRawFd;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

/// A socket that becomes readable when it is rung.
#[cfg(unix)]
#[derive(Debug)]
pub struct Bell {
    /// Both ends stay open together: writing to a socket without a reader raises `SIGPIPE`.
    rope: UnixStream,
    clapper: UnixStream,
}

#[cfg(unix)]
impl Bell {
    /// One, if this system has such sockets.
    ///
    /// # Errors
    /// When the system gives no descriptors.
    pub fn new() -> io::Result<Option<Self>> {
        let (rope, clapper) = UnixStream::pair()?;
        rope.set_nonblocking(true)?;
        clapper.set_nonblocking(true)?;
        Ok(Some(Self { rope, clapper }))
    }

    /// What the loop waits for.
    pub fn descriptor(&self) -> i32 {
        self.clapper.as_raw_fd()
    }

    /// Makes it readable.
    pub fn ring(&self) {
        // It fails only where so many rings are unheard that one more says nothing new.
        let _ = (&self.rope).write(&[0]);
    }

    /// Makes it unreadable until it is rung again.
    pub fn silence(&self) {
        // It fails only where nothing was rung.
        let _ = (&self.clapper).read(&mut [0; 64]);
    }
}

/// Windows' loops wait for no sockets of others.
#[cfg(not(unix))]
#[derive(Debug)]
pub enum Bell {}

#[cfg(not(unix))]
impl Bell {
    /// None.
    ///
    /// # Errors
    /// Never.
    pub fn new() -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// There is none.
    pub fn descriptor(&self) -> i32 {
        match *self {}
    }

    /// There is none.
    pub fn ring(&self) {
        match *self {}
    }

    /// There is none.
    pub fn silence(&self) {
        match *self {}
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Bell;
    use std::io::{ErrorKind, Read};

    #[test]
    fn it_is_readable_from_the_ring_to_the_silence() {
        let bell = Bell::new().unwrap().unwrap();
        let is_silent = || (&bell.clapper).read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(is_silent());
        bell.ring();
        assert!(!is_silent());
        bell.ring();
        bell.silence();
        assert!(is_silent());
    }
}
