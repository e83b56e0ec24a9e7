use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stand_in::StandIn;

#[test]
fn steps_go_one_per_request_and_then_the_api_answers() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"status": 503}, {"pass": true}, {"status": 200, "body": {"a": 1}}]));
    assert_eq!(stand_in.complete("s").status, 503);
    assert_eq!(stand_in.complete("s").json()["status"], "COMPLETED");
    assert_eq!(stand_in.complete("s").json(), json!({"a": 1}));
    assert_eq!(stand_in.complete("s").json()["status"], "COMPLETED");
}

#[test]
fn a_new_script_replaces_the_old_one() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"status": 503}]));
    stand_in.script("s", json!([{"status": 502}]));
    assert_eq!(stand_in.complete("s").status, 502);
    assert_eq!(stand_in.complete("s").status, 200);
}

#[test]
fn well_formed_answers_carry_what_they_are_given() {
    let stand_in = StandIn::start(&[]);
    let odd = json!([{"status": 999, "text": "Bad", "headers": [["Retry-After", "1"], ["retry-after", "é"]]},
        {"status": 204}, {"status": 200, "hex": "efbbbf7b7d"}, {"status": 401, "body_file": "error-unauthorized.json"}]);
    let id = "sess%C3%A3o";
    stand_in.script("sessão", odd);
    let answer = stand_in.complete(id);
    assert_eq!((answer.status, answer.text().as_str()), (999, "Bad"));
    let retry_after: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "retry-after").collect();
    assert_eq!(retry_after.len(), 2);
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(stand_in.complete(id).status, 204);
    assert_eq!(stand_in.complete(id).body, b"\xef\xbb\xbf{}");
    let recorded = stand_in.complete(id);
    assert_eq!(recorded.header("content-type"), Some("application/json"));
    assert_eq!(recorded.body, include_bytes!("../../bodies/error-unauthorized.json"));
}

#[test]
fn a_location_can_name_the_redirect_target() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"status": 307, "headers": [["Location", "{redirect_target}/x"]]}]));
    let target = stand_in.announced["redirect_target"].as_str().unwrap();
    assert_eq!(stand_in.complete("s").header("location"), Some(&*format!("{target}/x")));
}

#[test]
fn an_answer_can_be_delayed() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"status": 200, "delay_ms": 150}, {"pass": true, "delay_ms": 150}]));
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(stand_in.complete("s").status, 200);
        assert!(start.elapsed() >= Duration::from_millis(150));
    }
}

#[test]
fn an_answer_can_be_held_until_it_is_released() {
    let stand_in = StandIn::start(&[]);
    let held = json!({"status": 204, "held": true});
    let raw = json!({"raw": [{"send": "late"}, {"close": true}], "held": true});
    stand_in.script("s", json!([held, raw, {"status": 503}, held]));
    stand_in.script("other", json!([held]));
    let mut first = stand_in.begin_completing("s");
    stand_in.ask("/requests?session_id=s&at_least=1");
    let mut second = stand_in.begin_completing("s");
    stand_in.ask("/requests?session_id=s&at_least=2");
    assert_eq!(stand_in.complete("s").status, 503);
    for line in [&mut first, &mut second] {
        assert!(line.is_silent());
    }
    stand_in.release("other");
    assert_eq!(stand_in.complete("other").status, 204);
    assert!(first.is_silent());
    stand_in.release(" s ");
    assert_eq!(first.answer().status, 204);
    assert_eq!(second.rest().unwrap(), b"late");
    assert_eq!(stand_in.complete("s").status, 204);
}

#[test]
fn a_new_script_releases_what_the_old_one_holds() {
    let stand_in = StandIn::start(&[]);
    let held = json!([{"status": 204, "held": true}]);
    stand_in.script("s", held.clone());
    let mut first = stand_in.begin_completing("s");
    stand_in.ask("/requests?session_id=s&at_least=1");
    stand_in.script("s", held);
    assert_eq!(first.answer().status, 204);
    assert!({
        let mut second = stand_in.begin_completing("s");
        stand_in.ask("/requests?session_id=s&at_least=2");
        second.is_silent()
    });
}

#[test]
fn only_a_session_with_a_script_can_be_released() {
    let stand_in = StandIn::start(&[]);
    let refused = stand_in.control("POST", "/releases?session_id=session_12345", "");
    assert_eq!((refused.status, refused.text().as_str()), (400, "session \"session_12345\" has no script\n"));
    assert_eq!(stand_in.control("POST", "/releases?session=s", "").status, 400);
}

#[test]
fn raw_bytes_and_an_orderly_end() {
    let stand_in = StandIn::start(&[]);
    stand_in.script(
        "s",
        json!([{"raw": [{"send": "HTTP/1.1 20"}, {"wait_ms": 20}, {"send_hex": "30204f4b"},
            {"repeat": "ab", "times": 3}, {"close": true}]}]),
    );
    assert_eq!(stand_in.begin_completing("s").rest().unwrap(), b"HTTP/1.1 200 OKababab");
}

#[test]
fn closing_without_a_byte() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"raw": [{"close": true}]}]));
    assert_eq!(stand_in.begin_completing("s").rest().unwrap(), b"");
}

#[test]
fn a_reset_is_a_reset() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"raw": [{"reset": true}]}, {"raw": [{"send": "HTTP/1.1 "}, {"reset": true}]}]));
    assert_eq!(stand_in.begin_completing("s").reset(), ErrorKind::ConnectionReset);
    let mut line = stand_in.begin_completing("s");
    line.expect("HTTP/1.1 ");
    assert_eq!(line.reset(), ErrorKind::ConnectionReset);
}

#[test]
fn a_stall_lasts_until_the_client_goes() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"raw": [{"send": "HTTP/1.1 "}, {"stall": true}]}]));
    let mut line = stand_in.begin_completing("s");
    line.expect("HTTP/1.1 ");
    assert_eq!(stand_in.ask("/connections")["open"], 1);
    let stream = line.stream();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let silence = std::io::Read::read(&mut &stream, &mut [0]).unwrap_err().kind();
    assert!(matches!(silence, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence:?}");
    drop(stream);
    assert_eq!(stand_in.ask("/connections?at_most=0")["open"], 0);
}

#[test]
fn a_drip_takes_its_time_and_ends_with_the_client() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"raw": [{"repeat": "x", "times": 1_000_000, "every_ms": 20}, {"close": true}]}]));
    let mut line = stand_in.begin_completing("s");
    let start = Instant::now();
    line.expect("xxxxxx");
    assert!(start.elapsed() >= Duration::from_millis(80));
    drop(line);
    assert_eq!(stand_in.ask("/connections?at_most=0")["open"], 0);
}

#[test]
fn a_flood_ends_with_the_client() {
    let stand_in = StandIn::start(&[]);
    stand_in.script("s", json!([{"raw": [{"repeat": "0123456789", "times": 1_000_000_000_000_u64}, {"close": true}]}]));
    let mut line = stand_in.begin_completing("s");
    line.expect("0123456789012");
    drop(line);
    assert_eq!(stand_in.ask("/connections?at_most=0")["open"], 0);
}

#[test]
fn a_script_that_is_none_is_refused() {
    let stand_in = StandIn::start(&[]);
    for script in ["", "{}", r#"{"session_id": "s", "steps": [{"status": 99}]}"#, r#"{"steps": []}"#] {
        let answer = stand_in.control("POST", "/scripts", script);
        assert_eq!(answer.status, 400, "{script}");
        assert!(!answer.text().is_empty());
    }
}
