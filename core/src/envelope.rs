//! The API's error envelope and RFC 7807 problem details, of which no field is certain to be there.

use serde_json::{Map, Value};

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
    /// Reads what there is; a body that is no JSON object gives an empty envelope.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
            Ok(Value::Object(fields)) => Self::from_fields(&fields),
            _ => Self::default(),
        }
    }

    /// The envelope without the API key, should the API have sent it back.
    pub(crate) fn redacted(self, key: &Secret) -> Self {
        let redact = |text: Option<String>| text.map(|text| key.redact(text));
        Self { key: redact(self.key), text: redact(self.text), error_id: redact(self.error_id) }
    }

    fn from_fields(fields: &Map<String, Value>) -> Self {
        Self {
            key: text_in(fields.get("key")),
            text: text_in(fields.get("text")).or_else(|| problem_text(fields)),
            error_id: text_in(fields.get("id").and_then(|id| id.get("shortValue"))),
        }
    }
}

fn text_in(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Problem details as one text: title, detail, then each field with its messages.
fn problem_text(fields: &Map<String, Value>) -> Option<String> {
    let mut parts: Vec<String> = ["title", "detail"].into_iter().filter_map(|name| text_in(fields.get(name))).collect();
    if let Some(Value::Object(errors)) = fields.get("errors") {
        parts.extend(errors.iter().map(|(field, messages)| format!("{field}: {}", joined(messages))));
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn joined(messages: &Value) -> String {
    match messages {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(joined).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
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
            Envelope::parse(include_bytes!("../../tests/bodies/error-unauthorized.json")),
            envelope(Some("ERROR_UNAUTHORIZED"), Some("Acesso negado"), Some("c44bf0cc"))
        );
        assert_eq!(
            Envelope::parse(include_bytes!("../../tests/bodies/error-refused-as-500.json")),
            envelope(Some("FORM_ERROR"), Some("Conversa não encontrada"), None)
        );
        assert_eq!(
            Envelope::parse(include_bytes!("../../tests/bodies/error-problem-details.json")),
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
    fn a_wrong_encoding_loses_letters_not_the_key() {
        let latin1 = b"{\"key\": \"FORM_ERROR\", \"text\": \"Conversa n\xe3o encontrada\"}";
        assert_eq!(Envelope::parse(latin1), envelope(Some("FORM_ERROR"), Some("Conversa n\u{fffd}o encontrada"), None));
    }
}
