//! A success criterion: the bound that a metric must meet, as the manifest writes it (`>= 80`).
//!
//! `tg-instantiate` checks it, `tg-report` judges by it.

/// Compares a value with a bound.
type Holds = fn(&f64, &f64) -> bool;

/// A condition on a number.
#[derive(Debug, Clone, Copy)]
pub struct Criterion {
    holds: Holds,
    bound: f64,
}

/// The operators, longest first: `>=` begins with `>`.
const OPERATORS: [(&str, Holds); 5] = [
    (">=", f64::ge),
    ("<=", f64::le),
    ("==", |a, b| a.total_cmp(b).is_eq()),
    (">", f64::gt),
    ("<", f64::lt),
];

impl Criterion {
    /// Parses `>= 80`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = || OPERATORS.map(|operator| operator.0).join(" ");
        let text = text.trim();
        let Some((operator, holds)) = OPERATORS
            .iter()
            .find(|operator| text.starts_with(operator.0))
        else {
            return Err(format!("`{text}` begins with none of {}", known()));
        };
        let bound = text[operator.len()..].trim();
        match bound.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Self {
                holds: *holds,
                bound: number,
            }),
            _ => Err(format!("`{bound}` in `{text}` is not a number")),
        }
    }

    /// True if `value` meets it.
    pub fn holds(&self, value: f64) -> bool {
        (self.holds)(&value, &self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_held() {
        for (text, value, holds) in [
            (">= 80", 80.0, true),
            (">80", 80.0, false),
            (" < 0.5 ", 0.4, true),
            ("<=-1", -1.0, true),
            ("== 1", 1.0, true),
            ("==1", 1.1, false),
        ] {
            assert_eq!(
                Criterion::parse(text).unwrap().holds(value),
                holds,
                "{text} {value}"
            );
        }
        for text in ["", "80", "=> 80", ">= x", ">= inf", ">= NaN", "!= 3"] {
            assert!(Criterion::parse(text).is_err(), "{text}");
        }
    }
}
