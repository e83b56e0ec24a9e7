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
pub struct Wakeup {
    /// Both ends stay open together: writing to a socket without a reader raises `SIGPIPE`.
    writer: UnixStream,
    reader: UnixStream,
}

#[cfg(unix)]
impl Wakeup {
    /// One, if this system has such sockets.
    ///
    /// # Errors
    /// When the system gives no descriptors.
    pub fn new() -> io::Result<Option<Self>> {
        let (writer, reader) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        reader.set_nonblocking(true)?;
        Ok(Some(Self { writer, reader }))
    }

    /// What the loop waits for.
    pub fn descriptor(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    /// Makes it readable.
    pub fn wake(&self) {
        // It fails only where so many rings are unheard that one more says nothing new.
        let _ = (&self.writer).write(&[0]);
    }

    /// Makes it unreadable until it is rung again.
    pub fn clear(&self) {
        // It fails only where nothing was rung.
        let _ = (&self.reader).read(&mut [0; 64]);
    }
}

/// Windows' loops wait for no sockets of others.
#[cfg(not(unix))]
#[derive(Debug)]
pub enum Wakeup {}

#[cfg(not(unix))]
impl Wakeup {
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
    pub fn wake(&self) {
        match *self {}
    }

    /// There is none.
    pub fn clear(&self) {
        match *self {}
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Wakeup;
    use std::io::{ErrorKind, Read};

    #[test]
    fn it_is_readable_from_the_ring_to_the_silence() {
        let wakeup = Wakeup::new().unwrap().unwrap();
        let is_silent = || (&wakeup.reader).read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(is_silent());
        wakeup.wake();
        assert!(!is_silent());
        wakeup.wake();
        wakeup.clear();
        assert!(is_silent());
    }
}
