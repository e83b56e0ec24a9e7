use std::io::{BufRead, BufReader};
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
    let advice = "choose another one with --port, or leave --port out to get a free one";
    assert_eq!(text, format!("wts-stand-in: port {port} is in use: {advice}\n"));
}

#[test]
fn shells_get_the_variables_of_the_clients() {
    let mut child = Command::new(PROGRAM)
        .args(["--env", "--stay-with-stdout", "--token", "pn_shell"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("WTS_BASE_URL=http://127.0.0.1:"));
    assert_eq!(lines.next().unwrap().unwrap(), "WTS_API_KEY=pn_shell");
    assert!(child.try_wait().unwrap().is_none());
    drop(lines);
    assert!(child.wait().unwrap().success(), "it ends with its standard output");
}

#[test]
fn a_command_runs_beside_it_and_gives_its_exit_code() {
    let run =
        |script: &str| Command::new(PROGRAM).args(["--", "sh", "-c", script]).stdin(Stdio::null()).output().unwrap();
    let output = run("echo $WTS_API_KEY $WTS_BASE_URL; exit 7");
    assert_eq!(output.status.code(), Some(7));
    let text = String::from_utf8(output.stdout).unwrap();
    let (token, url) = text.split_once(' ').unwrap();
    assert!(token.starts_with("pn_5tandInDem0Tok3nAbCdEf0123456789_"), "{text}");
    assert!(url.starts_with("http://127.0.0.1:"), "{text}");
    assert!(output.stderr.is_empty());
    assert_eq!(run("kill -KILL $$").status.code(), Some(128 + 9));
}

#[test]
fn a_command_that_is_missing_is_named() {
    let output = Command::new(PROGRAM).args(["--", "/nonexistent/test"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("wts-stand-in: /nonexistent/test: "), "{text}");
}

#[test]
fn a_command_is_told_to_end() {
    // A shell acts on a signal at once only while it waits for a program.
    let script = "sleep 600 & trap 'kill $!; echo told; exit 3' TERM; echo ready; wait";
    let mut child = Command::new(PROGRAM)
        .args(["--", "sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(lines.next().unwrap().unwrap(), "told");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn scripts_may_be_arguments() {
    let stand_in = StandIn::start(&["--script", r#"{"session_id": "late", "steps": [{"status": 503}]}"#]);
    assert_eq!(stand_in.complete("late").status, 503);
    assert_eq!(stand_in.complete("late").status, 200);
}

#[test]
fn what_it_cannot_do_it_says() {
    for (arguments, complaint) in [
        (["--limit", "5"], "a limit is REQUESTS/SECONDS"),
        (["--latency", "9..1"], "longer than the longest"),
        (["--scripts", "/nonexistent"], "/nonexistent"),
        (["--script", r#"{"session_id": "s", "steps": [{"statsu": 503}]}"#], "--script: unknown field `statsu`"),
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
