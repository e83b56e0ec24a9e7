//! Sets a session to In Progress, completes another, and shows the errors a user will meet: `make demo`.

#![allow(clippy::print_stdout)] // a program to look at

use std::env;

use wts_session::{CompleteOptions, Error, Session, SessionStatus, UpdateOptions, blocking};

fn main() -> Result<(), Error> {
    let ids: Vec<String> = env::args().skip(1).collect();
    let [update, complete] = ids.as_slice() else {
        println!("Usage: demo <session to set In Progress> <session to complete>");
        return Ok(());
    };
    let client = blocking::Client::builder().build()?;

    println!("update_session_status({update:?}, SessionStatus::InProgress)");
    shown(&client.update_session_status(update, SessionStatus::InProgress, UpdateOptions::new())?);

    println!("complete_session({complete:?}, reactivate_on_new_message(true))");
    let options = CompleteOptions::new().reactivate_on_new_message(true);
    shown(&client.complete_session(complete, options)?);

    println!("complete_session(\"\")");
    failed(client.complete_session("", CompleteOptions::new()));
    println!("update_session_status({update:?}, SessionStatus::Undefined)");
    failed(client.update_session_status(update, SessionStatus::Undefined, UpdateOptions::new()));
    println!("complete_session(\"no-such-session\"), which the API refuses as HTTP 500");
    failed(client.complete_session("no-such-session", CompleteOptions::new()));
    Ok(())
}

fn shown(session: &Session) {
    println!("  -> {}", session.as_json());
}

fn failed(result: Result<Session, Error>) {
    match result {
        Ok(session) => shown(&session),
        Err(error) => println!("  -> {}: {error}", error.code()),
    }
}
