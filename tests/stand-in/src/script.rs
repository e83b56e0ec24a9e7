//! Scripts: what the stand-in does with the requests for a session, one step per request. `tests/README.md` describes them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::addresses::Addresses;
use crate::bodies;
use crate::pause::{Gate, Pause};
use crate::raw::{Action, Ending, RawAnswer};

/// What is wrong with a script.
#[derive(Debug)]
pub struct ScriptError(String);

impl ScriptError {
    fn within(self, place: &str) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ScriptError {}

fn wrong<T>(message: impl Into<String>) -> Result<T, ScriptError> {
    Err(ScriptError(message.into()))
}

/// What happens to one request.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) pause: Pause,
    pub(crate) play: Play,
}

#[derive(Clone, Debug)]
pub(crate) enum Play {
    /// As the API would.
    Pass,
    Answer(WrittenAnswer),
    Raw(RawAnswer),
}

/// A well-formed answer.
#[derive(Clone, Debug)]
pub(crate) struct WrittenAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The scripts by session id, each with the steps that are left.
#[derive(Debug, Default)]
pub(crate) struct Scripts(HashMap<String, Script>);

impl Scripts {
    /// Gives the session a script in place of what is left of an earlier one, whose answers are held no longer.
    pub(crate) fn set(&mut self, script: Script) {
        self.0.insert(script.session_id.clone(), script);
    }

    /// The next step for the session.
    pub(crate) fn next(&mut self, session_id: &str) -> Option<Step> {
        self.0.get_mut(session_id)?.steps.pop_front()
    }

    /// Lets the session's answers begin that are held, and those that would be.
    pub(crate) fn release(&self, session_id: &str) -> Result<(), ScriptError> {
        let Some(script) = self.0.get(session_id.trim()) else {
            return wrong(format!("session {session_id:?} has no script"));
        };
        script.gate.open();
        Ok(())
    }
}

/// The script of one session.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) session_id: String,
    steps: VecDeque<Step>,
    gate: Gate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptText {
    session_id: Text,
    steps: Vec<StepText>,
}

/// What the stand-in needs of a case; the rest concerns the runners.
#[derive(Deserialize)]
struct CaseText {
    name: String,
    session_id: Option<Text>,
    script: Option<Vec<StepText>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Repeated { repeat: String, times: usize },
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        match text {
            Text::Plain(text) => text,
            Text::Repeated { repeat, times } => repeat.repeat(times),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    pass: Option<bool>,
    status: Option<u16>,
    headers: Option<Vec<(String, String)>>,
    #[serde(default, deserialize_with = "present")]
    body: Option<Value>,
    text: Option<String>,
    hex: Option<String>,
    body_file: Option<String>,
    raw: Option<Vec<ActionText>>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    held: bool,
}

/// Keeps a `null` apart from a missing field.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionText {
    send: Option<String>,
    send_hex: Option<String>,
    repeat: Option<String>,
    times: Option<u64>,
    #[serde(default)]
    every_ms: u64,
    wait_ms: Option<u64>,
    close: Option<bool>,
    reset: Option<bool>,
    stall: Option<bool>,
}

/// Reads scripts, and knows what they may name: recorded bodies and the stand-in's addresses.
#[derive(Debug)]
pub(crate) struct Reader {
    bodies: Option<PathBuf>,
    addresses: Addresses,
}

impl Reader {
    pub(crate) fn new(bodies: Option<PathBuf>, addresses: Addresses) -> Self {
        Self { bodies, addresses }
    }

    /// Reads `{"session_id": "...", "steps": [...]}`.
    pub(crate) fn script(&self, text: &[u8]) -> Result<Script, ScriptError> {
        let script: ScriptText = serde_json::from_slice(text).map_err(|error| ScriptError(error.to_string()))?;
        self.compile(script.session_id.into(), script.steps)
    }

    /// Reads the steps of the script for a session.
    pub(crate) fn steps(&self, session_id: &str, steps: Value) -> Result<Script, ScriptError> {
        let steps = serde_json::from_value(steps).map_err(|error| ScriptError(error.to_string()))?;
        self.compile(session_id.to_owned(), steps)
    }

    /// Reads the scripts of all cases in the `*.json` files of a folder.
    pub(crate) fn cases_in(&self, folder: &Path) -> Result<Vec<Script>, ScriptError> {
        let mut scripts = Vec::new();
        for path in json_files(folder)? {
            let place = path.display().to_string();
            let cases = self.cases(&path).map_err(|error| error.within(&place))?;
            scripts.extend(cases);
        }
        Ok(scripts)
    }

    fn cases(&self, path: &Path) -> Result<Vec<Script>, ScriptError> {
        let text = read(path)?;
        let cases: Vec<CaseText> = serde_json::from_slice(&text).map_err(|error| ScriptError(error.to_string()))?;
        let scripted = cases.into_iter().filter_map(|case| Some((case.name, case.session_id, case.script?)));
        scripted
            .map(|(name, session_id, steps)| {
                match session_id {
                    Some(id) => self.compile(id.into(), steps),
                    None => wrong("a case with a script needs a session_id"),
                }
                .map_err(|error| error.within(&name))
            })
            .collect()
    }

    fn compile(&self, session_id: String, steps: Vec<StepText>) -> Result<Script, ScriptError> {
        let gate = Gate::default();
        let steps = steps
            .into_iter()
            .enumerate()
            .map(|(index, step)| self.step(step, &gate).map_err(|error| error.within(&format!("step {}", index + 1))))
            .collect::<Result<_, _>>()?;
        // An id is trimmed before it is sent.
        Ok(Script { session_id: session_id.trim().to_owned(), steps, gate })
    }

    fn step(&self, mut step: StepText, gate: &Gate) -> Result<Step, ScriptError> {
        let hold = step.held.then(|| gate.hold());
        let pause = Pause { hold, delay: Duration::from_millis(step.delay_ms) };
        let play = match (step.pass, step.status, step.raw.take()) {
            (Some(true), None, None) if step.has_no_answer() => Play::Pass,
            (None, Some(status), None) => Play::Answer(self.written(status, step)?),
            (None, None, Some(actions)) if step.has_no_answer() => Play::Raw(by_hand(actions)?),
            _ => return wrong("a step is one of pass (true), status and raw"),
        };
        Ok(Step { pause, play })
    }

    fn written(&self, status: u16, step: StepText) -> Result<WrittenAnswer, ScriptError> {
        let status = match StatusCode::from_u16(status) {
            Ok(status) if !status.is_informational() => status,
            _ => return wrong("a status is 200 to 999; others are for raw"),
        };
        let mut headers = self.headers(step.headers.as_deref().unwrap_or_default())?;
        let (body, content_type) = self.body(step)?;
        if let Some(content_type) = content_type {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        }
        Ok(WrittenAnswer { status, headers, body })
    }

    fn headers(&self, pairs: &[(String, String)]) -> Result<HeaderMap, ScriptError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let header = HeaderName::from_bytes(name.as_bytes());
            let filled = HeaderValue::from_bytes(self.addresses.fill(value).as_bytes());
            match (header, filled) {
                (Ok(CONTENT_LENGTH | TRANSFER_ENCODING | CONNECTION), _) => {
                    return wrong(format!("the header {name} is for raw"));
                }
                (Ok(header), Ok(value)) => headers.append(header, value),
                _ => return wrong(format!("the header {name} is for raw, with such a value")),
            };
        }
        Ok(headers)
    }

    /// The bytes of the body and the content type that goes with them.
    fn body(&self, step: StepText) -> Result<(Bytes, Option<&'static str>), ScriptError> {
        const JSON: Option<&str> = Some("application/json");
        const TEXT: Option<&str> = Some("text/plain");
        match (step.body, step.text, step.hex, step.body_file) {
            (None, None, None, None) => Ok((Bytes::new(), None)),
            (Some(json), None, None, None) => Ok((json.to_string().into(), JSON)),
            (None, Some(text), None, None) => Ok((text.into(), TEXT)),
            (None, None, Some(hex), None) => Ok((bytes_of(&hex)?, TEXT)),
            (None, None, None, Some(name)) => Ok((self.recorded(&name)?, JSON)),
            _ => wrong("an answer has one of body, text, hex and body_file, or none"),
        }
    }

    fn recorded(&self, name: &str) -> Result<Bytes, ScriptError> {
        if name.contains(['/', '\\']) {
            return wrong(format!("{name:?} is no plain file name"));
        }
        match (&self.bodies, bodies::recorded(name)) {
            (Some(folder), _) => read(&folder.join(name)).map(Bytes::from),
            (None, Some(body)) => Ok(Bytes::from_static(body.as_bytes())),
            (None, None) => wrong(format!("there is no body {name:?}; there are {}", bodies::names())),
        }
    }
}

impl StepText {
    fn has_no_answer(&self) -> bool {
        self.headers.is_none()
            && self.body.is_none()
            && self.text.is_none()
            && self.hex.is_none()
            && self.body_file.is_none()
    }
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, ScriptError> {
    let unreadable = |error| ScriptError(format!("{}: {error}", folder.display()));
    let mut paths = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, ScriptError> {
    std::fs::read(path).map_err(|error| ScriptError(format!("{}: {error}", path.display())))
}

fn by_hand(mut actions: Vec<ActionText>) -> Result<RawAnswer, ScriptError> {
    const END: &str = "the last action is close, reset or stall (true), and no other is";
    let ending = match actions.pop() {
        Some(last) => last.ending()?,
        None => None,
    };
    let Some(ending) = ending else {
        return wrong(END);
    };
    let mut played = Vec::with_capacity(actions.len());
    for action in actions {
        if action.ending()?.is_some() {
            return wrong(END);
        }
        played.push(action.action()?);
    }
    Ok(RawAnswer { actions: played, ending })
}

impl ActionText {
    fn ending(&self) -> Result<Option<Ending>, ScriptError> {
        match (self.close, self.reset, self.stall) {
            (None, None, None) => Ok(None),
            _ if self.acts() => wrong("an action is one thing"),
            (Some(true), None, None) => Ok(Some(Ending::Close)),
            (None, Some(true), None) => Ok(Some(Ending::Reset)),
            (None, None, Some(true)) => Ok(Some(Ending::Stall)),
            _ => wrong("close, reset and stall are one of the three, and true"),
        }
    }

    fn acts(&self) -> bool {
        self.send.is_some()
            || self.send_hex.is_some()
            || self.repeat.is_some()
            || self.times.is_some()
            || self.every_ms > 0
            || self.wait_ms.is_some()
    }

    fn action(self) -> Result<Action, ScriptError> {
        let every = Duration::from_millis(self.every_ms);
        let repeats = self.repeat.is_some();
        if !repeats && (self.times.is_some() || !every.is_zero()) {
            return wrong("times and every_ms go with repeat");
        }
        match (self.send, self.send_hex, self.repeat, self.wait_ms) {
            (Some(text), None, None, None) => Ok(Action::Send(text.into())),
            (None, Some(hex), None, None) => Ok(Action::Send(bytes_of(&hex)?)),
            (None, None, Some(text), None) => {
                Ok(Action::Repeat { bytes: text.into(), times: self.times.unwrap_or(1), every })
            }
            (None, None, None, Some(wait)) => Ok(Action::Wait(Duration::from_millis(wait))),
            _ => wrong("an action is one of send, send_hex, repeat and wait_ms"),
        }
    }
}

fn bytes_of(hex: &str) -> Result<Bytes, ScriptError> {
    let digit = |character: u8| (character as char).to_digit(16);
    let pairs = hex.as_bytes().chunks(2).map(|pair| match *pair {
        [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
        _ => None,
    });
    match pairs.collect::<Option<Vec<u8>>>() {
        Some(bytes) => Ok(bytes.into()),
        None => wrong(format!("{hex:?} is not hexadecimal")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> Reader {
        let mut addresses = Addresses::default();
        addresses.add("redirect_target", "http://127.0.0.1:9".to_owned());
        Reader::new(None, addresses)
    }

    fn step(text: &str) -> Result<Step, ScriptError> {
        let script = format!(r#"{{"session_id": "x", "steps": [{text}]}}"#);
        let mut scripts = Scripts::default();
        scripts.set(reader().script(script.as_bytes())?);
        Ok(scripts.next("x").unwrap())
    }

    fn written(text: &str) -> WrittenAnswer {
        match step(text).unwrap().play {
            Play::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    #[cfg(feature = "program")]
    #[test]
    fn the_program_keeps_the_order_of_fields() {
        assert_eq!(written(r#"{"status": 200, "body": {"b": 1, "a": null}}"#).body, r#"{"b":1,"a":null}"#);
    }

    #[test]
    fn well_formed_answers() {
        for (text, body, content_type) in [
            (r#"{"status": 200}"#, "", None),
            (r#"{"status": 200, "body": {"a": null, "b": 1}}"#, r#"{"a":null,"b":1}"#, Some("application/json")),
            (r#"{"status": 200, "body": null}"#, "null", Some("application/json")),
            (r#"{"status": 502, "text": "Bad"}"#, "Bad", Some("text/plain")),
            (r#"{"status": 502, "hex": "4f4B"}"#, "OK", Some("text/plain")),
            (r#"{"status": 502, "text": "<p>", "headers": [["content-type", "text/html"]]}"#, "<p>", Some("text/html")),
        ] {
            let answer = written(text);
            assert_eq!(answer.body, body, "{text}");
            let labelled = answer.headers.get(CONTENT_TYPE);
            assert_eq!(labelled.map(HeaderValue::as_bytes), content_type.map(str::as_bytes));
        }
    }

    #[test]
    fn recorded_bodies_are_sent_byte_by_byte() {
        let answer = written(r#"{"status": 401, "body_file": "error-unauthorized.json"}"#);
        assert_eq!(answer.body, include_str!("../bodies/error-unauthorized.json"));
    }

    #[test]
    fn headers_may_repeat_and_name_addresses() {
        let answer = written(
            r#"{"status": 302, "headers": [["Location", "{redirect_target}/x"],
                ["Retry-After", "1"], ["Retry-After", "é"]]}"#,
        );
        assert_eq!(answer.headers["location"], "http://127.0.0.1:9/x");
        assert_eq!(answer.headers.get_all("retry-after").iter().count(), 2);
    }

    #[test]
    fn raw_answers() {
        let raw = step(
            r#"{"delay_ms": 7, "raw": [{"send": "a"}, {"send_hex": "0d0a"}, {"wait_ms": 3},
                {"repeat": "b", "times": 4, "every_ms": 5}, {"reset": true}]}"#,
        )
        .unwrap();
        assert_eq!(raw.pause.delay, Duration::from_millis(7));
        let Play::Raw(answer) = raw.play else { panic!("{raw:?}") };
        assert_eq!(answer.ending, Ending::Reset);
        assert_eq!(
            answer.actions,
            [
                Action::Send("a".into()),
                Action::Send("\r\n".into()),
                Action::Wait(Duration::from_millis(3)),
                Action::Repeat { bytes: "b".into(), times: 4, every: Duration::from_millis(5) },
            ]
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "{}",
            r#"{"pass": false}"#,
            r#"{"pass": true, "status": 200}"#,
            r#"{"pass": true, "text": "x"}"#,
            r#"{"status": 101}"#,
            r#"{"status": 1000}"#,
            r#"{"status": 200, "body": 1, "text": "1"}"#,
            r#"{"status": 200, "hex": "4"}"#,
            r#"{"status": 200, "hex": "zz"}"#,
            r#"{"status": 200, "body_file": "none.json"}"#,
            r#"{"status": 200, "body_file": "../README.md"}"#,
            r#"{"status": 200, "headers": [["Content-Length", "4"]]}"#,
            r#"{"status": 200, "headers": [["a b", "4"]]}"#,
            r#"{"status": 200, "headers": [["a", "\n"]]}"#,
            r#"{"status": 200, "colour": "red"}"#,
            r#"{"raw": []}"#,
            r#"{"raw": [{"send": "a"}]}"#,
            r#"{"raw": [{"close": true}, {"close": true}]}"#,
            r#"{"raw": [{"close": false}]}"#,
            r#"{"raw": [{"close": true, "send": "a"}]}"#,
            r#"{"raw": [{"send": "a", "wait_ms": 1}, {"close": true}]}"#,
            r#"{"raw": [{"send": "a", "times": 2}, {"close": true}]}"#,
            r#"{"raw": [{"close": true}], "text": "a"}"#,
        ] {
            assert!(step(text).is_err(), "{text}");
        }
    }

    #[test]
    fn steps_run_out() {
        let mut scripts = Scripts::default();
        let script = br#"{"session_id": {"repeat": "a", "times": 3}, "steps": [{"pass": true}]}"#;
        scripts.set(reader().script(script).unwrap());
        assert!(scripts.next("aaa").is_some());
        assert!(scripts.next("aaa").is_none());
        assert!(scripts.next("other").is_none());
    }

    #[test]
    fn cases_are_read_from_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("notes.txt", "not read");
        write(
            "good.json",
            r#"[{"name": "a", "operation": "complete_session", "session_id": " a\n", "script": [{"pass": true}]},
                {"name": "b", "session_id": null, "expect": {}}]"#,
        );
        let scripts = reader().cases_in(folder.path()).unwrap();
        let ids: Vec<_> = scripts.iter().map(|script| &script.session_id).collect();
        assert_eq!(ids, ["a"]);
        write("wrong.json", r#"[{"name": "no id", "script": []}]"#);
        let error = reader().cases_in(folder.path()).unwrap_err().to_string();
        assert!(error.contains("wrong.json: no id: "), "{error}");
    }
}
