//! The gate for CI: `--fail-if 'wall_clock_time_ms: worse > 10%'`.
//!
//! A condition is tested for every arm against the baseline. It closes the gate if the whole 95 % interval of the ratio
//! lies past the threshold (`--point`: if the estimate does), so that noise alone seldom fails a build, and a failed build
//! means something. Without an interval (a single run, no data, a key that varies) nothing was tested, and a test of
//! nothing must not pass: that closes the gate too, with its reason.

use crate::arm::Arm;
use crate::columns::Column;
use crate::confounders::Confounder;
use crate::contrast::Contrast;
use crate::stats::{Interval, Ratio};
use tg_stage::metric::Better;
use tg_stage::{Error, Result};

/// The flags that a comparison needs, apart from those of the metrics.
#[derive(Debug, Default)]
pub struct Asked {
    pub baseline: Option<String>,
    pub by: Vec<String>,
    pub fail_if: Vec<Condition>,
    pub point: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The condition as typed.
    pub text: String,
    pub metric: String,
    /// The change that fails.
    pub change: Change,
    /// The largest change that passes, as a share: 0.1 for 10 %.
    pub threshold: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Against the metric's declared direction.
    Worse,
    /// In the metric's declared direction.
    Better,
    Higher,
    Lower,
}

/// A condition, tested for one arm.
#[derive(Debug)]
pub struct Gate {
    /// The condition as typed.
    pub condition: String,
    /// The metric's place among the columns.
    pub column: usize,
    /// The arm's place.
    pub arm: usize,
    pub result: GateResult,
}

/// The result of a condition. All but the first three could not be tested.
#[derive(Debug)]
pub enum GateResult {
    /// The change was tested against `bound`, a ratio.
    Tested {
        ratio: Ratio,
        bound: f64,
        /// `--point`: the estimate was tested, not the interval.
        by_point: bool,
        is_past: bool,
    },
    /// There is no arm to compare.
    NoArm,
    Confounded(Confounder),
    /// There is no ratio: no run has a value, or not all are positive.
    NoRatio,
    /// The ratio has no interval.
    NoInterval(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateState {
    /// The condition does not hold.
    Open,
    /// The condition holds: the exit status is 1.
    Closed,
    /// The condition cannot be tested: the exit status is 1 too.
    Undefined,
}

impl Gate {
    pub fn state(&self) -> GateState {
        match self.result {
            GateResult::Tested { is_past: false, .. } => GateState::Open,
            GateResult::Tested { is_past: true, .. } => GateState::Closed,
            _ => GateState::Undefined,
        }
    }
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

/// Tests every condition for every arm but the baseline and its A/A arm.
pub fn gates(
    arms: &[Arm],
    columns: &[Column],
    contrasts: &[Vec<Contrast>],
    confounders: &[Confounder],
    asked: &Asked,
) -> Result<Vec<Gate>> {
    let mut gates = Vec::new();
    for condition in &asked.fail_if {
        let subject = format!("--fail-if {}", condition.text);
        let is_it = |column: &Column| column.is_called(&condition.metric);
        let at = columns.iter().position(is_it).ok_or_else(|| {
            Error::usage(&subject, "no such metric in these records")
                .hint("tg-metrics --list names them all")
        })?;
        let column = &columns[at];
        let up = is_upward(condition.change, column.kind.better).ok_or_else(|| {
            let cause = format!("no direction is declared as better for {}", column.name);
            Error::usage(&subject, cause).hint("say higher or lower instead")
        })?;
        let mut gate = |arm, result| {
            gates.push(Gate {
                condition: condition.text.clone(),
                column: at,
                arm,
                result,
            });
        };
        let others = arms.iter().enumerate().skip(1);
        let mut others = others.filter(|(_, arm)| arm.null_of().is_none()).peekable();
        if others.peek().is_none() {
            gate(0, GateResult::NoArm);
        }
        for (place, arm) in others {
            let forbids = |found: &&Confounder| found.forbids(&arms[0], arm, column);
            let result = match confounders.iter().find(forbids) {
                Some(confounder) => GateResult::Confounded(confounder.clone()),
                None => condition.test(&contrasts[place][at], up, asked.point),
            };
            gate(place, result);
        }
    }
    Ok(gates)
}

/// True if the change is an upward one; `None` if no direction is declared.
fn is_upward(change: Change, better: Better) -> Option<bool> {
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
    /// The change is a ratio of geometric means less 1: up by 10 % is 1.1, down by 10 % is 0.9.
    fn test(&self, contrast: &Contrast, up: bool, by_point: bool) -> GateResult {
        let Some(ratio) = contrast.ratio() else {
            return GateResult::NoRatio;
        };
        let (low, high) = (ratio.value, ratio.value);
        let point = Interval { low, high };
        let Some(ends) = ratio
            .interval
            .filter(|_| !by_point)
            .or(by_point.then_some(point))
        else {
            return GateResult::NoInterval(ratio.value);
        };
        let bound = 1.0 + if up { self.threshold } else { -self.threshold };
        GateResult::Tested {
            ratio,
            bound,
            by_point,
            is_past: if up {
                ends.low > bound
            } else {
                ends.high < bound
            },
        }
    }
}
