//! What went wrong before the head of an answer was there, and which side failed.

use std::io;

use rustls::AlertDescription;

use super::causes::{find, innermost};
use super::connection::HasEnded;
use super::dns::LookupError;
use super::proxy::ProxyError;
use crate::error::{Error, ErrorKind};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The request went to a connection that had carried others before.
    pub(crate) on_used_connection: bool,
    /// That connection ended before the first byte of an answer.
    pub(crate) died_idle: bool,
    /// There was no connection, for want of descriptors or memory.
    pub(crate) lacks_resources: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, on_used_connection: false, died_idle: false, lacks_resources: false }
    }
}

/// A failure before the head of an answer was there.
pub(super) fn no_answer(error: reqwest::Error, has_left: bool) -> Error {
    let cause = innermost(&error);
    let (result, may_have_been_applied) = if error.is_timeout() {
        (timed_out_connecting(&cause), has_left)
    } else if let Some(fault) = find::<rustls::Error>(&error) {
        (tls_fault(fault), has_left && !is_refusal_of_the_handshake(fault))
    } else if let Some(proxy) = find::<ProxyError>(&error) {
        (no_connection(format!("{}.", capitalized(&proxy.to_string())), !proxy.is_lasting()), false)
    } else if let Some(lookup) = find::<LookupError>(&error) {
        (no_connection(format!("The name look-up failed: {lookup}."), true), false)
    } else if find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
        let message = "The answer is not HTTP as it should be.";
        (Error::new(ErrorKind::UnexpectedResponse, message, format!("{cause}.")), has_left)
    } else if has_left {
        let message = "The connection broke before an answer came.";
        (Error::new(ErrorKind::Connection, message, format!("{cause}.")).with_retryable(true), true)
    } else {
        (no_connection(format!("{cause}."), true), false)
    };
    result.with_may_have_been_applied(may_have_been_applied).with_source(error.without_url())
}

fn timed_out_connecting(cause: &str) -> Error {
    Error::new(ErrorKind::Timeout, "The time limit passed.", format!("No connection in time: {cause}."))
        .with_retryable(true)
}

fn no_connection(description: String, retryable: bool) -> Error {
    Error::new(ErrorKind::Connection, "No connection to the API.", description).with_retryable(retryable)
}

fn tls_fault(fault: &rustls::Error) -> Error {
    let description = match fault {
        rustls::Error::InvalidCertificate(why) => format!("The server's certificate is not accepted: {why}."),
        rustls::Error::AlertReceived(alert) => format!("The server ended TLS with the alert {alert:?}."),
        other => format!("TLS failed: {other}."),
    };
    no_connection(description, false)
}

/// Whether the server said no to us, and not to a request. With TLS 1.3 that comes when a request may already be under way,
/// which the server does not read then.
fn is_refusal_of_the_handshake(fault: &rustls::Error) -> bool {
    use AlertDescription as Alert;
    matches!(
        fault,
        rustls::Error::AlertReceived(
            Alert::HandshakeFailure
                | Alert::NoCertificate
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::DecryptError
                | Alert::UnrecognisedName
                | Alert::CertificateRequired
        )
    )
}

/// Whether the connection ended, instead of answering something.
pub(super) fn is_broken(error: &reqwest::Error) -> bool {
    find::<rustls::Error>(error).is_none()
        && find::<hyper::Error>(error).is_some_and(|error| !error.is_parse() && !error.is_timeout())
}

/// Whether nothing was sent because a used connection had ended.
pub(super) fn has_ended(error: &reqwest::Error) -> bool {
    find::<HasEnded>(error).is_some()
}

/// Whether the system is out of descriptors or memory.
pub(super) fn is_out_of_resources(error: &reqwest::Error) -> bool {
    const ENOMEM: i32 = 12;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    const ENOBUFS: i32 = 105;
    let code = find::<io::Error>(error).and_then(io::Error::raw_os_error);
    cfg!(unix) && matches!(code, Some(ENOMEM | ENFILE | EMFILE | ENOBUFS))
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
