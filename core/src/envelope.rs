//! The API's error envelope and RFC 7807 problem details, of which no field is certain to be there.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::error::MAX_TEXT_BYTES;
use crate::json::{for_each_element, for_each_member, string_start};
use crate::secret::Secret;
use crate::text::beginning;

/// What an answer says about a failure.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Envelope {
    /// For programs, such as `ENTITY_NOT_FOUND`; one key covers several causes.
    pub(crate) key: Option<String>,
    /// A sentence for people, in Portuguese; or problem details' title and field errors.
    pub(crate) text: Option<String>,
    /// `id.shortValue`: what the vendor's support asks for.
    pub(crate) error_id: Option<String>,
}

impl Envelope {
    /// Reads what there is; a body that is no JSON object gives an empty envelope. Texts are without the API key, should the
    /// API have sent it back. Of a large body only the beginnings of these texts are kept.
    pub(crate) fn parse(body: &[u8], key: &Secret) -> Self {
        let reader = Reader { key };
        as_text(body).and_then(|text| reader.envelope(text.trim_start_matches('\u{feff}'))).unwrap_or_default()
    }
}

/// The body as text, with U+FFFD for what is not UTF-8; none if that would need much more memory than the body.
fn as_text(body: &[u8]) -> Option<Cow<'_, str>> {
    const MORE: usize = 1024 * 1024;
    if let Ok(text) = std::str::from_utf8(body) {
        return Some(Cow::Borrowed(text));
    }
    let most = body.len() + MORE;
    let mut text = String::with_capacity(most);
    for chunk in body.utf8_chunks() {
        let replacement = if chunk.invalid().is_empty() { "" } else { "\u{fffd}" };
        if text.len() + chunk.valid().len() + replacement.len() > most {
            return None;
        }
        text.extend([chunk.valid(), replacement]);
    }
    Some(Cow::Owned(text))
}

/// Problem details (RFC 7807).
#[derive(Default)]
struct Problem<'a> {
    title: Option<String>,
    detail: Option<String>,
    errors: Option<&'a RawValue>,
    /// A session has a title too, which is for nobody's log, and its status is a word.
    is_session: bool,
}

/// Reads texts and takes the API key out of them.
#[derive(Clone, Copy)]
struct Reader<'a> {
    key: &'a Secret,
}

impl Reader<'_> {
    fn envelope(self, object: &str) -> Option<Envelope> {
        let mut envelope = Envelope::default();
        let mut problem = Problem::default();
        for_each_member(object, |name, value| match name {
            b"key" => envelope.key = self.words(value),
            b"text" => envelope.text = self.words(value),
            b"id" => envelope.error_id = self.short_value(value),
            b"title" => problem.title = self.words(value),
            b"detail" => problem.detail = self.words(value),
            b"errors" => problem.errors = Some(value),
            b"status" => problem.is_session = self.words(value).is_some_and(|status| status.parse::<u16>().is_err()),
            _ => {}
        })
        .ok()?;
        envelope.text = envelope.text.or_else(|| (!problem.is_session).then(|| self.problem_text(problem)).flatten());
        Some(envelope)
    }

    /// The string that `value` is, without blanks around it; none if nothing is left.
    fn words(self, value: &RawValue) -> Option<String> {
        let text = self.string(value)?;
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    fn string(self, value: &RawValue) -> Option<String> {
        let (text, is_whole) = string_start(value)?;
        Some(if is_whole { self.key.redact(text) } else { self.key.redact_start(text) })
    }

    fn short_value(self, id: &RawValue) -> Option<String> {
        let mut short_value = None;
        for_each_member(id.get(), |name, value| {
            if name == b"shortValue" {
                short_value = self.words(value);
            }
        })
        .ok()?;
        short_value
    }

    /// Title, detail, then each field with its messages.
    fn problem_text(self, problem: Problem<'_>) -> Option<String> {
        let mut parts = Parts::default();
        problem.title.into_iter().chain(problem.detail).for_each(|text| parts.push(|| text));
        // A second reading can't fail; and errors that are no object say nothing about fields.
        let _ = for_each_member(problem.errors.map_or("{}", RawValue::get), |field, messages| {
            parts.push(|| format!("{}: {}", self.start(&String::from_utf8_lossy(field)), self.joined(messages)));
        });
        (!parts.texts.is_empty()).then(|| parts.joined())
    }

    /// The messages of a field: a string, or an array of strings. Anything else is shown as JSON.
    fn joined(self, messages: &RawValue) -> String {
        let mut parts = Parts::default();
        if messages.get().starts_with('[') {
            // A second reading can't fail.
            let _ = for_each_element(messages.get(), |message| parts.push(|| self.message(message)));
        } else {
            parts.push(|| self.message(messages));
        }
        parts.joined()
    }

    fn message(self, value: &RawValue) -> String {
        self.string(value).unwrap_or_else(|| self.start(value.get()))
    }

    fn start(self, text: &str) -> String {
        let start = beginning(text, 2 * MAX_TEXT_BYTES + self.key.reveal().len());
        let is_whole = start.len() == text.len();
        if is_whole { self.key.redact(start.to_owned()) } else { self.key.redact_start(start.to_owned()) }
    }
}

/// Texts that are joined, as many as an error shows.
#[derive(Default)]
struct Parts {
    texts: Vec<String>,
    length: usize,
}

impl Parts {
    fn push(&mut self, text: impl FnOnce() -> String) {
        if self.length <= MAX_TEXT_BYTES {
            let text = text();
            self.length += text.len() + 1;
            self.texts.push(text);
        }
    }

    fn joined(self) -> String {
        self.texts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Envelope, as_text};
    use crate::secret::Secret;

    fn parse(body: &[u8]) -> Envelope {
        Envelope::parse(body, &Secret::new("pn_CANARY".to_owned()))
    }

    fn envelope(key: Option<&str>, text: Option<&str>, error_id: Option<&str>) -> Envelope {
        Envelope { key: key.map(str::to_owned), text: text.map(str::to_owned), error_id: error_id.map(str::to_owned) }
    }

    #[test]
    fn recorded_bodies_are_read() {
        assert_eq!(
            parse(include_bytes!("../tests/data/error-unauthorized.json")),
            envelope(Some("ERROR_UNAUTHORIZED"), Some("Acesso negado"), Some("c44bf0cc"))
        );
        assert_eq!(
            parse(include_bytes!("../tests/data/error-refused-as-500.json")),
            envelope(Some("FORM_ERROR"), Some("Conversa não encontrada"), None)
        );
        assert_eq!(
            parse(include_bytes!("../tests/data/error-problem-details.json")),
            envelope(
                None,
                Some("One or more validation errors occurred. id: The value 'session_12345' is not valid."),
                None
            )
        );
    }

    #[test]
    fn anything_else_is_an_empty_envelope() {
        for body in ["", "<html>", "[]", "7", "{\"key\": 7, \"text\": \" \", \"id\": \"x\"}", "{\"errors\": []}"] {
            assert_eq!(parse(body.as_bytes()), Envelope::default(), "{body}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_costs_a_letter_not_the_refusal() {
        let body =
            br#"{"key": "FORM_ERROR", "text": "Conversa \ud83d", "customData": "\udc4d", "id": {"shortValue": "c4"}}"#;
        assert_eq!(parse(body), envelope(Some("FORM_ERROR"), Some("Conversa \u{fffd}"), Some("c4")));
    }

    #[test]
    fn field_errors_nested_deep_are_no_crash() {
        for levels in [1, 2, 50_000] {
            let nested = format!("{}\"x\"{}", "[".repeat(levels), "]".repeat(levels));
            let text = parse(format!("{{\"title\":\"T.\",\"errors\":{{\"a\":{nested}}}}}").as_bytes()).text.unwrap();
            assert!(text.starts_with("T. a: "), "{text}");
        }
    }

    #[test]
    fn the_title_of_a_session_is_no_text() {
        let session = include_bytes!("../tests/data/session-completed.json");
        assert_eq!(parse(session), Envelope::default());
        for status in ["400", "\"400\"", "null"] {
            let text = parse(format!("{{\"title\":\"Bad Request\",\"status\":{status}}}").as_bytes()).text;
            assert_eq!(text.as_deref(), Some("Bad Request"), "{status}");
        }
    }

    #[test]
    fn a_wrong_encoding_loses_letters_not_the_key() {
        let latin1 = b"{\"key\": \"FORM_ERROR\", \"text\": \"Conversa n\xe3o encontrada\"}";
        assert_eq!(parse(latin1), envelope(Some("FORM_ERROR"), Some("Conversa n\u{fffd}o encontrada"), None));
    }

    #[test]
    fn bytes_that_are_no_text_cost_no_memory() {
        let mut body = b"{\"key\":\"K\",\"a\":\"".to_vec();
        body.extend(vec![0xff; 100_000]);
        body.extend(b"\"}");
        assert_eq!(parse(&body), envelope(Some("K"), None, None));
        body.extend(vec![0xff; 8 * 1024 * 1024]);
        assert_eq!(as_text(&body), None);
    }

    #[test]
    fn field_errors_are_joined_as_far_as_they_are_shown() {
        let text = |errors: &str| parse(format!("{{\"errors\":{errors}}}").as_bytes()).text.unwrap();
        assert_eq!(text(r#"{"a":["x","y"],"b":"z","c":7}"#), "a: x y b: z c: 7");
        assert_eq!(text(r#"{"a":[["x"],null]}"#), r#"a: ["x"] null"#);
        assert_eq!(
            text(r#"{"pn_CANARY":["pn_CANARY",{"pn_CANARY":1}]}"#),
            r#"[redacted]: [redacted] {"[redacted]":1}"#
        );
        let many = format!("{{\"a\":[{}0]}}", "0,".repeat(1_000_000));
        assert!(text(&many).len() < 10_000);
    }
}
