//! What an HTTP answer means: a result, or which error.

use std::borrow::Cow;
use std::time::Duration;

use crate::envelope::Envelope;
use crate::error::{Error, ErrorKind, MAX_TEXT_BYTES, cut};
use crate::json::for_each_wanted_member;
use crate::model::Session;
use crate::ops::Member;
use crate::secret::Secret;

/// How deep objects and arrays may be nested: what serde_json reads, and less than Python's parser does.
const MAX_DEPTH: usize = 127;

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The result, with `defaults` filled in; or the error that this answer is.
    pub(crate) fn into_result(self, defaults: &[Member; 2], key: &Secret) -> Result<Session, Error> {
        if (200..300).contains(&self.status) { self.success(defaults, key) } else { Err(self.failure(key)) }
    }

    fn success(self, defaults: &[Member; 2], key: &Secret) -> Result<Session, Error> {
        let Some(text) = json_text(&self.body) else {
            return Err(self.no_json_object("it is not UTF-8", key));
        };
        if text.is_empty() {
            return Ok(Session::from_checked_json(with_members("{}", defaults.iter())));
        }
        match Members::scan(&text, defaults) {
            Err(error) => Err(self.no_json_object(&error, key)),
            Ok(members) if members.error => Err(self.failure(key)),
            Ok(members) => {
                let absent = defaults.iter().zip(members.present).filter(|(_, present)| !present);
                Ok(Session::from_checked_json(with_members(&text, absent.map(|(member, _)| member))))
            }
        }
    }

    fn no_json_object(&self, why: &str, key: &Secret) -> Error {
        Error::new(
            ErrorKind::UnexpectedResponse,
            "The answer is no JSON object.",
            format!("HTTP {}, but {why}. The request may have been applied all the same.", self.status),
        )
        .with_status(self.status)
        .with_body(self.shown_body(key))
        .with_may_have_been_applied(true)
    }

    fn failure(&self, key: &Secret) -> Error {
        let envelope = Envelope::parse(&self.body, key);
        let kind = self.kind(&envelope);
        let facts = facts(self.status, envelope.key.as_deref(), envelope.error_id.as_deref());
        let (message, description) = if kind == ErrorKind::UnexpectedResponse && self.is_html() && self.status >= 400 {
            (GATEWAY_MESSAGE.to_owned(), format!("{facts} {GATEWAY_DESCRIPTION}"))
        } else {
            (envelope.text.unwrap_or_else(|| default_message(kind).to_owned()), description(kind, &facts))
        };
        Error::new(kind, message, description)
            .with_status(self.status)
            .with_retryable(self.is_worth_repeating(kind))
            .with_may_have_been_applied(self.may_have_been_applied(kind))
            .with_retry_after(self.retry_after)
            .with_body(self.shown_body(key))
            .with_envelope(envelope.key, envelope.error_id)
    }

    fn kind(&self, envelope: &Envelope) -> ErrorKind {
        match (self.status, envelope.key.as_deref()) {
            (429, _) => ErrorKind::RateLimited,
            (401 | 403 | 404, None) if self.is_html() => ErrorKind::UnexpectedResponse,
            (401, _) | (_, Some("ERROR_UNAUTHORIZED")) => ErrorKind::Unauthorized,
            (403, _) => ErrorKind::Forbidden,
            (404, _) | (_, Some("ENTITY_NOT_FOUND")) => ErrorKind::NotFound,
            (408 | 425, _) => ErrorKind::ServerError,
            (200..300 | 400..500, _) | (500..600, Some(_)) => ErrorKind::Refused,
            (500..600, None) => ErrorKind::ServerError,
            _ => ErrorKind::UnexpectedResponse,
        }
    }

    /// Whether the body is a page for people: the API never sends one, something in front of it does.
    fn is_html(&self) -> bool {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(MAX_TEXT_BYTES)]);
        text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('<')
    }

    /// Whether the same request, sent again, may be answered otherwise.
    fn is_worth_repeating(&self, kind: ErrorKind) -> bool {
        match kind {
            ErrorKind::RateLimited => true,
            ErrorKind::ServerError => matches!(self.status, 408 | 425 | 500 | 502..=504 | 520..=524),
            _ => false,
        }
    }

    /// Whether this answer leaves open if the request was carried out.
    fn may_have_been_applied(&self, kind: ErrorKind) -> bool {
        kind == ErrorKind::ServerError && !matches!(self.status, 425 | 501 | 505)
    }

    fn shown_body(&self, key: &Secret) -> Option<String> {
        if self.body.is_empty() {
            return None;
        }
        // Only a part of a large body is read. The cut comes after the redaction, so that half a key never stands at it.
        let start = &self.body[..self.body.len().min(2 * MAX_TEXT_BYTES + key.reveal().len())];
        let text = String::from_utf8_lossy(start).into_owned();
        let is_whole = start.len() == self.body.len();
        Some(cut(if is_whole { key.redact(text) } else { key.redact_start(text) }))
    }
}

/// The body as text, without blanks around it and without a byte order mark.
fn json_text(body: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(body).ok()?;
    Some(Cow::Borrowed(text.trim_start_matches('\u{feff}').trim()))
}

/// `object` with `members` put in front of its own.
fn with_members<'a>(object: &str, members: impl Iterator<Item = &'a Member>) -> String {
    let mut text = String::with_capacity(object.len() + 128);
    text.push('{');
    for (name, value) in members {
        text.extend(["\"", name, "\":", value, ","]);
    }
    let rest = &object[1..];
    if rest.trim_start().starts_with('}') && text.ends_with(',') {
        text.pop();
    }
    text + rest
}

fn facts(status: u16, key: Option<&str>, error_id: Option<&str>) -> String {
    let key = key.map(|key| format!(", key {key}")).unwrap_or_default();
    let error_id = error_id.map(|id| format!(", error id {id}")).unwrap_or_default();
    format!("(HTTP {status}{key}{error_id})")
}

const GATEWAY_MESSAGE: &str = "Something in front of the API answered.";
const GATEWAY_DESCRIPTION: &str = "The answer is an HTML page of a firewall, a proxy or another server, not the API's word \
     on the key or the session. Nothing was applied. Check the base URL and the way to the API.";

fn default_message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::RateLimited => "The account's rate limit is reached.",
        ErrorKind::Unauthorized => "The API did not accept the key.",
        ErrorKind::Forbidden => "The API key may not do this.",
        ErrorKind::NotFound => "The API does not know this session.",
        ErrorKind::Refused => "The API refused the request.",
        ErrorKind::ServerError => "The API is not working at the moment.",
        _ => "The API answered in an unexpected way.",
    }
}

fn description(kind: ErrorKind, facts: &str) -> String {
    match kind {
        ErrorKind::Unauthorized => format!(
            "{facts} The two usual causes: the API key (the platform deletes one that was unused for 15 days), \
             and the base URL (a wrong one is answered in the same way)."
        ),
        ErrorKind::UnexpectedResponse => {
            format!(
                "{facts} Redirects are never followed. Check the base URL, and what stands between here and the API."
            )
        }
        _ => facts.to_owned(),
    }
}

/// What has to be known of a result's members.
struct Members {
    /// Whether the member `error` is true: an envelope, not a session.
    error: bool,
    /// Which of the defaults' members are there.
    present: [bool; 2],
}

impl Members {
    /// Reads `text` once; it has to be one JSON object, not nested too deep.
    fn scan(text: &str, defaults: &[Member; 2]) -> Result<Self, String> {
        let (mut error, mut present) = (false, [false; 2]);
        let is_wanted = |name: &[u8]| {
            for (present, (default, _)) in present.iter_mut().zip(defaults) {
                *present |= *name == *default.as_bytes();
            }
            name == b"error"
        };
        for_each_wanted_member(text, is_wanted, |_, value| error = value.get() == "true")
            // The parser's own words would quote personal data.
            .map_err(|error| format!("line {} column {} is not as it should be", error.line(), error.column()))?;
        if depth(text) > MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH} levels"));
        }
        Ok(Self { error, present })
    }
}

/// How deep the objects and arrays of valid JSON are nested.
fn depth(json: &str) -> usize {
    let brackets: usize = json.as_bytes().chunks(usize::from(u8::MAX)).map(|part| usize::from(brackets(part))).sum();
    if brackets <= MAX_DEPTH { brackets } else { exact_depth(json) }
}

/// How many objects and arrays begin in `part`, or seem to. It is short, so that the sum fits the bytes that processors add
/// many at a time.
fn brackets(part: &[u8]) -> u8 {
    const BIT_BETWEEN: u8 = b'{' ^ b'[';
    part.iter().map(|byte| u8::from(byte | BIT_BETWEEN == b'{')).sum()
}

fn exact_depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use crate::error::{Error, ErrorKind};
    use crate::model::Session;
    use crate::secret::Secret;

    fn result(status: u16, body: &str) -> Result<Session, Error> {
        let answer = Answer { status, retry_after: None, body: body.as_bytes().to_vec() };
        let defaults = [("id", "\"s\"".to_owned()), ("status", "\"HIDDEN\"".to_owned())];
        answer.into_result(&defaults, &Secret::new("pn_CANARY".to_owned()))
    }

    fn json(body: &str) -> String {
        result(200, body).unwrap().into_json()
    }

    #[test]
    fn absent_members_come_from_the_request_and_the_rest_stays_to_the_byte() {
        assert_eq!(json(" \n"), r#"{"id":"s","status":"HIDDEN"}"#);
        assert_eq!(json("{ }"), r#"{"id":"s","status":"HIDDEN" }"#);
        assert_eq!(json(r#"{"status":null, "z":1.50}"#), r#"{"id":"s","status":null, "z":1.50}"#);
        assert_eq!(json("\u{feff}{\"id\":1,\"status\":2}"), r#"{"id":1,"status":2}"#);
        let odd = r#"{"id":"\ud800","\ud800":1e999,"n":123456789012345678901234567890,"status":"a","status":"b"}"#;
        assert_eq!(json(odd), odd);
    }

    #[test]
    fn depth_is_bounded_and_brackets_in_strings_are_no_depth() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(result(200, &nested(126)).is_ok());
        assert!(result(200, &nested(126)).unwrap().fields().is_ok());
        for levels in [127, 100_000] {
            assert_eq!(result(200, &nested(levels)).unwrap_err().kind(), ErrorKind::UnexpectedResponse);
        }
        assert!(result(200, &format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(1000))).is_ok());
    }

    #[test]
    fn error_is_true_only_as_the_literal_and_the_last_one_counts() {
        assert_eq!(result(200, r#"{"error":true,"text":"Não"}"#).unwrap_err().kind(), ErrorKind::Refused);
        for body in [r#"{"error":"true"}"#, r#"{"error":null}"#, r#"{"error":true,"error":false}"#] {
            assert!(result(200, body).is_ok(), "{body}");
        }
    }

    #[test]
    fn a_page_for_people_is_not_the_word_of_the_api() {
        for (status, page) in [
            (403, "<!DOCTYPE html><html><title>Just a moment...</title></html>"),
            (404, "\u{feff}\r\n  <html><body>Not Found</body></html>"),
            (401, "<HTML>"),
        ] {
            let error = result(status, page).unwrap_err();
            assert_eq!((error.kind(), error.http_status()), (ErrorKind::UnexpectedResponse, Some(status)));
            assert!(!error.retryable() && !error.may_have_been_applied());
            assert!(error.to_string().contains("in front of the API"), "{error}");
        }
        assert_eq!(result(403, "no").unwrap_err().kind(), ErrorKind::Forbidden);
        assert_eq!(result(404, "").unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(result(502, "<html>").unwrap_err().kind(), ErrorKind::ServerError);
    }

    #[test]
    fn half_a_surrogate_pair_leaves_a_refusal_a_refusal() {
        let error = result(500, r#"{"key":"FORM_ERROR","text":"N\ud83do"}"#).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Refused, "N\u{fffd}o"));
    }

    #[test]
    fn no_text_holds_the_key_or_personal_data() {
        let error = result(400, r#"{"title":"you sent pn_CANARY","key":"pn_CANARY"}"#).unwrap_err();
        for text in [error.to_string(), format!("{error:?}"), error.body().unwrap().to_owned()] {
            assert!(!text.contains("CANARY"), "{text}");
        }
        let error = result(200, r#"{"title":"João Conceição" oops"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("João"));
    }

    #[test]
    fn a_body_is_cut_at_4_kib_after_the_key_is_taken_out() {
        let body = format!("{}pn_CANARY{}", "x".repeat(4090), "ã".repeat(4000));
        let error = result(404, &body).unwrap_err();
        let shown = error.body().unwrap();
        assert!(shown.len() <= 4096 && !shown.contains("pn_"), "{}", &shown[4080..]);
    }

    #[test]
    fn a_key_that_is_echoed_again_and_again_is_not_shown_in_part() {
        let key = format!("pn_{}", "CANARY".repeat(8));
        let echoes = key.repeat(2000);
        for body in [echoes.clone(), format!("{{\"text\":\"{echoes}\"}}"), format!("{{\"text\":\"\\u0020{echoes}\"}}")]
        {
            let answer = Answer { status: 500, retry_after: None, body: body.into_bytes() };
            let error = answer.into_result(&Default::default(), &Secret::new(key.clone())).unwrap_err();
            for text in [error.body().unwrap(), error.message()] {
                assert!(!text.contains("CANARY"), "{text}");
            }
        }
    }

    #[test]
    fn key_and_error_id_are_cut_too() {
        let long = "K".repeat(1_000_000);
        let error = result(500, &format!("{{\"key\":\"{long}\",\"id\":{{\"shortValue\":\"{long}\"}}}}")).unwrap_err();
        assert!(error.key().unwrap().len() <= 4096 && error.error_id().unwrap().len() <= 4096);
        assert!(format!("{error:?}").len() < 20_000);
    }
}
