//! Wakes an event loop of the program from a thread of the library.

use std::io;

#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::fd::AsRawFd;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

/// A socket that becomes readable when an event loop must wake up.
#[cfg(unix)]
#[derive(Debug)]
pub struct Wakeup {
    /// Both ends stay open together: writing to a socket without a reader raises `SIGPIPE`.
    writer: UnixStream,
    reader: UnixStream,
}

#[cfg(unix)]
impl Wakeup {
    /// A new one; `None` on systems whose event loops can't wait for it.
    ///
    /// # Errors
    /// If the system gives no descriptors.
    pub fn new() -> io::Result<Option<Self>> {
        let (writer, reader) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        reader.set_nonblocking(true)?;
        Ok(Some(Self { writer, reader }))
    }

    /// The descriptor that the event loop waits for.
    pub fn descriptor(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    /// Makes it readable.
    pub fn wake(&self) {
        // It fails only if the socket is full, and then it is readable already.
        let _ = (&self.writer).write(&[0]);
    }

    /// Makes it unreadable until the next wake-up.
    pub fn clear(&self) {
        // It fails only if there was no wake-up.
        let _ = (&self.reader).read(&mut [0; 64]);
    }
}

/// Event loops on Windows can't wait for sockets of other libraries.
#[cfg(not(unix))]
#[derive(Debug)]
pub enum Wakeup {}

#[cfg(not(unix))]
impl Wakeup {
    /// Always `None`.
    ///
    /// # Errors
    /// Never.
    pub fn new() -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// Never called: there is no value of this type.
    pub fn descriptor(&self) -> i32 {
        match *self {}
    }

    /// Never called: there is no value of this type.
    pub fn wake(&self) {
        match *self {}
    }

    /// Never called: there is no value of this type.
    pub fn clear(&self) {
        match *self {}
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Wakeup;
    use std::io::{ErrorKind, Read};

    #[test]
    fn it_is_readable_from_wake_to_clear() {
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
