use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, ValueEnum};

use crate::access::AuthScheme;
use crate::delay::Delay;
use crate::limits::{Limit, PUBLISHED};

/// Without `--token`.
const DEMO_TOKEN: &str = "pn_5tandInDem0Tok3nAbCdEf0123456789";

/// A stand-in of the WTS Chat API for tests and demonstrations. It listens on 127.0.0.1 only.
#[derive(Debug, Parser)]
#[command(name = "wts-stand-in", version)]
pub(crate) struct Options {
    /// Print one line of JSON with all addresses in place of the text for people
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the variables WTS_BASE_URL and WTS_API_KEY in place of the text for people, NAME=VALUE, one a line
    #[arg(long, conflicts_with = "json")]
    pub(crate) env: bool,

    /// The port of the API; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// A token of the account; may be repeated [default: a demo token with an ending that is new at each start]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    token: Vec<String>,

    /// What the demo token ends with.
    #[arg(skip = fastrand::u32(..))]
    ending: u32,

    /// How a token has to be sent
    #[arg(long, value_enum, default_value_t = AuthScheme::Bearer)]
    pub(crate) auth_scheme: AuthScheme,

    /// A limit of the account, or "off"; may be repeated [default: 200/5 and 1000/300]
    #[arg(long, value_name = "REQUESTS/SECONDS")]
    pub(crate) limit: Vec<LimitOption>,

    /// The Retry-After header of its 429 answers
    #[arg(long, value_enum, default_value_t = RetryAfter::Seconds)]
    pub(crate) retry_after: RetryAfter,

    /// A random delay in milliseconds before every answer of the API
    #[arg(long, value_name = "MIN..MAX", default_value = "0")]
    pub(crate) latency: Delay,

    /// A random delay in milliseconds before a request is counted as arrived and handled
    #[arg(long, value_name = "MIN..MAX", default_value = "0")]
    pub(crate) arrival_delay: Delay,

    /// Give every unknown session id a session when it is first addressed
    #[arg(long)]
    pub(crate) create_unknown: bool,

    /// A folder of bodies that scripts name [default: those of the API that the program has itself]
    #[arg(long, value_name = "DIR")]
    pub(crate) bodies: Option<PathBuf>,

    /// A folder of case files (*.json) whose scripts are taken on at the start; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) scripts: Vec<PathBuf>,

    /// A script, {"session_id": "...", "steps": [...]}, that is taken on at the start; may be repeated
    #[arg(long, value_name = "JSON")]
    pub(crate) script: Vec<String>,

    /// How many of the latest requests the journal keeps
    #[arg(long, value_name = "REQUESTS", default_value_t = 100_000)]
    pub(crate) keep: usize,

    /// End when the standard input ends
    #[arg(long)]
    pub(crate) stay_with_stdin: bool,

    /// End when nobody can read the standard output any more
    #[cfg(unix)]
    #[arg(long)]
    pub(crate) stay_with_stdout: bool,

    /// Run COMMAND with WTS_BASE_URL and WTS_API_KEY in its environment, and end with it and its exit code
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["json", "env"])]
    pub(crate) command: Vec<OsString>,
}

/// What a 429 says about when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetryAfter {
    /// A number of seconds
    Seconds,
    /// An HTTP date
    Date,
    /// Nothing
    None,
}

/// A limit, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitOption {
    Off,
    Limit(Limit),
}

impl FromStr for LimitOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            _ => text.parse().map(Self::Limit),
        }
    }
}

impl Options {
    /// The tokens of the account, which may have any ending.
    pub(crate) fn tokens(&self) -> Vec<String> {
        if self.token.is_empty() { vec![DEMO_TOKEN.to_owned()] } else { self.token.clone() }
    }

    /// The tokens that clients are given.
    ///
    /// The demo token gets an ending that is new at each start. Ports are used again, and to a client the URL and the token of
    /// an earlier stand-in are the same account, whose budget may be spent.
    pub(crate) fn given_tokens(&self) -> Vec<String> {
        if self.token.is_empty() { vec![format!("{DEMO_TOKEN}_{:08x}", self.ending)] } else { self.token.clone() }
    }

    /// The one that is given to clients which need only one.
    pub(crate) fn first_token(&self) -> String {
        self.given_tokens().swap_remove(0)
    }

    /// The limits that are in force.
    pub(crate) fn limits(&self) -> Result<Vec<Limit>, String> {
        match self.limit.as_slice() {
            [] => Ok(PUBLISHED.to_vec()),
            [LimitOption::Off] => Ok(Vec::new()),
            limits => limits
                .iter()
                .map(|limit| match limit {
                    LimitOption::Limit(limit) => Ok(*limit),
                    LimitOption::Off => Err("--limit off goes with no other limit".to_owned()),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(arguments: &[&str]) -> Result<Vec<Limit>, String> {
        let arguments = ["wts-stand-in"].iter().chain(arguments);
        Options::try_parse_from(arguments).unwrap().limits()
    }

    #[test]
    fn each_stand_in_gives_a_token_of_its_own() {
        let given = |arguments: &[&str]| Options::try_parse_from(arguments).unwrap().given_tokens();
        let [first, second] = [(); 2].map(|()| given(&["wts-stand-in"]));
        assert_ne!(first, second);
        assert!(first[0].starts_with(&format!("{DEMO_TOKEN}_")), "{first:?}");
        assert_eq!(given(&["wts-stand-in", "--token", "a", "--token", "b"]), ["a", "b"]);
        assert_eq!(given(&["wts-stand-in", "--token", DEMO_TOKEN]), [DEMO_TOKEN]);
        assert!(Options::try_parse_from(["wts-stand-in", "--token", ""]).is_err());
    }

    #[test]
    fn limits_are_published_ones_own_ones_or_off() {
        assert_eq!(limits(&[]), Ok(PUBLISHED.to_vec()));
        assert_eq!(limits(&["--limit", "off"]), Ok(Vec::new()));
        let own = limits(&["--limit", "3/1", "--limit", "4/2"]).unwrap();
        assert_eq!(own.len(), 2);
        assert!(limits(&["--limit", "off", "--limit", "4/2"]).is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Options::command().debug_assert();
    }
}
