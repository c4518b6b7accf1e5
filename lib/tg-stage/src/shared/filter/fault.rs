//! The fault in a filter: its cause, its place, and its display for the user who typed it.

use std::fmt;

/// The fault in a filter, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The cause, without its place.
    pub what: String,
    /// The line of the filter, from 1.
    pub line: usize,
    /// The character of that line, from 1.
    pub column: usize,
    /// That line.
    pub text: String,
}

impl Fault {
    /// The fault at a byte of `text`; a part missing at the end is reported behind the last word.
    pub(super) fn at(text: &str, byte: usize, what: String) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let end = text.trim_end().len();
        let before = before.get(..end).unwrap_or(before);
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let line = text[begin..].lines().next().unwrap_or_default();
        Self {
            what,
            line: 1 + before.matches('\n').count(),
            column: 1 + before[begin..].chars().count(),
            text: line.into(),
        }
    }
}

/// `column 12: what`, then the line with a caret under that column; of a long line, the part around it.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        const AROUND: usize = 60;
        if self.text.trim().is_empty() {
            return f.write_str(&self.what);
        }
        if self.line > 1 {
            write!(f, "line {}, ", self.line)?;
        }
        let skipped = self.column.saturating_sub(AROUND);
        let is_plain = |c: char| if c.is_control() { ' ' } else { c };
        let shown = self.text.chars().skip(skipped).take(2 * AROUND);
        let shown: String = shown.map(is_plain).collect();
        let caret = self.column - skipped;
        let (what, column) = (&self.what, self.column);
        write!(f, "column {column}: {what}\n  {shown}\n  {:>caret$}", '^')
    }
}

#[cfg(test)]
mod tests {
    use crate::filter::{LONGEST, check};

    #[test]
    fn the_caret_is_under_the_place() {
        let shown = |text: &str| check(text).unwrap_err().to_string();
        assert_eq!(
            shown("1\n| foo_bar(2) | 3"),
            "line 2, column 3: no filter foo_bar/1\n  | foo_bar(2) | 3\n    ^"
        );
        assert_eq!(
            shown("\t[1"),
            "column 4: expected closing bracket\n   [1\n     ^"
        );
        assert_eq!(
            shown("1\n| [2\n\n"),
            "line 2, column 5: expected closing bracket\n  | [2\n      ^"
        );
        assert_eq!(shown(" "), "expected term");
        let (before, after) = ("é".repeat(300), " + 1".repeat(99));
        let long = shown(&format!("\"{before}\" + nope_nope{after}"));
        let lines: Vec<&str> = long.lines().collect();
        assert!(
            lines.iter().all(|line| line.chars().count() < 130),
            "{long}"
        );
        let caret = lines[2].find('^').unwrap();
        let under: String = lines[1].chars().skip(caret).take(9).collect();
        assert_eq!(under, "nope_nope");
        let huge = shown(&"1".repeat(LONGEST + 1));
        assert_eq!(huge, "a filter of 16385 bytes: at most 16384");
    }
}
