//! Arms: the runs of one configuration, and which of them enter a mean.
//!
//! The unit is the run; nothing inside a run is counted as a sample of its own. Which runs enter is a property of the
//! metric ([`Over`]), so that a run cut off by a limit never passes for a fast or a slow one. With `--by`, an arm is what
//! has the same values of the keys asked for.

use crate::columns::Column;
use crate::data::Data;
use crate::row::Row;
use crate::stats::{Interval, Summary, binomial, describe};
use std::collections::BTreeMap;
use tg_stage::metric::Over;

/// One configuration and what its runs come to.
#[derive(Debug)]
pub struct Arm<'a> {
    /// The arm's name; with the experiment before it where there are several. With `--by`, the values of the keys.
    pub label: String,
    /// By replicate, then id. Never empty.
    pub runs: Vec<&'a Row>,
    /// Completed runs.
    pub completed: usize,
    /// The exact 95 % interval of the share of runs that complete, from 0 to 1.
    pub completion: Option<Interval>,
    /// One for each column; `None` where no run has a value.
    pub cells: Vec<Option<Summary>>,
}

/// Rows by experiment and arm, or by the keys of `--by`, summarised on `columns`; in the manifest's order where the records
/// tell it (runs are drawn, and come in any), else in order of appearance.
pub fn arms<'a>(data: &'a Data, several: bool, columns: &[Column]) -> Vec<Arm<'a>> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    let mut place = BTreeMap::new();
    for row in &data.runs {
        let label = label(row, several);
        let at = *place.entry(label).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(row);
    }
    let mut experiments: Vec<&str> = Vec::new();
    for row in &data.runs {
        if !experiments.contains(&row.run.experiment.as_str()) {
            experiments.push(&row.run.experiment);
        }
    }
    groups.sort_by_key(|rows| {
        let run = &rows[0].run;
        let place = run.report.arms.iter().position(|arm| *arm == run.arm);
        (
            experiments.iter().position(|name| **name == run.experiment),
            place.unwrap_or(usize::MAX),
        )
    });
    let arm = |runs| Arm::new(runs, several, columns);
    groups.into_iter().map(arm).collect()
}

fn label(row: &Row, several: bool) -> String {
    if !row.labels.is_empty() {
        return row.labels.join("/");
    }
    let experiment = if several {
        format!("{}/", row.run.experiment)
    } else {
        String::new()
    };
    experiment + &row.run.arm
}

impl<'a> Arm<'a> {
    fn new(mut runs: Vec<&'a Row>, several: bool, columns: &[Column]) -> Self {
        runs.sort_by_key(|row| (row.run.replicate, &row.run.id, &row.run.experiment));
        let completed = runs.iter().filter(|row| row.is_completed()).count();
        let mut arm = Self {
            label: label(runs[0], several),
            completion: binomial::interval(completed, runs.len()),
            runs,
            completed,
            cells: Vec::new(),
        };
        let cell = |column: &Column| describe(&arm.values(column));
        arm.cells = columns.iter().map(cell).collect();
        arm
    }

    /// The arm's name in its manifest; that of its first run where `--by` pools several.
    pub fn name(&self) -> &'a str {
        &self.runs[0].run.arm
    }

    /// The values of a metric that enter its mean, in the order of the runs and the metric's unit.
    pub fn values(&self, column: &Column) -> Vec<f64> {
        self.entering(column).map(|entry| entry.1).collect()
    }

    /// The runs that enter a metric's mean, each with its value.
    pub fn entering(&self, column: &Column) -> impl Iterator<Item = (&'a Row, f64)> {
        let over = column.kind.over;
        let entering = self.runs.iter().filter(move |row| enters(row, over));
        entering.filter_map(|row| Some((*row, row.value(&column.name)?)))
    }

    /// How many runs should have a value for a metric's mean: those that enter it and in which every stage worked.
    pub fn expected(&self, over: Over) -> usize {
        let worked = self.runs.iter().filter(|row| row.failed.is_none());
        worked.filter(|row| enters(row, over)).count()
    }

    /// The number of agents, if it is known and the same in all runs.
    pub fn agents(&self) -> Option<u32> {
        let agents = self.runs[0].run.agents;
        let same = self.runs.iter().all(|row| row.run.agents == agents);
        (agents > 0 && same).then_some(agents)
    }

    /// How many runs had no real agent.
    pub fn simulated(&self) -> usize {
        self.runs.iter().filter(|row| row.run.simulated).count()
    }

    /// The arm whose configuration this one repeats under another name, for the noise between two that are the same.
    pub fn null_of(&self) -> Option<&'a str> {
        self.runs[0].run.null_of.as_deref()
    }
}

/// Whether a run counts for metrics of that kind.
pub fn enters(row: &Row, over: Over) -> bool {
    match over {
        Over::Completed => row.is_completed(),
        Over::Ended => !row.is_void,
    }
}
