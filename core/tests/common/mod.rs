//! Starts the stand-in of the API and asks it what it saw.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test
#![allow(dead_code)] // no test program uses all of it

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

/// A running stand-in; it ends with this value, and also with this process.
pub(crate) struct StandIn {
    pub(crate) addresses: Value,
    child: Child,
    /// Closing it ends the stand-in.
    stdin: Option<ChildStdin>,
}

impl StandIn {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let program = program();
        let mut child = Command::new(&program)
            .args(["--json", "--stay-with-stdin"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} (cargo build -p wts-stand-in makes it): {error}", program.display()));
        let stdin = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { addresses: serde_json::from_str(&line).unwrap(), child, stdin }
    }
}

impl StandIn {
    pub(crate) fn api(&self) -> &str {
        self.addresses["api"].as_str().unwrap()
    }

    pub(crate) fn token(&self) -> &str {
        self.addresses["token"].as_str().unwrap()
    }

    /// Sets what happens to the next requests for a session.
    pub(crate) async fn script(&self, session_id: &str, steps: Value) {
        self.tell("scripts", serde_json::json!({"session_id": session_id, "steps": steps}).to_string()).await;
    }

    /// Lets the answers begin that the session's script holds.
    pub(crate) async fn release(&self, session_id: &str) {
        self.tell(&format!("releases?session_id={session_id}"), String::new()).await;
    }

    async fn tell(&self, path: &str, body: String) {
        let response = control().post(format!("{}/_stand-in/{path}", self.api())).body(body).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stdin = None;
        self.child.wait().unwrap();
    }
}

fn program() -> PathBuf {
    env::var_os("WTS_STAND_IN").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("debug").join("wts-stand-in"),
        PathBuf::from,
    )
}

/// A folder or file of the shared suite.
pub(crate) fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(name)
}

/// What the control surface of the stand-in answers to GET.
pub(crate) async fn ask(api: &str, path: &str) -> Value {
    let response = control().get(format!("{api}/_stand-in/{path}")).send().await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// The requests for a session that have reached the stand-in.
pub(crate) async fn requests(api: &str, session_id: &str) -> Vec<Value> {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("session_id", session_id).finish();
    let Value::Array(requests) = ask(api, &format!("requests?{query}")).await else { panic!("not a list") };
    requests
}

fn control() -> reqwest::Client {
    // A client without TLS, for which nobody has to name a provider of cryptography.
    let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}
