//! The API's error envelope and RFC 7807 problem details, of which no field is certain to be there.

use serde_json::value::RawValue;

use crate::error::MAX_TEXT_BYTES;
use crate::json::{elements, for_each_member, string};
use crate::secret::Secret;

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
    /// Reads what there is; a body that is no JSON object gives an empty envelope. Nothing else of the body is kept, so a
    /// large one costs no memory.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut envelope = Self::default();
        let mut problem = Problem::default();
        let read = for_each_member(text.trim_start_matches('\u{feff}'), |name, value| match name {
            b"key" => envelope.key = words(value),
            b"text" => envelope.text = words(value),
            b"id" => envelope.error_id = short_value(value),
            b"title" => problem.title = words(value),
            b"detail" => problem.detail = words(value),
            b"errors" => problem.errors = Some(value),
            _ => {}
        });
        if read.is_err() {
            return Self::default();
        }
        envelope.text = envelope.text.or_else(|| problem.text());
        envelope
    }

    /// The envelope without the API key, should the API have sent it back.
    pub(crate) fn redacted(self, key: &Secret) -> Self {
        let redact = |text: Option<String>| text.map(|text| key.redact(text));
        Self { key: redact(self.key), text: redact(self.text), error_id: redact(self.error_id) }
    }
}

/// The string that `value` is, without blanks around it; none if nothing is left.
fn words(value: &RawValue) -> Option<String> {
    let text = string(value)?;
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn short_value(id: &RawValue) -> Option<String> {
    let mut short_value = None;
    for_each_member(id.get(), |name, value| {
        if name == b"shortValue" {
            short_value = words(value);
        }
    })
    .ok()?;
    short_value
}

/// Problem details (RFC 7807).
#[derive(Default)]
struct Problem<'a> {
    title: Option<String>,
    detail: Option<String>,
    errors: Option<&'a RawValue>,
}

impl Problem<'_> {
    /// Title, detail, then each field with its messages.
    fn text(self) -> Option<String> {
        let mut parts: Vec<String> = self.title.into_iter().chain(self.detail).collect();
        let mut length = 0;
        // A second reading can't fail; and errors that are no object say nothing about fields.
        let _ = for_each_member(self.errors.map_or("{}", RawValue::get), |field, messages| {
            if length <= MAX_TEXT_BYTES {
                let part = format!("{}: {}", String::from_utf8_lossy(field), joined(messages));
                length += part.len();
                parts.push(part);
            }
        });
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

fn joined(messages: &RawValue) -> String {
    match string(messages) {
        Some(text) => text,
        None if messages.get().starts_with('[') => {
            let texts: Vec<_> = elements(messages.get()).into_iter().map(joined).collect();
            texts.join(" ")
        }
        None => messages.get().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Envelope;

    fn envelope(key: Option<&str>, text: Option<&str>, error_id: Option<&str>) -> Envelope {
        Envelope { key: key.map(str::to_owned), text: text.map(str::to_owned), error_id: error_id.map(str::to_owned) }
    }

    #[test]
    fn recorded_bodies_are_read() {
        assert_eq!(
            Envelope::parse(include_bytes!("../tests/data/error-unauthorized.json")),
            envelope(Some("ERROR_UNAUTHORIZED"), Some("Acesso negado"), Some("c44bf0cc"))
        );
        assert_eq!(
            Envelope::parse(include_bytes!("../tests/data/error-refused-as-500.json")),
            envelope(Some("FORM_ERROR"), Some("Conversa não encontrada"), None)
        );
        assert_eq!(
            Envelope::parse(include_bytes!("../tests/data/error-problem-details.json")),
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
            assert_eq!(Envelope::parse(body.as_bytes()), Envelope::default(), "{body}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_costs_a_letter_not_the_refusal() {
        let body =
            br#"{"key": "FORM_ERROR", "text": "Conversa \ud83d", "customData": "\udc4d", "id": {"shortValue": "c4"}}"#;
        assert_eq!(Envelope::parse(body), envelope(Some("FORM_ERROR"), Some("Conversa \u{fffd}"), Some("c4")));
    }

    #[test]
    fn a_wrong_encoding_loses_letters_not_the_key() {
        let latin1 = b"{\"key\": \"FORM_ERROR\", \"text\": \"Conversa n\xe3o encontrada\"}";
        assert_eq!(Envelope::parse(latin1), envelope(Some("FORM_ERROR"), Some("Conversa n\u{fffd}o encontrada"), None));
    }
}
