//! Opening the ports.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::addresses::Addresses;
use crate::connection::{Connection, Counter};
use crate::faults::{self, RefusedPort};
use crate::listener::{Accepted, listen};
use crate::options::Options;
use crate::service::Service;
use crate::{StartError, api, complain, control};

/// A stand-in whose ports are open for as long as its runtime lives.
pub(crate) struct Serving {
    pub(crate) addresses: Addresses,
    pub(crate) service: Arc<Service>,
    _refused: Option<RefusedPort>,
}

/// Serves the API, over TLS too with each of the acceptors under its name, and the faults.
pub(crate) async fn serve(options: &Options, tls: Vec<(&'static str, TlsAcceptor)>) -> Result<Serving, StartError> {
    let counter = Counter::new();
    let mut ports = Ports::default();
    ports.serve_api(options.port).await?;
    ports.serve_tls(tls).await?;
    ports.serve_faults(&counter).await?;
    let service = Arc::new(Service::new(options, counter.clone(), &ports.addresses)?);
    let router = router(Arc::clone(&service));
    for server in ports.servers {
        server.start(router.clone(), counter.clone())?;
    }
    Ok(Serving { addresses: ports.addresses, service, _refused: ports.refused })
}

fn router(service: Arc<Service>) -> Router {
    Router::new().nest("/_stand-in", control::routes()).fallback(api::answer).with_state(service)
}

/// A port that serves the API.
struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Server {
    fn start(self, router: Router, counter: Counter) -> io::Result<()> {
        let accepted = Accepted::from(self.listener, self.tls, counter)?;
        let service = router.into_make_service_with_connect_info::<Connection>();
        tokio::spawn(async move {
            if let Err(error) = axum::serve(accepted, service).await {
                complain(&error);
            }
        });
        Ok(())
    }
}

/// The ports that are bound, and their addresses.
#[derive(Default)]
struct Ports {
    addresses: Addresses,
    servers: Vec<Server>,
    refused: Option<RefusedPort>,
}

impl Ports {
    async fn serve_api(&mut self, port: u16) -> Result<(), StartError> {
        let listener = listen(port).map_err(|error| unavailable(port, &error))?;
        self.http("api", listener.local_addr()?.port());
        self.servers.push(Server { listener, tls: None });
        Ok(())
    }

    async fn serve_tls(&mut self, acceptors: Vec<(&'static str, TlsAcceptor)>) -> io::Result<()> {
        for (name, tls) in acceptors {
            let listener = listen(0)?;
            self.https(name, listener.local_addr()?.port());
            self.servers.push(Server { listener, tls: Some(tls) });
        }
        Ok(())
    }

    async fn serve_faults(&mut self, counter: &Counter) -> io::Result<()> {
        self.http("reset_on_accept", faults::meet(faults::reset).await?);
        self.http("close_on_accept", faults::meet(faults::close).await?);
        self.http("silent", faults::meet(faults::stay_silent).await?);
        self.https("tls_plain", faults::plain_http().await?);
        let tls_reset = faults::meet(faults::reset_after_first_bytes).await?;
        self.https("tls_reset", tls_reset);
        self.https("tls_stall", faults::meet(faults::stay_silent).await?);
        let redirect_target = faults::redirect_target(counter.clone()).await?;
        self.http("redirect_target", redirect_target);
        let refused = RefusedPort::hold()?;
        self.http("refused", refused.port()?);
        self.refused = Some(refused);
        Ok(())
    }

    fn http(&mut self, name: &'static str, port: u16) {
        self.add(name, "http", port);
    }

    fn https(&mut self, name: &'static str, port: u16) {
        self.add(name, "https", port);
    }

    fn add(&mut self, name: &'static str, scheme: &str, port: u16) {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        self.addresses.add(name, format!("{scheme}://{address}"));
    }
}

fn unavailable(port: u16, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::AddrInUse {
        format!("port {port} is in use: choose another one with --port, or leave --port out to get a free one")
    } else {
        format!("port {port}: {error}")
    }
}
