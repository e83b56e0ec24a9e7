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

    /// `text` with every occurrence of the key taken out: a gateway may echo what it was sent.
    pub(crate) fn redact(&self, text: String) -> String {
        if text.contains(self.reveal()) { text.replace(self.reveal(), REDACTED) } else { text }
    }

    /// As [`redact`](Self::redact), for a text that goes on where `start` ends: a key that is cut by its end is taken out too.
    pub(crate) fn redact_start(&self, mut start: String) -> String {
        let key = self.reveal().as_bytes();
        let cut_off = (1..key.len()).rev().find(|length| start.as_bytes().ends_with(&key[..*length]));
        start.truncate(start.len() - cut_off.unwrap_or(0));
        self.redact(start)
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
    }
}
