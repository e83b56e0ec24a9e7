//! Text as people paste it: with blanks and invisible characters around it.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// True for a character that is not shown: zero width, byte order mark, soft hyphen, direction mark.
pub(crate) fn is_invisible(character: char) -> bool {
    character.general_category() == GeneralCategory::Format
}

/// `text` without blanks and invisible characters at its ends.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_whitespace() || is_invisible(character))
}

/// The first `max` bytes of `text`, or fewer so that no character is cut.
pub(crate) fn beginning(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rfind(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// `text`, which should be a name, in quotes and escaped. A long one may be a secret in the wrong place: its beginning has to do.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST_NAME: usize = 24;
    const BEGINNING: usize = 4;
    if text.chars().nth(LONGEST_NAME).is_none() {
        return format!("{text:?}");
    }
    let beginning: String = text.chars().take(BEGINNING).collect();
    format!("{beginning:?}...")
}

#[cfg(test)]
mod tests {
    use super::{shortened, trimmed};

    #[test]
    fn what_nobody_sees_is_trimmed_at_the_ends() {
        for around in ["\u{feff}", "\u{200b}", "\u{ad}", "\u{200e} \u{2060}", "\u{202a}\n"] {
            assert_eq!(trimmed(&format!("{around}a{around}")), "a");
            assert_eq!(trimmed(around), "");
        }
        assert_eq!(trimmed("a\u{200b}b"), "a\u{200b}b");
        assert_eq!(trimmed("\u{e3}"), "\u{e3}");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shortened("a\nb"), r#""a\nb""#);
        assert_eq!(shortened(&"ã".repeat(24)), format!("{:?}", "ã".repeat(24)));
        assert_eq!(shortened(&"ã".repeat(25)), "\"ãããã\"...");
    }
}
