//! Untrusted texts made fit for display: truncated, and without characters that move the cursor.

use serde::Serialize;

/// The longest text that is shown, in characters.
pub const LONGEST: usize = 160;

/// A text, truncated if it was too long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// At most 160 characters, none of them a control character.
    pub text: String,
    /// The length of the whole text in characters, if it was truncated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chars: Option<u64>,
}

/// Truncates `text`. Control characters, and those that change the direction of writing, become spaces.
pub fn cut(text: &str) -> Cut {
    cut_of(text, text.chars().count() as u64)
}

/// The same, given the first characters of a text that has `chars` of them.
pub fn cut_of(text: &str, chars: u64) -> Cut {
    let plain = |c: char| match c {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    Cut {
        text: text.chars().take(LONGEST).map(plain).collect(),
        chars: (chars > LONGEST as u64).then_some(chars),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_nothing_moves_the_cursor() {
        let hostile = cut("a\u{1b}[2Jb\n\u{202e}c<script>");
        assert_eq!(hostile.text, "a [2Jb  c<script>");
        assert_eq!(hostile.chars, None);
        let long = cut(&"ä".repeat(1_000_000));
        assert_eq!(long.text.chars().count(), LONGEST);
        assert_eq!(long.chars, Some(1_000_000));
        assert_eq!(cut(&"x".repeat(LONGEST)).chars, None);
    }
}
