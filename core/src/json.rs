//! JSON text read member by member, with nothing built that is not asked for.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `visit` with the name and the value of each member of `object`, in order. A name may hold half a surrogate pair,
/// so it comes as bytes.
///
/// # Errors
/// If `object` is no JSON object.
pub(crate) fn for_each_member<'a>(
    object: &'a str,
    visit: impl FnMut(&[u8], &'a RawValue),
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    Members(visit).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// The elements of a JSON array; none for any other text.
pub(crate) fn elements(array: &str) -> Vec<&RawValue> {
    serde_json::from_str(array).unwrap_or_default()
}

/// The string that `value` is; none for any other value. Half a surrogate pair becomes U+FFFD.
pub(crate) fn string(value: &RawValue) -> Option<String> {
    if !value.get().starts_with('"') {
        return None;
    }
    let Bytes(bytes) = serde_json::from_str(value.get()).ok()?;
    Some(String::from_utf8(bytes.into_owned()).unwrap_or_else(|error| repaired(error.as_bytes())))
}

/// JSON strings come as UTF-8 but for surrogates, which are encoded as if they were characters: `ED A0 80` to `ED BF BF`.
fn repaired(bytes: &[u8]) -> String {
    let is_surrogate = |at: usize| bytes[at] == 0xED && bytes.get(at + 1).is_some_and(|next| *next >= 0xA0);
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let surrogate = is_surrogate(at);
        text.extend_from_slice(if surrogate { "\u{fffd}".as_bytes() } else { &bytes[at..=at] });
        at += if surrogate { 3 } else { 1 };
    }
    String::from_utf8_lossy(&text).into_owned()
}

struct Members<F>(F);

impl<'de, F: FnMut(&[u8], &'de RawValue)> DeserializeSeed<'de> for Members<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&[u8], &'de RawValue)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Bytes(name)) = map.next_key()? {
            (self.0)(&name, map.next_value()?);
        }
        Ok(())
    }
}

/// A string as bytes: JSON text may hold half a surrogate pair, `str` may not.
struct Bytes<'de>(Cow<'de, [u8]>);

impl<'de> Deserialize<'de> for Bytes<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;
        impl<'de> Visitor<'de> for BytesVisitor {
            type Value = Bytes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Bytes(Cow::Borrowed(bytes)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Bytes(Cow::Owned(bytes.to_owned())))
            }
        }
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::{for_each_member, string};

    #[test]
    fn half_a_surrogate_pair_is_repaired() {
        let mut seen = Vec::new();
        let object = r#"{"a":"x\ud800y","b":"\ud83d\udc4d","\udfff":"","c":7}"#;
        for_each_member(object, |name, value| seen.push((name.to_owned(), string(value)))).unwrap();
        let texts: Vec<_> = seen.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, [Some("x\u{fffd}y".into()), Some("\u{1f44d}".into()), Some(String::new()), None]);
    }
}
