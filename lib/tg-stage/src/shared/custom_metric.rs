//! A custom metric: a name, a jq filter over the snapshot, and its unit and direction for the report.
//!
//! It is written in the manifest or on the command line of `tg-metrics`, and kept in the record, so that a snapshot alone
//! can be measured again. The module `filter`, with which not every tool is built, checks the filter itself.

use super::metric::{self, Better, ENDINGS, Kind, Unit};
use serde::{Deserialize, Serialize};

/// Keys beside the metrics of a record, or in place of them.
const TAKEN: [&str; 7] = [
    "cost_source",
    "tokens_source",
    "scope",
    "trimmed",
    "warnings",
    "outcome",
    "error",
];

/// The longest name: it is the head of a column.
const LONGEST: usize = 40;

/// A custom metric.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomMetric {
    /// Its name among the metrics of a record.
    pub name: String,
    /// One of [`Unit::DECLARED`]; none: the unit of the name's ending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// One of [`Better::DECLARED`]; none: it calls no run better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub better: Option<String>,
    /// The filter: one number or null of the whole snapshot.
    pub jq: String,
}

impl CustomMetric {
    /// The fault in its name, unit or direction, if there is one.
    pub fn fault(&self) -> Option<String> {
        let Self { name, unit, .. } = self;
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || !name.chars().all(fine) || name.len() > LONGEST {
            let shown: String = name.chars().take(LONGEST).collect();
            return Some(format!(
                "`{}` cannot name a metric: use 1 to {LONGEST} of a-z 0-9 _ and begin with a letter",
                shown.escape_debug()
            ));
        }
        if let Some(built_in) = metric::named(name) {
            return Some(format!(
                "`{name}` names the built-in metric {built_in}: choose another name"
            ));
        }
        if TAKEN.contains(&name.as_str()) {
            return Some(format!(
                "`{name}` has a meaning of its own beside the metrics: choose another name"
            ));
        }
        let ending = ENDINGS.iter().find(|ending| name.ends_with(ending.0));
        if let Some(unit) = unit {
            let Some(known) = Unit::named(unit) else {
                let known = Unit::DECLARED.map(Unit::name).join(", ");
                return Some(format!(
                    "unknown unit `{unit}` of `{name}`: known are {known}"
                ));
            };
            if let Some((ending, _)) = ending.filter(|ending| ending.1 != known) {
                return Some(format!(
                    "`{name}` is in {unit} by its `unit`, and its name ends in {ending}"
                ));
            }
        }
        let better = self.better.as_deref()?;
        if Better::named(better).is_none() {
            let known = Better::DECLARED.map(Better::name).join(", ");
            return Some(format!(
                "unknown `better: {better}` of `{name}`: known are {known}"
            ));
        }
        None
    }

    /// Its unit, direction and runs, for a report.
    pub fn kind(&self) -> Kind {
        let by_name = metric::kind(&self.name);
        let unit = self.unit.as_deref().and_then(Unit::named);
        let unit = unit.unwrap_or(by_name.unit);
        let better = self.better.as_deref().and_then(Better::named);
        Kind {
            unit,
            better: better.unwrap_or(by_name.better),
            over: unit.over(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Over;

    fn own(name: &str, unit: Option<&str>, better: Option<&str>) -> CustomMetric {
        CustomMetric {
            name: name.into(),
            unit: unit.map(String::from),
            better: better.map(String::from),
            jq: "1".into(),
        }
    }

    #[test]
    fn names_units_and_directions_are_checked() {
        let long = "x".repeat(41);
        let wrong = [
            (own("", None, None), "cannot name a metric"),
            (own("Merges", None, None), "begin with a letter"),
            (own("9lives", None, None), "begin with a letter"),
            (own("a-b", None, None), "a-z 0-9 _"),
            (own("a\nb", None, None), "`a\\nb`"),
            (own(&long, None, None), "1 to 40"),
            (own("redo_rate", None, None), "built-in metric redo_rate"),
            (
                own("wall_clock_time", None, None),
                "built-in metric wall_clock_time_ms",
            ),
            (own("warnings", None, None), "a meaning of its own"),
            (own("error", None, None), "a meaning of its own"),
            (
                own("merges", Some("files"), None),
                "unknown unit `files` of `merges`: known are ms, usd, %, ratio, 1/h, count",
            ),
            (
                own("review_ms", Some("count"), None),
                "in count by its `unit`, and its name ends in _ms",
            ),
            (
                own("merges", None, Some("more")),
                "`better: more` of `merges`: known are lower, higher, near 1",
            ),
        ];
        for (metric, expected) in wrong {
            let fault = metric.fault().unwrap();
            assert!(fault.contains(expected), "{fault}");
        }
        for fine in [
            own("merges", Some("count"), Some("higher")),
            own("review_ms", Some("ms"), Some("lower")),
            own("share_pct", Some("pct"), Some("near 1")),
            own("m2_", None, None),
        ] {
            assert_eq!(fine.fault(), None);
        }
    }

    #[test]
    fn a_kind_is_declared_or_follows_from_the_name() {
        let kind = own("reviewed", Some("1/h"), Some("higher")).kind();
        assert_eq!(
            (kind.unit, kind.better, kind.over),
            (Unit::PerHour, Better::Higher, Over::Completed)
        );
        let kind = own("review_ms", None, None).kind();
        assert_eq!(
            (kind.unit, kind.better, kind.over),
            (Unit::Ms, Better::Undeclared, Over::Completed)
        );
        let kind = own("merges", Some("from the future"), None).kind();
        assert_eq!((kind.unit, kind.over), (Unit::Plain, Over::Ended));
    }
}
