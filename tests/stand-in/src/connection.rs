//! Connections that the stand-in watches: it counts them, sees the request line as it was sent, and can take the socket
//! away from HTTP to play an answer by hand.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

use crate::listener::Accepted;
use crate::lock::lock;

/// A socket, with or without TLS.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {
    /// Lets the coming close be a reset (RST), not an orderly end (FIN).
    fn reset_on_close(&self) -> io::Result<()>;
}

impl Wire for TcpStream {
    fn reset_on_close(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

impl Wire for TlsStream<TcpStream> {
    fn reset_on_close(&self) -> io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}

/// Reads until the peer closes or breaks the connection.
pub(crate) async fn drain(mut reader: impl AsyncRead + Unpin) {
    let mut discarded = [0; 8192];
    while matches!(reader.read(&mut discarded).await, Ok(1..)) {}
}

/// Sends FIN. Bytes that still come in are read for a while, since closing with unread bytes would send RST.
pub(crate) async fn finish(mut wire: impl AsyncRead + AsyncWrite + Unpin) {
    const LINGER: Duration = Duration::from_secs(1);
    if wire.shutdown().await.is_ok() {
        let gone = tokio::time::timeout(LINGER, drain(wire));
        drop(gone.await);
    }
}

/// How many connections there are and were. A connection counts as opened once it has carried a request; one that only
/// ever carried requests to the control surface is not counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    accepted: u64,
    without_request: usize,
    in_use: usize,
    pub(crate) opened: u64,
    pub(crate) peak: usize,
    pub(crate) redirect_target: u64,
}

impl Counts {
    pub(crate) fn open(&self) -> usize {
        self.without_request + self.in_use
    }
}

/// Counts connections, and lets others await a count.
#[derive(Clone, Debug)]
pub(crate) struct Counter(watch::Sender<Counts>);

impl Counter {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Counts::default()))
    }

    pub(crate) fn counts(&self) -> Counts {
        *self.0.borrow()
    }

    /// Waits until at most `limit` connections are open, `longest` at the most.
    pub(crate) async fn wait_until_open_at_most(&self, limit: usize, longest: Duration) {
        let mut changes = self.0.subscribe();
        let few_enough = changes.wait_for(|counts| counts.open() <= limit);
        drop(tokio::time::timeout(longest, few_enough).await);
    }

    /// Counts a connection to the redirect target.
    pub(crate) fn saw_redirect_target(&self) {
        self.0.send_modify(|counts| counts.redirect_target += 1);
    }

    fn accept(&self) -> u64 {
        let mut serial = 0;
        self.0.send_modify(|counts| {
            counts.accepted += 1;
            counts.without_request += 1;
            serial = counts.accepted;
        });
        serial
    }
}

/// What a connection has carried so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    Nothing,
    Control,
    Api,
}

/// What one connection carries, kept in step with the counts.
struct Mark {
    counter: Counter,
    traffic: Mutex<Traffic>,
}

impl Mark {
    fn carries(&self, traffic: Traffic) {
        let mut before = lock(&self.traffic);
        if *before == traffic || *before == Traffic::Api {
            return;
        }
        self.counter.0.send_modify(|counts| {
            counts.without_request -= usize::from(*before == Traffic::Nothing);
            if traffic == Traffic::Api {
                counts.in_use += 1;
                counts.opened += 1;
                counts.peak = counts.peak.max(counts.in_use);
            }
        });
        *before = traffic;
    }
}

/// Counts a connection as open until it is dropped.
struct Open(Arc<Mark>);

impl Drop for Open {
    fn drop(&mut self) {
        let traffic = *lock(&self.0.traffic);
        self.0.counter.0.send_modify(|counts| match traffic {
            Traffic::Nothing => counts.without_request -= 1,
            Traffic::Control => {}
            Traffic::Api => counts.in_use -= 1,
        });
    }
}

/// A socket that counts as open for as long as it lives.
pub(crate) struct Socket {
    wire: Box<dyn Wire>,
    _open: Open,
}

impl Socket {
    /// Closes with RST.
    pub(crate) fn reset(self) -> io::Result<()> {
        self.wire.reset_on_close()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

/// The first line of the request that is being received.
#[derive(Debug, Default)]
struct RequestLine {
    bytes: Vec<u8>,
    complete: bool,
    answered: bool,
}

impl RequestLine {
    fn received(&mut self, bytes: &[u8]) {
        if self.answered {
            *self = Self::default();
        }
        if self.complete {
            return;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.bytes.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
        self.complete = end.is_some() && !self.bytes.trim_ascii().is_empty();
    }

    fn target(&self) -> Option<String> {
        let line = String::from_utf8_lossy(&self.bytes);
        let target = line.split_ascii_whitespace().nth(1).map(str::to_owned);
        target.filter(|_| self.complete && !self.answered)
    }
}

struct Watched {
    serial: u64,
    mark: Arc<Mark>,
    request_line: Mutex<RequestLine>,
    socket: Mutex<Option<Socket>>,
}

/// The handle by which the requests of a connection know it.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Watched>);

impl Connection {
    /// The serial number of the connection, from 1.
    pub(crate) fn serial(&self) -> u64 {
        self.0.serial
    }

    /// Notes what the request at hand is for.
    pub(crate) fn carries(&self, traffic: Traffic) {
        self.0.mark.carries(traffic);
    }

    /// The target of the request at hand, byte by byte as it was sent.
    pub(crate) fn request_target(&self) -> Option<String> {
        lock(&self.0.request_line).target()
    }

    /// Takes the socket away from HTTP, for which the connection is then closed.
    pub(crate) fn take_socket(&self) -> Option<Socket> {
        lock(&self.0.socket).take()
    }
}

impl axum::extract::connect_info::Connected<IncomingStream<'_, Accepted>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Accepted>) -> Self {
        stream.io().0.clone()
    }
}

/// What HTTP reads from and writes to.
pub(crate) struct WatchedIo(Connection);

impl WatchedIo {
    pub(crate) fn new(wire: Box<dyn Wire>, counter: &Counter) -> Self {
        let serial = counter.accept();
        let mark = Arc::new(Mark { counter: counter.clone(), traffic: Mutex::new(Traffic::Nothing) });
        let socket = Socket { wire, _open: Open(Arc::clone(&mark)) };
        Self(Connection(Arc::new(Watched {
            serial,
            mark,
            request_line: Mutex::default(),
            socket: Mutex::new(Some(socket)),
        })))
    }

    fn with_socket<T>(
        &self,
        without: Poll<io::Result<T>>,
        act: impl FnOnce(Pin<&mut Socket>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match lock(&self.0.0.socket).as_mut() {
            Some(socket) => act(Pin::new(socket)),
            None => without,
        }
    }
}

impl Drop for WatchedIo {
    fn drop(&mut self) {
        drop(self.0.take_socket());
    }
}

impl AsyncRead for WatchedIo {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.with_socket(Poll::Ready(Ok(())), |socket| { socket.poll_read(context, buffer) }))?;
        lock(&self.0.0.request_line).received(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WatchedIo {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        lock(&self.0.0.request_line).answered = true;
        let taken = Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        self.with_socket(taken, |socket| socket.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with_socket(Poll::Ready(Ok(())), |socket| socket.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with_socket(Poll::Ready(Ok(())), |socket| socket.poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_line_is_kept_as_sent() {
        let mut line = RequestLine::default();
        line.received(b"PUT /chat/v1/session/a%2fb#c");
        assert_eq!(line.target(), None);
        line.received(b"/status HTTP/1.1\r\nhost: x\r\n");
        line.received(b"other: y\r\n\r\n{}");
        assert_eq!(line.target().as_deref(), Some("/chat/v1/session/a%2fb#c/status"));
    }

    #[test]
    fn each_request_has_its_own_line() {
        let mut line = RequestLine::default();
        line.received(b"PUT /first HTTP/1.1\r\n\r\n");
        line.answered = true;
        assert_eq!(line.target(), None, "answered already");
        line.received(b"\r\n");
        line.received(b"PUT /second HTTP/1.1\r\n\r\n");
        assert_eq!(line.target().as_deref(), Some("/second"));
    }

    #[test]
    fn control_connections_are_not_counted() {
        let counter = Counter::new();
        let (near, _far) = tokio::io::duplex(64);
        let io = WatchedIo::new(Box::new(near), &counter);
        assert_eq!(counter.counts().open(), 1);
        io.0.carries(Traffic::Control);
        assert_eq!(counter.counts().open(), 0);
        io.0.carries(Traffic::Api);
        io.0.carries(Traffic::Control);
        assert_eq!(counter.counts().open(), 1);
        assert_eq!(counter.counts().opened, 1);
        drop(io);
        assert_eq!(counter.counts().open(), 0);
        assert_eq!(counter.counts().peak, 1);
    }

    impl Wire for tokio::io::DuplexStream {
        fn reset_on_close(&self) -> io::Result<()> {
            Ok(())
        }
    }
}
