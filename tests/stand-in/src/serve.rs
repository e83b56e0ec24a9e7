//! Starting, announcing and ending.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::addresses::Addresses;
use crate::certificates::{self, Authority};
use crate::connection::{Connection, Counter};
use crate::faults::{self, RefusedPort};
use crate::listener::{Accepted, listen};
use crate::options::Options;
use crate::sessions::Sessions;
use crate::stand_in::StandIn;
use crate::{StartError, api, complain, control};

/// Serves until the program is told to end.
pub(crate) async fn serve(options: &Options) -> Result<(), StartError> {
    let authority = Authority::new()?;
    let folder = tempfile::Builder::new().prefix("wts-stand-in-").tempdir()?;
    let ca_file = write_authority(&authority, &folder)?;
    let counter = Counter::new();
    let mut ports = Ports::default();
    ports.serve_api(options.port).await?;
    ports.serve_tls(&authority).await?;
    ports.serve_faults(&counter).await?;
    let stand_in = StandIn::new(options, counter.clone(), &ports.addresses)?;
    let router = router(Arc::new(stand_in));
    for server in ports.servers {
        server.start(router.clone(), counter.clone())?;
    }
    announce(options, &ports.addresses, &ca_file)?;
    wait_for_the_end(options.stay_with_stdin).await?;
    folder.close()?;
    Ok(())
}

fn write_authority(authority: &Authority, folder: &TempDir) -> io::Result<String> {
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, authority.pem())?;
    Ok(path.to_string_lossy().into_owned())
}

fn router(stand_in: Arc<StandIn>) -> Router {
    Router::new().nest("/_stand-in", control::routes()).fallback(api::answer).with_state(stand_in)
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
        let listener = listen(port).await.map_err(|error| format!("port {port}: {error}"))?;
        self.http("api", listener.local_addr()?.port());
        self.servers.push(Server { listener, tls: None });
        Ok(())
    }

    async fn serve_tls(&mut self, authority: &Authority) -> Result<(), StartError> {
        for (name, tls) in [
            ("tls", authority.valid()?),
            ("tls_expired", authority.expired()?),
            ("tls_wrong_name", authority.for_another_host()?),
            ("tls_unknown_authority", certificates::self_signed()?),
            ("tls_client_certificate", authority.for_clients_with_a_certificate()?),
        ] {
            let listener = listen(0).await?;
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

/// Writes where everything is to standard output.
fn announce(options: &Options, addresses: &Addresses, ca_file: &str) -> io::Result<()> {
    let text = if options.json {
        format!("{}\n", for_programs(options, addresses, ca_file))
    } else {
        for_people(options, addresses, ca_file)
    };
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

fn for_programs(options: &Options, addresses: &Addresses, ca_file: &str) -> Value {
    let sessions: Map<String, Value> =
        Sessions::seeded_ids().map(|(status, ids)| (status.to_owned(), json!(ids))).collect();
    let mut all = addresses.to_json();
    all.insert("token".to_owned(), json!(options.token.first()));
    all.insert("tokens".to_owned(), json!(options.token));
    all.insert("sessions".to_owned(), Value::Object(sessions));
    all.insert("ca_file".to_owned(), json!(ca_file));
    Value::Object(all)
}

fn for_people(options: &Options, addresses: &Addresses, ca_file: &str) -> String {
    let line = |name: &str, value: &str| format!("  {name:<22} {value}\n");
    let tokens = options.token.iter().map(|token| line("token", token));
    let sessions = Sessions::seeded_ids().map(|(status, ids)| line(&format!("session {status}"), &ids.join("  ")));
    let urls = addresses.iter().map(|(name, url)| line(name, url));
    let lines: String = tokens.chain(sessions).chain(urls).collect();
    format!(
        "The stand-in of the WTS Chat API is ready; Ctrl-C ends it.\n\n{lines}{}\n{}",
        line("ca_file", ca_file),
        curl_command(options, addresses)
    )
}

fn curl_command(options: &Options, addresses: &Addresses) -> String {
    let token = options.token.first().map_or("", String::as_str);
    let authorization = options.auth_scheme.authorization(token);
    let url = addresses.fill("{api}/chat/v1/session/session_12345/complete");
    format!(
        "curl -X PUT '{url}' \\\n  -H 'Authorization: {authorization}' \\\n  \
         -H 'Content-Type: application/json' \\\n  -d '{{\"reactivateOnNewMessage\": true}}'\n"
    )
}

/// Waits for SIGINT, SIGTERM or, where the program stays with its standard input, for the end of that.
async fn wait_for_the_end(stay_with_stdin: bool) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let input_ended = end_of_stdin(stay_with_stdin);
    tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        ended = input_ended => ended,
    }
}

/// Reads in a thread of its own, which the end of the program does not wait for.
async fn end_of_stdin(stay_with_stdin: bool) -> io::Result<()> {
    if !stay_with_stdin {
        return std::future::pending().await;
    }
    let (sender, ended) = oneshot::channel();
    std::thread::spawn(move || sender.send(io::copy(&mut io::stdin().lock(), &mut io::sink())));
    match ended.await {
        Ok(read) => read.map(|_| ()),
        Err(closed) => Err(io::Error::other(closed)),
    }
}
