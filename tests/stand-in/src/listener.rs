use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::complain;
use crate::connection::{Counter, WatchedIo, finish};

/// So many connections wait to be accepted; the system drops others, whose clients try again after a second. The usual 128 are
/// less than a client opens at once.
const BACKLOG: u32 = 4096;

/// Listens on 127.0.0.1; port 0 stands for a free one.
pub(crate) fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A port that was in use a moment ago is free. On Windows it would be so even while it is in use.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

/// The next connection to `listener`.
pub(crate) async fn next(listener: &TcpListener) -> TcpStream {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                complain(&format!("cannot accept a connection: {error}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The watched connections to a port, after their TLS handshake where there is one.
pub(crate) struct Accepted {
    arrivals: mpsc::UnboundedReceiver<WatchedIo>,
    address: SocketAddr,
}

impl Accepted {
    /// Accepts from `listener` in the background.
    pub(crate) fn from(listener: TcpListener, tls: Option<TlsAcceptor>, counter: Counter) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, arrivals) = mpsc::unbounded_channel();
        tokio::spawn(accept(listener, tls, counter, sender));
        Ok(Self { arrivals, address })
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    counter: Counter,
    arrivals: mpsc::UnboundedSender<WatchedIo>,
) {
    while !arrivals.is_closed() {
        let stream = next(&listener).await;
        tokio::spawn(hand_over(stream, tls.clone(), counter.clone(), arrivals.clone()));
    }
}

/// Hands a connection to HTTP. A client that has left by then, or that refuses the certificate, is no fault of ours.
async fn hand_over(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    counter: Counter,
    arrivals: mpsc::UnboundedSender<WatchedIo>,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let io = match tls {
        None => WatchedIo::new(Box::new(stream), &counter),
        Some(tls) => match tls.accept(stream).into_fallible().await {
            Ok(stream) => WatchedIo::new(Box::new(stream), &counter),
            // Closing with unread bytes would send RST, and the client would not see the alert.
            Err((_, stream)) => return finish(stream).await,
        },
    };
    drop(arrivals.send(io));
}

impl axum::serve::Listener for Accepted {
    type Io = WatchedIo;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.arrivals.recv().await {
            Some(io) => (io, self.address),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::listen;
    use std::net::TcpStream;
    use std::time::Duration;

    #[tokio::test]
    async fn as_many_connections_as_a_client_opens_at_once_wait() {
        const AT_ONCE: usize = 200;
        let listener = listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let waiting: Result<Vec<_>, _> = std::iter::repeat_with(connect).take(AT_ONCE).collect();
        assert_eq!(waiting.unwrap().len(), AT_ONCE);
    }
}
