//! Bytes as hexadecimal digits.

/// The digits of `bytes`, two each.
pub(crate) fn digits(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|digit| b"0123456789abcdef"[usize::from(digit)])
}

/// `bytes` as a text of hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    digits(bytes).map(char::from).collect()
}
