use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::http::{Line, request};
use crate::stand_in::StandIn;

/// What comes of a handshake by a client that trusts the stand-in's authority, and of a request after it.
fn over_tls(stand_in: &StandIn, name: &str, text: &str) -> std::io::Result<String> {
    let ca_file = stand_in.announced["ca_file"].as_str().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), server).unwrap();
    let stream = TcpStream::connect(stand_in.address(name))?;
    let mut tls = StreamOwned::new(connection, stream);
    tls.write_all(text.as_bytes())?;
    let mut answer = String::new();
    tls.read_to_string(&mut answer).map(|_| answer)
}

fn tls_failure(name: &str) -> String {
    let stand_in = StandIn::start(&[]);
    over_tls(&stand_in, name, "GET / HTTP/1.1\r\n\r\n").unwrap_err().to_string()
}

#[test]
fn reset_on_accept() {
    let stand_in = StandIn::start(&[]);
    match Line::try_to(stand_in.address("reset_on_accept")) {
        Ok(mut line) => assert_eq!(line.reset(), ErrorKind::ConnectionReset),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[test]
fn close_on_accept() {
    let stand_in = StandIn::start(&[]);
    let mut line = Line::to(stand_in.address("close_on_accept"));
    assert_eq!(line.rest().unwrap(), b"");
}

#[test]
fn silence() {
    for name in ["silent", "tls_stall"] {
        let stand_in = StandIn::start(&[]);
        let mut line = Line::to(stand_in.address(name));
        line.send("GET / HTTP/1.1\r\n\r\n");
        let stream = line.stream();
        stream.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
        let silence = (&stream).read(&mut [0]).unwrap_err().kind();
        assert!(matches!(silence, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{name}: {silence:?}");
    }
}

#[test]
fn refused() {
    let stand_in = StandIn::start(&[]);
    let error = TcpStream::connect(stand_in.address("refused")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn tls_serves_the_same_api() {
    let stand_in = StandIn::start(&[]);
    let headers =
        [("Authorization", &*stand_in.bearer()), ("Content-Type", "application/json"), ("Connection", "close")];
    let text = request("PUT", "/chat/v1/session/session_12345/complete", &headers, "{}");
    let answer = over_tls(&stand_in, "tls", &text).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(stand_in.ask("/requests?session_id=session_12345").as_array().unwrap().len(), 1);
}

#[test]
fn scripts_are_played_over_tls_too() {
    let stand_in = StandIn::start(&[]);
    let text = stand_in.request_text("/chat/v1/session/s/complete", "{}");
    stand_in
        .script("s", serde_json::json!([{"raw": [{"send": "by hand"}, {"close": true}]}, {"raw": [{"reset": true}]}]));
    assert_eq!(over_tls(&stand_in, "tls", &text).unwrap(), "by hand");
    let error = over_tls(&stand_in, "tls", &text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn bad_certificates() {
    for (name, fault) in [
        ("tls_expired", "expired"),
        ("tls_wrong_name", "not valid for name"),
        ("tls_unknown_authority", "UnknownIssuer"),
    ] {
        let failure = tls_failure(name);
        assert!(failure.contains(fault), "{name}: {failure}");
    }
}

#[test]
fn plain_text_where_tls_is_expected() {
    let failure = tls_failure("tls_plain");
    assert!(failure.contains("corrupt message"), "{failure}");
}

#[test]
fn a_reset_in_the_handshake() {
    let stand_in = StandIn::start(&[]);
    let error = over_tls(&stand_in, "tls_reset", "GET / HTTP/1.1\r\n\r\n").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn the_redirect_target_counts_its_connections() {
    let stand_in = StandIn::start(&[]);
    let mut line = Line::to(stand_in.address("redirect_target"));
    assert_eq!(line.exchange(&request("PUT", "/x", &[], "")).status, 204);
    assert_eq!(stand_in.ask("/connections")["redirect_target"], 1);
    assert_eq!(stand_in.ask("/connections")["opened"], 0);
}
