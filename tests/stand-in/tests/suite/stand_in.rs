//! The program under test.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::http::{Answer, Line, request};

/// A running stand-in, which ends with this.
pub(crate) struct StandIn {
    child: Child,
    pub(crate) announced: Value,
}

impl StandIn {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wts-stand-in"))
            .args(["--json", "--stay-with-stdin"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, announced: serde_json::from_str(&line).unwrap() }
    }

    pub(crate) fn process(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The address that was announced under `name`.
    pub(crate) fn address(&self, name: &str) -> SocketAddr {
        let url = self.announced[name].as_str().unwrap();
        url.split_once("://").unwrap().1.parse().unwrap()
    }

    pub(crate) fn connect(&self) -> Line {
        Line::to(self.address("api"))
    }

    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.announced["token"].as_str().unwrap())
    }

    /// The text of a request as a client would send it.
    pub(crate) fn request_text(&self, path: &str, body: &str) -> String {
        let headers = [("Authorization", &*self.bearer()), ("Content-Type", "application/json")];
        request("PUT", path, &headers, body)
    }

    /// Sends a PUT on a connection of its own.
    pub(crate) fn put(&self, path: &str, body: &str) -> Answer {
        self.connect().exchange(&self.request_text(path, body))
    }

    pub(crate) fn complete(&self, session_id: &str) -> Answer {
        self.put(&format!("/chat/v1/session/{session_id}/complete"), "{}")
    }

    /// Sends the request that completes a session, and leaves the answer to be read.
    pub(crate) fn begin_completing(&self, session_id: &str) -> Line {
        let mut line = self.connect();
        line.send(&self.request_text(&format!("/chat/v1/session/{session_id}/complete"), "{}"));
        line
    }

    pub(crate) fn script(&self, session_id: &str, steps: Value) {
        let script = json!({"session_id": session_id, "steps": steps}).to_string();
        let answer = self.control("POST", "/scripts", &script);
        assert_eq!(answer.status, 204, "{}", answer.text());
    }

    pub(crate) fn release(&self, session_id: &str) {
        let answer = self.control("POST", &format!("/releases?session_id={}", session_id.replace(' ', "+")), "");
        assert_eq!(answer.status, 204, "{}", answer.text());
    }

    pub(crate) fn ask(&self, path: &str) -> Value {
        let answer = self.control("GET", path, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) fn control(&self, method: &str, path: &str, body: &str) -> Answer {
        self.connect().exchange(&request(method, &format!("/_stand-in{path}"), &[], body))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}
