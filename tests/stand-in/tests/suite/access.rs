use serde_json::json;

use crate::http::{Answer, request};
use crate::stand_in::StandIn;

const TARGET: &str = "/chat/v1/session/session_12345/complete";

fn put_with(stand_in: &StandIn, authorization: Option<&str>) -> Answer {
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(authorization.map(|value| ("Authorization", value)));
    stand_in.connect().exchange(&request("PUT", TARGET, &headers, "{}"))
}

#[test]
fn without_a_token_of_the_account_nobody_gets_in() {
    let stand_in = StandIn::start(&["--token", "pn_one", "--token", "pn_two"]);
    for wrong in [
        None,
        Some("pn_one"),
        Some("Bearer pn_three"),
        Some("Bearer pn_ones"),
        Some("bearer pn_one"),
        Some("Bearer  pn_one"),
    ] {
        let answer = put_with(&stand_in, wrong);
        assert_eq!(answer.status, 401, "{wrong:?}");
        let body = answer.json();
        assert_eq!(body["key"], "ERROR_UNAUTHORIZED");
        assert_eq!(body["httpStatusCode"], 401);
        assert_eq!(body["text"], "Acesso negado");
        let value = body["id"]["value"].as_str().unwrap();
        assert!(value.starts_with(body["id"]["shortValue"].as_str().unwrap()));
    }
    for token in ["Bearer pn_one", "Bearer pn_two", "Bearer pn_two_variant"] {
        assert_eq!(put_with(&stand_in, Some(token)).status, 200, "{token}");
    }
}

#[test]
fn the_demo_token_is_known_with_and_without_its_ending() {
    let [first, second] = [(); 2].map(|()| StandIn::start(&[]));
    let (given, other) = (first.bearer(), second.bearer());
    assert_ne!(given, other);
    let (plain, _) = given.rsplit_once('_').unwrap();
    for authorization in [plain, &given, &other] {
        assert_eq!(put_with(&first, Some(authorization)).status, 200, "{authorization}");
    }
}

#[test]
fn every_refusal_has_an_id_of_its_own() {
    let stand_in = StandIn::start(&[]);
    let first = put_with(&stand_in, None).json();
    let second = put_with(&stand_in, None).json();
    assert_ne!(first["id"], second["id"]);
}

#[test]
fn raw_tokens_where_the_tenant_wants_them() {
    let stand_in = StandIn::start(&["--auth-scheme", "raw", "--token", "pn_one"]);
    assert_eq!(put_with(&stand_in, Some("pn_one")).status, 200);
    assert_eq!(put_with(&stand_in, Some("Bearer pn_one")).status, 401);
}

#[test]
fn the_journal_tells_the_scheme_and_never_the_key() {
    let stand_in = StandIn::start(&["--token", "pn_one"]);
    for authorization in ["Bearer pn_one", "pn_one", "Bearer pn_other"] {
        put_with(&stand_in, Some(authorization));
    }
    put_with(&stand_in, None);
    let journal = stand_in.control("GET", "/requests", "");
    assert!(!journal.text().contains("pn_"));
    let shown: Vec<_> =
        journal.json().as_array().unwrap().iter().map(|r| r["headers"]["authorization"].clone()).collect();
    assert_eq!(shown, [json!("Bearer ***"), json!("raw ***"), json!("wrong ***"), json!(null)]);
}

#[test]
fn a_wrong_route_looks_like_a_bad_token() {
    let stand_in = StandIn::start(&[]);
    for path in ["/v1/session/session_12345/complete", "/chat/v1/session//status", "/chat/v1/session/../status", "/"] {
        let answer = stand_in.put(path, "{}");
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["key"], "ERROR_UNAUTHORIZED");
        assert_eq!(answer.json()["httpStatusCode"], 404);
    }
    let get = request("GET", TARGET, &[("Authorization", &*stand_in.bearer())], "");
    assert_eq!(stand_in.connect().exchange(&get).status, 404);
    let stranger = request("PUT", "/", &[("Authorization", "Bearer pn_stranger")], "");
    assert_eq!(stand_in.connect().exchange(&stranger).status, 401);
}
