//! Pieces of the sentences that errors, warnings and reports consist of.

use std::fmt::Display;

/// The name that errors and warnings on stderr begin with.
pub const TOOL: &str = "tg-report";

/// Text that cannot steer a terminal: control characters, line breaks and direction marks become visible escapes.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => plain.extend(c.escape_unicode()),
            c if c.is_control() => plain.extend(c.escape_default()),
            c => plain.push(c),
        }
    }
    plain
}

/// [`plain`] text that keeps its line breaks.
pub fn plain_lines(text: &str) -> String {
    text.lines().map(|line| plain(line) + "\n").collect()
}

pub fn join<T: Display>(items: impl IntoIterator<Item = T>, between: &str) -> String {
    let items = items.into_iter().map(|item| item.to_string());
    items.collect::<Vec<_>>().join(between)
}

/// Names in a sentence: the first five, and the number of further ones.
pub fn list<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 5;
    let names: Vec<T> = names.into_iter().collect();
    let shown = join(names.iter().take(SHOWN), ", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn enumerate(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 run`, `3 runs`.
pub fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// The value, or `-` for an unknown one.
pub fn or_dash<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// A p value: never 0, never more digits than it deserves. `<0.001`, `0.029`, `0.25`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 0.001 => "<0.001".to_owned(),
        p if p < 0.1 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}

/// A p value in a sentence: `p = 0.25`, `p < 0.001`.
pub fn p_is(p: f64) -> String {
    let sign = if p < 0.001 { "" } else { "= " };
    format!("p {sign}{}", p_value(p)).replace('<', "< ")
}

/// A share as a whole percentage, rounded outwards, because it is an end of an interval.
pub fn percent_between(low: f64, high: f64) -> String {
    let low = (low * 100.0 + 1e-9).floor().max(0.0);
    let high = (high * 100.0 - 1e-9).ceil().min(100.0);
    format!("{low:.0}-{high:.0} %")
}
