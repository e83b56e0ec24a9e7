//! Tests of a program that uses wts-session, against a stand-in that runs in the same process.

use wts_session::blocking::Client;
use wts_session::{CompleteOptions, Error};

/// The code that is tested.
fn is_gone(client: &Client, session_id: &str) -> Result<bool, Error> {
    match client.complete_session(session_id, CompleteOptions::new()) {
        Err(error) if error.code() == "not_found" => Ok(true),
        other => other.map(|_| false),
    }
}

fn main() {
    let client = Client::builder().build().map_err(|error| error.to_string());
    assert_eq!(
        client.and_then(|client| is_gone(&client, "session_12345").map_err(|error| error.to_string())),
        Ok(false)
    );
}

// [readme]
#[test]
fn a_session_that_is_there_at_the_second_try() -> Result<(), wts_stand_in::StartError> {
    let stand_in = wts_stand_in::StandIn::start()?;
    stand_in.script("session_12345", serde_json::json!([{"status": 503}, {"pass": true}]))?;
    let client = Client::builder().base_url(stand_in.url()).api_key(stand_in.token()).build()?;
    assert!(!is_gone(&client, "session_12345")?); // the code to test
    assert_eq!(stand_in.requests("session_12345").len(), 2);
    assert!(is_gone(&client, "nobody")?);
    Ok(())
}
// [/readme]
