//! The gate for CI: `--fail-if 'wall_clock_time_ms: worse > 10%'`.
//!
//! A condition is looked at for every arm against the baseline. It closes the gate when the whole 95 % interval of the
//! ratio lies past the threshold (`--point`: when the estimate does), so that noise alone seldom fails a build, and a
//! failed build means something. Where there is no interval (a single run, no data, a key that varies) nothing
//! was checked, and a check that checked nothing must not pass: that closes the gate too, with its reason.

use crate::against::Against;
use crate::arm::Arm;
use crate::columns::Column;
use crate::compare::Asked;
use crate::constants::Hidden;
use crate::stats::{Interval, Ratio};
use tg_stage::metric::{self, Better};
use tg_stage::{Error, Result};

/// A condition as typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// As typed.
    pub text: String,
    /// The metric.
    pub metric: String,
    /// Which change fails.
    pub change: Change,
    /// How large it may be, as a share: 0.1 for 10 %.
    pub threshold: f64,
}

/// A direction of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Against the metric's declared direction.
    Worse,
    /// With it.
    Better,
    /// Up.
    Higher,
    /// Down.
    Lower,
}

/// A condition, looked at for one arm.
#[derive(Debug)]
pub struct Gate {
    /// The condition as typed.
    pub condition: String,
    /// Place of the metric among the columns.
    pub column: usize,
    /// Place of the arm.
    pub arm: usize,
    /// What was found.
    pub outcome: Outcome,
    /// Why, as a sentence without its full stop.
    pub reason: String,
}

/// What became of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It does not hold.
    Open,
    /// It holds: the exit status is 1.
    Closed,
    /// It cannot be looked at: the exit status is 1 too.
    Undefined,
}

const CHANGES: [(&str, Change); 4] = [
    ("worse", Change::Worse),
    ("better", Change::Better),
    ("higher", Change::Higher),
    ("lower", Change::Lower),
];

impl std::str::FromStr for Condition {
    type Err = String;

    /// `METRIC: worse > 10%`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let fault = || format!("not of the form 'METRIC: worse|better|higher|lower > 10%': {text}");
        let (metric, rest) = text.split_once(':').ok_or_else(fault)?;
        let (change, bound) = rest.split_once('>').ok_or_else(fault)?;
        let change = CHANGES.iter().find(|known| known.0 == change.trim());
        let percent = bound.trim().strip_suffix('%').ok_or_else(fault)?;
        let percent: f64 = percent.trim().parse().map_err(|_| fault())?;
        if !percent.is_finite() || percent < 0.0 {
            return Err(format!("the threshold must be 0 % or more: {text}"));
        }
        Ok(Self {
            text: text.to_owned(),
            metric: metric.trim().to_owned(),
            change: change.ok_or_else(fault)?.1,
            threshold: percent / 100.0,
        })
    }
}

/// Look at every condition for every arm but the baseline and its A/A arm.
pub fn gate(
    arms: &[Arm],
    columns: &[Column],
    against: &[Vec<Against>],
    hidden: &[Hidden],
    asked: &Asked,
) -> Result<Vec<Gate>> {
    let mut gates = Vec::new();
    for condition in &asked.fail_if {
        let is_it = |column: &Column| {
            column.name == condition.metric
                || metric::stem(&column.name) == condition.metric
                || column.slot.as_ref() == Some(&condition.metric)
        };
        let subject = format!("--fail-if {}", condition.text);
        let column = columns.iter().position(is_it).ok_or_else(|| {
            Error::usage(&subject, "no such metric in these records")
                .hint("tg-metrics --list names them all")
        })?;
        let up = upward(condition.change, columns[column].kind.better).ok_or_else(|| {
            let name = &columns[column].name;
            let cause = format!("nobody declared which way {name} is better");
            Error::usage(&subject, cause).hint("say higher or lower instead")
        })?;
        let questioned = |(_, arm): &(usize, &Arm)| arm.null_of().is_none();
        let mut others = arms
            .iter()
            .enumerate()
            .skip(1)
            .filter(questioned)
            .peekable();
        if others.peek().is_none() {
            let reason = "there is no arm to compare with the baseline".to_owned();
            gates.push(condition.gate(column, 0, Outcome::Undefined, reason));
        }
        for (at, arm) in others {
            let forbids = |hidden: &&Hidden| hidden.forbids(&arms[0], arm, &columns[column]);
            let (outcome, reason) = match hidden.iter().find(forbids) {
                Some(hidden) => {
                    let reason = format!("cannot be judged: {}", hidden.message);
                    (Outcome::Undefined, reason)
                }
                None => condition.look(&against[at][column], up, asked.point),
            };
            let reason = format!("{} against {}: {reason}", arm.label, arms[0].label);
            gates.push(condition.gate(column, at, outcome, reason));
        }
    }
    Ok(gates)
}

/// Whether the change meant is one upwards; `None` where nobody declared it.
fn upward(change: Change, better: Better) -> Option<bool> {
    let better_is_up = match better {
        Better::Higher => Some(true),
        Better::Lower => Some(false),
        Better::NearOne | Better::Undeclared => None,
    };
    match change {
        Change::Higher => Some(true),
        Change::Lower => Some(false),
        Change::Better => better_is_up,
        Change::Worse => better_is_up.map(|up| !up),
    }
}

impl Condition {
    fn gate(&self, column: usize, arm: usize, outcome: Outcome, reason: String) -> Gate {
        Gate {
            condition: self.text.clone(),
            column,
            arm,
            outcome,
            reason,
        }
    }

    /// The change is a ratio of geometric means less 1: up by 10 % is 1.1, down by 10 % is 0.9.
    fn look(&self, against: &Against, up: bool, point: bool) -> (Outcome, String) {
        let Some(ratio) = against.versus.as_ref().and_then(|versus| versus.ratio) else {
            let reason =
                "cannot be judged: there is no ratio (no run has a value, or not all are positive)";
            return (Outcome::Undefined, reason.to_owned());
        };
        let ends = match (point, ratio.interval) {
            (true, _) => Interval {
                low: ratio.value,
                high: ratio.value,
            },
            (false, Some(ends)) => ends,
            (false, None) => {
                let reason = format!(
                    "cannot be judged: the change of {} has no interval; it takes two runs per arm that differ, \
                     or --point",
                    percent(ratio.value)
                );
                return (Outcome::Undefined, reason);
            }
        };
        let bound = if up {
            1.0 + self.threshold
        } else {
            1.0 - self.threshold
        };
        let is_past = if up {
            ends.low > bound
        } else {
            ends.high < bound
        };
        let outcome = if is_past {
            Outcome::Closed
        } else {
            Outcome::Open
        };
        (outcome, reason(ratio, point, is_past, bound))
    }
}

fn reason(ratio: Ratio, point: bool, is_past: bool, bound: f64) -> String {
    let change = percent(ratio.value);
    let bound = percent(bound);
    let interval = ratio.interval.map_or_else(String::new, |ends| {
        format!(
            " (95 % interval {} to {})",
            percent(ends.low),
            percent(ends.high)
        )
    });
    let basis = if point {
        "the estimate"
    } else {
        "the whole interval"
    };
    let not = if is_past { "lies" } else { "does not lie" };
    format!("a change of {change}{interval}; {basis} {not} past {bound}")
}

/// A ratio as a change: `+12.3 %`.
fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}
