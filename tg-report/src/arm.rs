//! Arms: the runs of one configuration, and the rule by which they enter a mean.
//!
//! The unit is the run; nothing inside a run is counted as a sample of its own. The metric ([`Over`]) decides which runs
//! enter, so that a run cut off by a limit is never taken for a fast or a slow one. With `--by`, an arm is the runs with
//! the same values of the keys asked for.

use crate::columns::Column;
use crate::row::{RunRow, is_machinery};
use crate::stats::{Interval, Summary, binomial, describe};
use std::collections::BTreeMap;
use tg_stage::metric::Over;

/// One configuration, and the summaries of its runs.
#[derive(Debug)]
pub struct Arm<'a> {
    /// The arm's name; with the experiment before it if there are several. With `--by`, the values of the keys.
    pub label: String,
    /// By replicate, then id. Never empty.
    pub runs: Vec<&'a RunRow>,
    /// The number of completed runs.
    pub completed: usize,
    /// The exact 95 % interval of the share of runs that complete, from 0 to 1.
    pub completion: Option<Interval>,
    /// One for each column; `None` if no run has a value.
    pub summaries: Vec<Option<Summary>>,
}

/// The attempts at an arm's runs: a result that took five attempts is not the same as one that took one.
pub struct Attempts<'a> {
    /// All of them, including the ones that are compared.
    pub made: usize,
    /// Those in which the machinery failed: an outcome of the machinery, or an error of a stage.
    pub machinery: usize,
    /// The ends of the attempts before those compared, with their counts.
    pub earlier: BTreeMap<&'a str, usize>,
}

/// Rows by experiment and arm, or by the keys of `--by`, summarised on `columns`; in the manifest's order if the records
/// have it (runs are drawn, and come in any order), else in order of appearance.
pub fn arms<'a>(rows: &'a [RunRow], several: bool, columns: &[Column]) -> Vec<Arm<'a>> {
    let mut groups: Vec<Vec<&RunRow>> = Vec::new();
    let mut place = BTreeMap::new();
    for row in rows {
        let label = label(row, several);
        let at = *place.entry(label).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(row);
    }
    let mut experiments: Vec<&str> = Vec::new();
    for row in rows {
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

fn label(row: &RunRow, several: bool) -> String {
    if !row.labels.is_empty() {
        return row.labels.join("/");
    }
    if several {
        format!("{}/{}", row.run.experiment, row.run.arm)
    } else {
        row.run.arm.clone()
    }
}

impl<'a> Arm<'a> {
    fn new(mut runs: Vec<&'a RunRow>, several: bool, columns: &[Column]) -> Self {
        runs.sort_by_key(|row| (row.run.replicate, &row.run.id, &row.run.experiment));
        let completed = runs.iter().filter(|row| row.is_completed()).count();
        let mut arm = Self {
            label: label(runs[0], several),
            completion: binomial::interval(completed, runs.len()),
            runs,
            completed,
            summaries: Vec::new(),
        };
        let summary = |column: &Column| describe(&arm.values(column));
        arm.summaries = columns.iter().map(summary).collect();
        arm
    }

    /// The arm's name in its manifest; that of its first run if `--by` pools several.
    pub fn name(&self) -> &'a str {
        &self.runs[0].run.arm
    }

    /// The values of a metric that enter its mean, in the order of the runs, in the metric's unit.
    pub fn values(&self, column: &Column) -> Vec<f64> {
        self.entering(column).map(|entry| entry.1).collect()
    }

    /// The runs that enter a metric's mean, each with its value.
    pub fn entering(&self, column: &Column) -> impl Iterator<Item = (&'a RunRow, f64)> {
        let over = column.kind.over;
        let entering = self.runs.iter().filter(move |row| enters(row, over));
        entering.filter_map(|row| Some((*row, row.value(&column.name)?)))
    }

    /// The number of runs that should have a value for a metric's mean: those that enter it and in which no stage failed.
    pub fn expected(&self, over: Over) -> usize {
        let worked = self
            .runs
            .iter()
            .filter(|row| row.ending.failure().is_none());
        worked.filter(|row| enters(row, over)).count()
    }

    /// The number of agents, if it is known and the same in all runs.
    pub fn agents(&self) -> Option<u32> {
        let agents = self.runs[0].run.agents;
        let same = self.runs.iter().all(|row| row.run.agents == agents);
        (agents > 0 && same).then_some(agents)
    }

    /// The number of runs without a real agent.
    pub fn simulated(&self) -> usize {
        self.runs.iter().filter(|row| row.run.simulated).count()
    }

    /// The arm whose configuration this one repeats under another name, to measure the noise between equal arms.
    pub fn null_of(&self) -> Option<&'a str> {
        self.runs[0].run.null_of.as_deref()
    }

    /// The seeds of the runs, ascending; `None` if one is unknown or comes twice. Void runs are run again: they are not
    /// part of the design.
    pub fn seeds(&self) -> Option<Vec<u64>> {
        let counted = self.runs.iter().filter(|row| !row.is_void);
        let mut seeds: Vec<u64> = counted.map(|row| row.run.seed).collect();
        seeds.sort_unstable();
        let all = seeds.len();
        seeds.dedup();
        (all == seeds.len() && seeds.first() != Some(&0)).then_some(seeds)
    }

    pub fn attempts(&self) -> Attempts<'a> {
        let mut earlier: BTreeMap<&str, usize> = BTreeMap::new();
        for end in self.runs.iter().flat_map(|row| &row.run.earlier) {
            *earlier.entry(end).or_default() += 1;
        }
        let last = self.runs.iter();
        let last = last.filter(|row| is_machinery(&row.ending.name())).count();
        let before = earlier.iter().filter(|(end, _)| is_machinery(end));
        Attempts {
            made: self.runs.iter().map(|row| row.attempt()).sum(),
            machinery: last + before.map(|(_, count)| count).sum::<usize>(),
            earlier,
        }
    }
}

/// True if a run counts for metrics of that kind.
pub fn enters(row: &RunRow, over: Over) -> bool {
    match over {
        Over::Completed => row.is_completed(),
        Over::Ended => !row.is_void,
    }
}
