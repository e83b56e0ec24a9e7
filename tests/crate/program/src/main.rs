//! Fails if the crate changes how this program's own serde_json and rustls behave.

use serde_json::{Map, Value};
use wts_session::{Client, ErrorKind, Session};

fn main() {
    let map: Map<String, Value> = serde_json::from_str(r#"{"b": 1, "a": 2}"#).expect("it is an object");
    assert_eq!(map.keys().collect::<Vec<_>>(), ["a", "b"], "maps are sorted, as without the crate");

    let roots = rustls::RootCertStore::empty();
    // It panics where features of two providers are on.
    let _config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();

    let session = Session::from_json(r#"{"b": 1, "a": 2}"#).expect("it is an object");
    let names: Vec<_> = session.fields().expect("plain values").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "a"], "sessions keep the order of the API");

    let error = wts_session::Error::for_tests(ErrorKind::RateLimited, "Later").retryable(true).build();
    assert!(error.retryable() && error.code() == "rate_limited");

    // `builder` above has made the program's provider that of the process; the crate was built without one and uses it.
    let client = Client::builder().api_key("pn_x").base_url("https://localhost:1").build();
    assert!(client.is_ok(), "{client:?}");
}
