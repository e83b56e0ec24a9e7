//! Checks of the input that need nothing but the input.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;
use crate::model::SessionStatus;
use crate::text::{is_invisible, trimmed};

const MAX_SESSION_ID_BYTES: usize = 512;

/// All but the characters that RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A session id that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionId<'a>(&'a str);

impl<'a> SessionId<'a> {
    /// The id without blanks and invisible characters around it, or `None` if nothing is left.
    fn parse(given: &'a str) -> Option<Result<Self, Error>> {
        let id = trimmed(given);
        (!id.is_empty()).then(|| Self::check(id))
    }

    fn check(id: &'a str) -> Result<Self, Error> {
        if id.len() > MAX_SESSION_ID_BYTES {
            return Err(Error::invalid_session_id(format!(
                "A session id has at most {MAX_SESSION_ID_BYTES} bytes, this one has {}.",
                id.len()
            )));
        }
        if id == "." || id == ".." {
            return Err(Error::invalid_session_id(format!("\"{id}\" would change the route.")));
        }
        match id.chars().enumerate().find(|(_, character)| character.is_control() || is_invisible(*character)) {
            Some((index, character)) => Err(Error::invalid_session_id(unsendable(index, character))),
            None => Ok(Self(id)),
        }
    }

    pub(crate) fn as_str(&self) -> &'a str {
        self.0
    }

    /// The id as exactly one segment of a URL's path.
    pub(crate) fn path_segment(&self) -> String {
        utf8_percent_encode(self.0, RESERVED).to_string()
    }
}

/// The input of `update_session_status`; what is missing is found before what is invalid.
pub(crate) fn update<'a>(session_id: &'a str, status: &str) -> Result<(SessionId<'a>, SessionStatus), Error> {
    let id = SessionId::parse(session_id).ok_or_else(Error::missing_fields)?;
    let name = Some(trimmed(status)).filter(|name| !name.is_empty()).ok_or_else(Error::missing_fields)?;
    Ok((id?, settable_status(name)?))
}

/// The input of `complete_session`.
pub(crate) fn complete(session_id: &str) -> Result<SessionId<'_>, Error> {
    SessionId::parse(session_id).ok_or_else(Error::empty_session_id)?
}

fn unsendable(index: usize, character: char) -> String {
    let kind = if character.is_control() { "control" } else { "invisible" };
    format!("Character {} of it is the {kind} character U+{:04X}.", index + 1, u32::from(character))
}

fn settable_status(name: &str) -> Result<SessionStatus, Error> {
    match name.parse()? {
        SessionStatus::Undefined => Err(Error::invalid_status("Add a valid status!")),
        status => Ok(status),
    }
}

#[cfg(test)]
mod tests {
    use super::{complete, update};
    use crate::error::ErrorKind;
    use crate::model::SessionStatus;

    #[test]
    fn every_status_is_taken_by_both_names_in_any_case() {
        for status in SessionStatus::ALL.iter().copied().filter(|status| *status != SessionStatus::Undefined) {
            for name in [status.as_str(), status.display_name()] {
                for name in [name.to_owned(), name.to_lowercase(), format!(" {name}\n")] {
                    assert_eq!(update("s", &name).unwrap().1, status);
                }
            }
        }
    }

    #[test]
    fn missing_is_found_before_invalid() {
        assert_eq!(update("..", " ").unwrap_err().kind(), ErrorKind::MissingFields);
        assert_eq!(update("", "UNDEFINED").unwrap_err().kind(), ErrorKind::MissingFields);
        assert_eq!(update("..", "UNDEFINED").unwrap_err().kind(), ErrorKind::InvalidSessionId);
    }

    #[test]
    fn what_nobody_sees_is_trimmed_at_the_ends_and_named_inside() {
        assert_eq!(complete("\u{feff}session_1\u{200b} ").unwrap().as_str(), "session_1");
        assert_eq!(update("s", "\u{200e}hidden\u{feff}").unwrap().1, SessionStatus::Hidden);
        assert_eq!(complete("\u{200b}\u{feff}").unwrap_err().kind(), ErrorKind::EmptySessionId);
        assert_eq!(update("\u{200b}", "HIDDEN").unwrap_err().kind(), ErrorKind::MissingFields);
        for (id, place, name) in [
            ("a\u{200b}b", "Character 2 ", "invisible character U+200B"),
            ("\u{e3}\u{e9}\u{ad}b", "Character 3 ", "invisible character U+00AD"),
            ("a\tb", "Character 2 ", "control character U+0009"),
            ("ab\0", "Character 3 ", "control character U+0000"),
        ] {
            let error = complete(id).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSessionId);
            assert!(error.description().contains(place) && error.description().contains(name), "{error}");
        }
    }

    #[test]
    fn an_id_is_one_segment_whatever_it_holds() {
        for (id, segment) in [
            ("session_12345", "session_12345"),
            (" a/b ", "a%2Fb"),
            ("%2e%2e", "%252e%252e"),
            ("a?b#c", "a%3Fb%23c"),
            ("a\\b", "a%5Cb"),
            ("ação 👍", "a%C3%A7%C3%A3o%20%F0%9F%91%8D"),
        ] {
            assert_eq!(complete(id).unwrap().path_segment(), segment);
        }
    }
}
