//! Arms: the runs of one configuration, and which of them enter a mean.
//!
//! The unit is the run; nothing inside a run is counted as a sample of its own. Which runs enter is a property of the
//! metric ([`Over`]), so that a run cut off by a limit never passes for a fast or a slow one.

use crate::columns::Column;
use crate::data::Data;
use crate::row::Row;
use crate::stats::{Summary, describe};
use std::collections::BTreeMap;
use tg_stage::Wait;
use tg_stage::metric::{self, Over};

/// One configuration and what its runs come to.
#[derive(Debug)]
pub struct Arm<'a> {
    /// The arm's name; with the experiment before it where there are several.
    pub label: String,
    /// By replicate, then id. Never empty.
    pub runs: Vec<&'a Row>,
    /// Completed runs.
    pub completed: usize,
    /// One for each column; `None` where no run has a value.
    pub cells: Vec<Option<Summary>>,
}

/// Rows by experiment and arm, in order of appearance, summarised on `columns`.
pub fn arms<'a>(data: &'a Data, several: bool, columns: &[Column]) -> Vec<Arm<'a>> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    let mut place = BTreeMap::new();
    for row in &data.runs {
        let key = (&row.run.experiment, &row.run.arm);
        let at = *place.entry(key).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(row);
    }
    let arm = |runs| Arm::new(runs, several, columns);
    groups.into_iter().map(arm).collect()
}

impl<'a> Arm<'a> {
    fn new(mut runs: Vec<&'a Row>, several: bool, columns: &[Column]) -> Self {
        runs.sort_by_key(|row| (row.run.replicate, &row.run.id));
        let run = &runs[0].run;
        let experiment = if several {
            format!("{}/", run.experiment)
        } else {
            String::new()
        };
        let label = experiment + &run.arm;
        let completed = runs.iter().filter(|row| row.is_completed()).count();
        let mut arm = Self {
            label,
            runs,
            completed,
            cells: Vec::new(),
        };
        let cell = |column: &Column| describe(&arm.values(&column.name));
        arm.cells = columns.iter().map(cell).collect();
        arm
    }

    /// The arm's name in its manifest.
    pub fn name(&self) -> &'a str {
        &self.runs[0].run.arm
    }

    /// The values of a metric that enter its mean, in the order of the runs and the metric's unit.
    pub fn values(&self, metric: &str) -> Vec<f64> {
        let over = metric::kind(metric).over;
        let entering = self.runs.iter().filter(|row| enters(row, over));
        entering.filter_map(|row| row.value(metric)).collect()
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
}

fn enters(row: &Row, over: Over) -> bool {
    match over {
        Over::Completed => row.is_completed(),
        Over::Ended => !Wait::is_void(&row.outcome),
    }
}
