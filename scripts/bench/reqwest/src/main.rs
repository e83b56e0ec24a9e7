//! One call to the stand-in by reqwest with its defaults: `WTS_BASE_URL=... WTS_API_KEY=... first-call-by-reqwest`.

use std::env;
use std::error::Error;

use reqwest::blocking::Client;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let url = format!("{}/chat/v1/session/session_12345/complete", env::var("WTS_BASE_URL")?);
    let request = Client::new().put(url).bearer_auth(env::var("WTS_API_KEY")?).json(&json!({}));
    let session: Value = request.send()?.error_for_status()?.json()?;
    assert_eq!(session["status"], "COMPLETED");
    Ok(())
}
