//! The end of a JSON value, found by its braces, brackets and strings; nesting is counted, not recursed.

/// Finds the end of a value that arrives in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct ValueEnd {
    depth: u64,
    /// One less than the number of values in it, or more if they are nested.
    pub commas: u64,
    is_string: bool,
    is_escaped: bool,
    pub has_begun: bool,
}

impl ValueEnd {
    /// Reads the next piece; returns the number of bytes that belong to the value if its end is among them.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.is_string {
                at = self.string(bytes, at)?;
                if self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match bytes[at] {
                b'"' => self.is_string = true,
                b'{' | b'[' => self.depth += 1,
                b',' if self.depth > 0 => self.commas += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                b'}' | b']' | b',' | b' ' | b'\n' | b'\r' | b'\t' if self.depth == 0 => {
                    return Some(at);
                }
                _ => {}
            }
            self.has_begun = true;
            at += 1;
        }
        None
    }

    /// The end of the string in which `at` lies; `None` if it is not in this piece.
    fn string(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        if self.is_escaped {
            self.is_escaped = false;
            at += 1;
        }
        while at <= bytes.len() {
            at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
            if bytes[at] == b'"' {
                self.is_string = false;
                return Some(at + 1);
            }
            at += 2;
        }
        self.is_escaped = true;
        None
    }
}
