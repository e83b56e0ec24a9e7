//! Ports where something is wrong from the first packet on.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::http::StatusCode;
use axum::serve::ListenerExt;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::complain;
use crate::connection::{Counter, drain, finish};
use crate::listener::{listen, next};

/// Lets every connection to a new port meet with `fate`, and gives the port.
pub(crate) async fn meet<Fate, Met>(fate: Fate) -> io::Result<u16>
where
    Fate: Fn(TcpStream) -> Met + Send + Sync + 'static,
    Met: Future<Output = ()> + Send + 'static,
{
    let listener = listen(0)?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        loop {
            tokio::spawn(fate(next(&listener).await));
        }
    });
    Ok(port)
}

/// RST at once.
pub(crate) async fn reset(stream: TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        complain(&format!("cannot reset a connection: {error}"));
    }
}

/// RST after the first bytes.
pub(crate) async fn reset_after_first_bytes(mut stream: TcpStream) {
    let mut first_bytes = [0; 1024];
    if stream.read(&mut first_bytes).await.is_ok() {
        reset(stream).await;
    }
}

/// FIN at once.
pub(crate) async fn close(stream: TcpStream) {
    finish(stream).await;
}

/// Never a byte, until the client goes.
pub(crate) async fn stay_silent(stream: TcpStream) {
    drain(stream).await;
}

/// A port where nobody listens, and where nobody else can for as long as this is held.
pub(crate) struct RefusedPort(TcpSocket);

impl RefusedPort {
    pub(crate) fn hold() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self(socket))
    }

    pub(crate) fn port(&self) -> io::Result<u16> {
        Ok(self.0.local_addr()?.port())
    }
}

/// Plain HTTP that answers 404 to everything.
pub(crate) async fn plain_http() -> io::Result<u16> {
    let listener = listen(0)?;
    let port = listener.local_addr()?.port();
    tokio::spawn(serve_plainly(listener, || {}, StatusCode::NOT_FOUND));
    Ok(port)
}

/// Where redirects lead: answers 204 to everything and counts its connections.
pub(crate) async fn redirect_target(counter: Counter) -> io::Result<u16> {
    let listener = listen(0)?;
    let port = listener.local_addr()?.port();
    let count = move || counter.saw_redirect_target();
    tokio::spawn(serve_plainly(listener, count, StatusCode::NO_CONTENT));
    Ok(port)
}

async fn serve_plainly(
    listener: TcpListener,
    on_connection: impl Fn() + Send + 'static,
    status: StatusCode,
) -> io::Result<()> {
    let listener = listener.tap_io(move |_| on_connection());
    let router = Router::new().fallback(async move || status);
    axum::serve(listener, router).await
}
