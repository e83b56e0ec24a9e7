//! The example of the README.

#![allow(clippy::print_stdout)] // a program to look at

// [readme]
use wts_session::{CompleteOptions, SessionStatus, UpdateOptions, blocking};

fn main() -> Result<(), wts_session::Error> {
    let client = blocking::Client::builder().build()?; // takes WTS_API_KEY
    let session = client.update_session_status("session_12345", SessionStatus::InProgress, UpdateOptions::new())?;
    println!("{}", session.as_json());
    for outcome in client.complete_sessions(["session_12345", "session_23456"], CompleteOptions::new()) {
        println!("{}: {:?}", outcome.session_id, outcome.result);
    }
    Ok(())
}
// [/readme]
