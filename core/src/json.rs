//! JSON text read member by member, with nothing built that is not asked for.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::text::beginning;

/// How much of a string's JSON text is read where only its beginning is shown: more than a text and a key are long, even if
/// each letter is an escape.
const MAX_LITERAL_BYTES: usize = 64 * 1024;

/// Calls `visit` with the name and the value of each member of `object`, in order. A name may hold half a surrogate pair,
/// so it comes as bytes.
///
/// # Errors
/// If `object` is no JSON object.
pub(crate) fn for_each_member<'a>(
    object: &'a str,
    visit: impl FnMut(&[u8], &'a RawValue),
) -> Result<(), serde_json::Error> {
    for_each_wanted_member(object, |_| true, visit)
}

/// As [`for_each_member`], for those members alone whose names `is_wanted` wants.
///
/// # Errors
/// If `object` is no JSON object.
pub(crate) fn for_each_wanted_member<'a>(
    object: &'a str,
    is_wanted: impl FnMut(&[u8]) -> bool,
    visit: impl FnMut(&[u8], &'a RawValue),
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    Members { is_wanted, visit }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Calls `visit` with each element of `array`, in order.
///
/// # Errors
/// If `array` is no JSON array.
pub(crate) fn for_each_element<'a>(array: &'a str, visit: impl FnMut(&'a RawValue)) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(array);
    deserializer.deserialize_seq(Elements(visit))?;
    deserializer.end()
}

/// The string that `value` is; none for any other value. Half a surrogate pair becomes U+FFFD.
pub(crate) fn string(value: &RawValue) -> Option<String> {
    value.get().starts_with('"').then(|| decoded(value.get()))?
}

/// The beginning of the string that `value` is, and whether that is all of it.
pub(crate) fn string_start(value: &RawValue) -> Option<(String, bool)> {
    let literal = value.get();
    if !literal.starts_with('"') {
        return None;
    }
    let start = beginning_of_literal(literal);
    if start.len() == literal.len() {
        return Some((decoded(literal)?, true));
    }
    Some((decoded(&format!("{start}\""))?, false))
}

/// The beginning of a JSON string's text, which ends in front of an escape or a character, never within one.
fn beginning_of_literal(literal: &str) -> &str {
    if literal.len() <= MAX_LITERAL_BYTES {
        return literal;
    }
    let bytes = literal.as_bytes();
    let mut at = 1;
    while at < MAX_LITERAL_BYTES {
        at += match bytes[at] {
            b'\\' if bytes[at + 1] == b'u' => 6,
            b'\\' => 2,
            _ => 1,
        };
    }
    beginning(literal, at)
}

/// The string of a JSON string's text.
fn decoded(literal: &str) -> Option<String> {
    let bytes = bytes(literal).ok()?;
    Some(String::from_utf8(bytes.into_owned()).unwrap_or_else(|error| repaired(error.as_bytes())))
}

/// The bytes of a JSON string's text.
fn bytes(literal: &str) -> serde_json::Result<Cow<'_, [u8]>> {
    match literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain.as_bytes())),
        _ => serde_json::from_str(literal).map(|Bytes(bytes)| bytes),
    }
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

struct Members<W, V> {
    is_wanted: W,
    visit: V,
}

impl<'de, W: FnMut(&[u8]) -> bool, V: FnMut(&[u8], &'de RawValue)> DeserializeSeed<'de> for Members<W, V> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, W: FnMut(&[u8]) -> bool, V: FnMut(&[u8], &'de RawValue)> Visitor<'de> for Members<W, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        // As raw text first: a string that is read as bytes may hold control characters, which JSON forbids.
        while let Some(literal) = map.next_key::<&RawValue>()? {
            let name = bytes(literal.get()).map_err(Error::custom)?;
            if (self.is_wanted)(&name) {
                (self.visit)(&name, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Elements<F>(F);

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element()? {
            (self.0)(element);
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
    use serde_json::value::RawValue;

    use super::{MAX_LITERAL_BYTES, for_each_element, for_each_member, string, string_start};

    #[test]
    fn a_long_string_is_cut_between_characters() {
        for (unit, letter) in
            [("a", "a"), ("\u{1f44d}", "\u{1f44d}"), ("\\u00e3", "\u{e3}"), ("\\\\", "\\"), ("\\n", "\n")]
        {
            for shift in 0..6 {
                let literal = format!("\"{}{}\"", "x".repeat(shift), unit.repeat(MAX_LITERAL_BYTES));
                let (text, is_whole) = string_start(&RawValue::from_string(literal).unwrap()).unwrap();
                let rest = text[shift..].strip_suffix('\u{fffd}').unwrap_or(&text[shift..]);
                assert!(!is_whole && !rest.is_empty() && rest.replace(letter, "").is_empty(), "{unit}");
            }
        }
        let short = RawValue::from_string("\"a\\nb\"".to_owned()).unwrap();
        assert_eq!(string_start(&short), Some(("a\nb".to_owned(), true)));
    }

    #[test]
    fn elements_come_in_order() {
        let mut seen = Vec::new();
        for_each_element(r#"[1, "a", [[2]]]"#, |element| seen.push(element.get())).unwrap();
        assert_eq!(seen, ["1", "\"a\"", "[[2]]"]);
        assert!(for_each_element("{}", |_| {}).is_err() && for_each_element("[1", |_| {}).is_err());
    }

    #[test]
    fn names_hold_no_control_characters_but_escaped_ones() {
        let names = |object: &str| {
            let mut names = Vec::new();
            for_each_member(object, |name, _| names.push(name.to_owned())).map(|()| names).ok()
        };
        assert_eq!(names(r#"{"a\u0001\n\"é":1,"é\u007f":2}"#), Some(vec!["a\u{1}\n\"é".into(), "é\u{7f}".into()]));
        for raw in ["{\"a\u{1}\":1}", "{\"a\n\":1}", "{\"\\n\u{1f}\":1}", "{\"a\":1,\"\u{0}\":{}}"] {
            assert_eq!(names(raw), None, "{raw:?}");
        }
        assert_eq!(names("{1:2}"), None);
    }

    #[test]
    fn half_a_surrogate_pair_is_repaired() {
        let mut seen = Vec::new();
        let object = r#"{"a":"x\ud800y","b":"\ud83d\udc4d","\udfff":"","c":7}"#;
        for_each_member(object, |name, value| seen.push((name.to_owned(), string(value)))).unwrap();
        let texts: Vec<_> = seen.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, [Some("x\u{fffd}y".into()), Some("\u{1f44d}".into()), Some(String::new()), None]);
    }
}
