//! The API key: shown nowhere, wiped when its last holder is gone.

use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

/// Stands in every text where the key would be.
const REDACTED: &str = "[redacted]";

/// A text that no `Debug` shows and that is wiped from memory when dropped.
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` with every occurrence of the key taken out, also where characters of it are escaped as in JSON: a gateway may echo
    /// what it was sent.
    pub(crate) fn redact(&self, text: String) -> String {
        self.without_key(&text, false).unwrap_or(text)
    }

    /// As [`redact`](Self::redact), for a text that goes on where `start` ends: a key that is cut by its end is taken out too.
    pub(crate) fn redact_start(&self, start: String) -> String {
        self.without_key(&start, true).unwrap_or(start)
    }

    /// None if nothing has to be taken out.
    fn without_key(&self, text: &str, goes_on: bool) -> Option<String> {
        let mut shown: Option<String> = None;
        let mut kept = 0;
        let mut at = 0;
        while at < text.len() {
            let (end, stands_for) = match self.found_at(&text.as_bytes()[at..]) {
                Found::Whole(length) => (at + length, REDACTED),
                Found::CutOff if goes_on => (text.len(), ""),
                Found::CutOff | Found::Nothing => {
                    at += 1;
                    continue;
                }
            };
            let shown = shown.get_or_insert_default();
            shown.push_str(&text[kept..at]);
            shown.push_str(stands_for);
            (kept, at) = (end, end);
        }
        let mut shown = shown?;
        shown.push_str(&text[kept..]);
        Some(shown)
    }

    /// How much of the key `text` begins with.
    fn found_at(&self, text: &[u8]) -> Found {
        let mut rest = text;
        for byte in self.reveal().bytes() {
            match after_byte(rest, byte) {
                Some(after) => rest = after,
                None if may_be_cut_off(rest) => {
                    return if rest.len() == text.len() { Found::Nothing } else { Found::CutOff };
                }
                None => return Found::Nothing,
            }
        }
        Found::Whole(text.len() - rest.len())
    }

    /// The header value `<prefix><key>`, marked sensitive; its memory is wiped with its last clone.
    pub(crate) fn header_value(&self, prefix: &str) -> HeaderValue {
        let text = Zeroizing::new([prefix.as_bytes(), self.reveal().as_bytes()].concat());
        let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text))
            .expect("the key is visible ASCII, which its making has checked");
        value.set_sensitive(true);
        value
    }
}

/// What there is of the key at some place of a text.
enum Found {
    /// All of it, in so many bytes.
    Whole(usize),
    /// Its beginning, and there the text ends.
    CutOff,
    Nothing,
}

/// What follows in `text` if it begins with `byte`, as it is or escaped as in JSON.
fn after_byte(text: &[u8], byte: u8) -> Option<&[u8]> {
    let after_escape = text.strip_prefix(br"\").and_then(|escape| {
        let digits = escape.strip_prefix(b"u").and_then(|digits| digits.split_at_checked(4));
        match digits {
            Some((digits, after)) if code_of(digits) == Some(u32::from(byte)) => Some(after),
            _ => escape.strip_prefix(&[byte]),
        }
    });
    after_escape.or_else(|| text.strip_prefix(&[byte]))
}

fn code_of(digits: &[u8]) -> Option<u32> {
    let is_number = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, 16).ok().filter(|_| is_number)
}

/// Whether `text` ends before it is known what it begins with.
fn may_be_cut_off(text: &[u8]) -> bool {
    text.is_empty() || text == br"\" || (text.starts_with(br"\u") && text.len() < 6)
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn no_text_form_shows_the_key() {
        let secret = Secret::new("pn_CANARY".to_owned());
        assert_eq!(format!("{secret:?}"), "[redacted]");
        let header = secret.header_value("Bearer ");
        assert_eq!(header.as_bytes(), b"Bearer pn_CANARY");
        assert_eq!(format!("{header:?}"), "Sensitive");
        assert_eq!(secret.redact_start("pn_CANARY pn_CAN".to_owned()), "[redacted] ");
        assert_eq!(secret.redact_start("pn_CANARY".to_owned()), "[redacted]");
        assert_eq!(secret.redact_start("a b".to_owned()), "a b");
        assert_eq!(secret.redact("a pn_CANARY b pn_CANARY".to_owned()), "a [redacted] b [redacted]");
        assert_eq!(secret.redact("pn_CAN".to_owned()), "pn_CAN");
        assert_eq!(secret.redact("ã pn_pn_CANARYã".to_owned()), "ã pn_[redacted]ã");
    }

    #[test]
    fn a_key_that_is_escaped_as_in_json_is_no_more_shown() {
        let plain = "pn_C/N'+";
        let secret = Secret::new(plain.to_owned());
        let escaped = [plain, r"pn_C\/N'+", r"pn_C\u002fN\u0027\u002b", r"\u0070n_C/N\u0027\u002B"];
        for key in escaped {
            assert_eq!(secret.redact(format!("a {key}b")), "a [redacted]b", "{key}");
            for cut in 1..key.len() {
                let shown = secret.redact_start(format!("a {}", &key[..cut]));
                assert!(["a ", r"a \", r"a \u", r"a \u0", r"a \u00", r"a \u007"].contains(&&*shown), "{shown}");
            }
        }
        for other in [r"pn_C\u002f", r"pn_C\u002fX", r"pn_C\u+02fN'+", r"pn_C\"] {
            assert_eq!(secret.redact(other.to_owned()), other);
        }
    }
}
