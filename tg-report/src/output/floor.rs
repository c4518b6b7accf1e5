//! What so few runs cannot show, as a sentence.

use crate::against::ALPHA;
use crate::floor::{Floor, Pair};
use crate::stats::Test;
use crate::words::{count, list};

/// `3 pairs of runs cannot show a difference at p < 0.25 (exact sign-flip test); ...`
pub fn sentence(floor: &Floor) -> String {
    let several = floor.pairs.len() > 1;
    let pair = |pair: &Pair| {
        let who = if several {
            format!(" ({})", list(pair.arms.clone()))
        } else {
            String::new()
        };
        let (n, test, of) = match pair.test {
            Test::Rank => {
                let base = count(pair.baseline, "run");
                (
                    format!("{} against {base}", pair.runs),
                    "exact rank test",
                    "runs per arm",
                )
            }
            Test::SignFlip => (
                format!("{} of runs", count(pair.runs, "pair")),
                "exact sign-flip test",
                "pairs",
            ),
        };
        let what = match pair.p {
            p if p < 1.0 => format!("a difference at p < {}", two_digits(p)),
            _ => "any difference".to_owned(),
        };
        let by_all = match pair.needed_by_all {
            all if all > pair.needed => {
                format!(
                    ", and {all} for all {} comparisons (Holm)",
                    floor.comparisons
                )
            }
            _ => String::new(),
        };
        format!(
            "{n} cannot show {what}{who} ({test}): p < {ALPHA} needs {} {of}{by_all}",
            pair.needed
        )
    };
    let pairs: Vec<String> = floor.pairs.iter().map(pair).collect();
    pairs.join("; ")
}

/// Two digits, rounded down: nothing below it can be reached.
fn two_digits(p: f64) -> String {
    let decimals = 1 - p.log10().floor() as i32;
    let shift = 10f64.powi(decimals);
    format!(
        "{:.*}",
        decimals.max(0) as usize,
        (p * shift + 1e-9).floor() / shift
    )
}
