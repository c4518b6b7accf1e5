//! Small pieces of the sentences that errors, warnings and reports are made of.

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

/// The same for text of several lines, which stay lines.
pub fn plain_lines(text: &str) -> String {
    text.lines().map(|line| plain(line) + "\n").collect()
}

/// Names in a sentence: the first five, and how many more.
pub fn list(names: Vec<String>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    match more {
        0 => shown,
        _ => format!("{shown} and {more} more"),
    }
}

/// `1 run`, `3 runs`.
pub fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A p as people read it: never 0, never more digits than it deserves. `<0.001`, `0.029`, `0.25`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 0.001 => "<0.001".to_owned(),
        p if p < 0.1 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}

/// The same in a sentence: `p = 0.25`, `p < 0.001`.
pub fn p_is(p: f64) -> String {
    let text = p_value(p);
    match text.strip_prefix('<') {
        Some(bound) => format!("p < {bound}"),
        None => format!("p = {text}"),
    }
}

/// A share as a whole percentage, rounded outwards: it is an end of an interval.
pub fn percent_between(low: f64, high: f64) -> String {
    let low = (low * 100.0 + 1e-9).floor().max(0.0);
    let high = (high * 100.0 - 1e-9).ceil().min(100.0);
    format!("{low:.0}-{high:.0} %")
}

/// `a`, `a and b`, `a, b and c`.
pub fn enumerate(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
