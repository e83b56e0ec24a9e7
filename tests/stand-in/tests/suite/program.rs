use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::stand_in::StandIn;

const PROGRAM: &str = env!("CARGO_BIN_EXE_wts-stand-in");

#[test]
fn it_ends_with_its_standard_input_and_leaves_nothing_behind() {
    let mut stand_in = StandIn::start(&[]);
    let ca_file = stand_in.announced["ca_file"].as_str().unwrap().to_owned();
    assert!(Path::new(&ca_file).exists());
    drop(stand_in.process().stdin.take());
    assert!(stand_in.process().wait().unwrap().success());
    assert!(!Path::new(&ca_file).parent().unwrap().exists());
}

#[test]
fn it_ends_on_a_signal_with_connections_open() {
    for signal in ["-INT", "-TERM"] {
        let mut stand_in = StandIn::start(&[]);
        let _idle = stand_in.begin_completing("session_12345").answer();
        let _open = stand_in.connect();
        let ca_file = stand_in.announced["ca_file"].as_str().unwrap().to_owned();
        let id = stand_in.process().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert!(stand_in.process().wait().unwrap().success(), "{signal}");
        assert!(!Path::new(&ca_file).parent().unwrap().exists());
    }
}

#[test]
fn people_get_text_with_a_command_to_try() {
    let output = Command::new(PROGRAM).arg("--stay-with-stdin").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["curl -X PUT 'http://127.0.0.1:", "Authorization: Bearer pn_", "session_12345", "redirect_target"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn every_listener_is_announced() {
    let stand_in = StandIn::start(&[]);
    for name in ["api", "reset_on_accept", "close_on_accept", "silent", "refused", "redirect_target"] {
        assert!(stand_in.announced[name].as_str().unwrap().starts_with("http://127.0.0.1:"), "{name}");
    }
    for name in ["", "_expired", "_wrong_name", "_unknown_authority", "_plain", "_reset", "_stall"] {
        let name = format!("tls{name}");
        assert!(stand_in.announced[&name].as_str().unwrap().starts_with("https://127.0.0.1:"), "{name}");
    }
}

#[test]
fn the_port_can_be_chosen() {
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    let output = Command::new(PROGRAM).args(["--port", &port]).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&port) && text.contains("in use"), "{text}");
}

#[test]
fn what_it_cannot_do_it_says() {
    for (arguments, complaint) in [
        (["--limit", "5"], "a limit is REQUESTS/SECONDS"),
        (["--latency", "9..1"], "longer than the longest"),
        (["--scripts", "/nonexistent"], "/nonexistent"),
    ] {
        let output = Command::new(PROGRAM).args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(complaint), "{text}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn two_cases_cannot_share_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let case = r#"{"name": "n", "session_id": "twice", "script": [{"pass": true}]}"#;
    std::fs::write(folder.path().join("cases.json"), format!("[{case}, {case}]")).unwrap();
    let output = Command::new(PROGRAM).arg("--scripts").arg(folder.path()).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("twice"));
}
