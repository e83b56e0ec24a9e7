use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::complain;
use crate::connection::{Counter, WatchedIo, finish};

/// Listens on 127.0.0.1; port 0 stands for a free one.
pub(crate) async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
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
