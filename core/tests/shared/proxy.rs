//! A port that leads to a server that can be changed, as the address of a service does.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

pub(crate) struct Proxy {
    port: u16,
    target: Arc<AtomicU16>,
}

impl Proxy {
    pub(crate) fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(target));
        let to = Arc::clone(&target);
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                // Where nobody listens, the client is told by the end of its connection.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", to.load(Ordering::SeqCst))) {
                    pass(&client, &server);
                    pass(&server, &client);
                }
            }
        });
        Self { port, target }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// New connections lead there.
    pub(crate) fn send_to(&self, target: u16) {
        self.target.store(target, Ordering::SeqCst);
    }
}

fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        // A broken connection ends like one that was closed.
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
