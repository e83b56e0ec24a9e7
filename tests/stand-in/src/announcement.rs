//! What the program says about itself at its start.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::addresses::Addresses;
use crate::options::Options;
use crate::sessions::Sessions;

/// Where everything is.
pub(crate) struct Announcement<'a> {
    options: &'a Options,
    addresses: &'a Addresses,
    ca_file: &'a str,
}

impl<'a> Announcement<'a> {
    pub(crate) fn new(options: &'a Options, addresses: &'a Addresses, ca_file: &'a str) -> Self {
        Self { options, addresses, ca_file }
    }

    /// Writes it to standard output.
    pub(crate) fn write(&self) -> io::Result<()> {
        let mut output = io::stdout().lock();
        output.write_all(self.text().as_bytes())?;
        output.flush()
    }

    /// The variables that the clients of all languages take their settings from.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        [("WTS_BASE_URL", self.addresses.fill("{api}")), ("WTS_API_KEY", self.options.first_token())]
    }

    fn text(&self) -> String {
        if self.options.json {
            format!("{}\n", self.for_programs())
        } else if self.options.env {
            self.environment().map(|(name, value)| format!("{name}={value}\n")).concat()
        } else {
            self.for_people()
        }
    }

    fn for_programs(&self) -> Value {
        let sessions: Map<String, Value> =
            Sessions::seeded_ids().map(|(status, ids)| (status.to_owned(), json!(ids))).collect();
        let mut all: Map<String, Value> =
            self.addresses.iter().map(|(name, url)| (name.to_owned(), json!(url))).collect();
        all.insert("token".to_owned(), json!(self.options.first_token()));
        all.insert("tokens".to_owned(), json!(self.options.given_tokens()));
        all.insert("sessions".to_owned(), Value::Object(sessions));
        all.insert("ca_file".to_owned(), json!(self.ca_file));
        Value::Object(all)
    }

    fn for_people(&self) -> String {
        let line = |name: &str, value: &str| format!("  {name:<22} {value}\n");
        let tokens = self.options.given_tokens().into_iter().map(|token| line("token", &token));
        let sessions = Sessions::seeded_ids().map(|(status, ids)| line(&format!("session {status}"), &ids.join("  ")));
        let urls = self.addresses.iter().map(|(name, url)| line(name, url));
        let lines: String = tokens.chain(sessions).chain(urls).collect();
        format!(
            "The stand-in of the WTS Chat API is ready; Ctrl-C ends it.\n\n{lines}{}\n{}",
            line("ca_file", self.ca_file),
            self.curl_command()
        )
    }

    fn curl_command(&self) -> String {
        let authorization = self.options.auth_scheme.authorization(&self.options.first_token());
        let url = self.addresses.fill("{api}/chat/v1/session/session_12345/complete");
        format!(
            "curl -X PUT '{url}' \\\n  -H 'Authorization: {authorization}' \\\n  \
             -H 'Content-Type: application/json' \\\n  -d '{{\"reactivateOnNewMessage\": true}}'\n"
        )
    }
}
