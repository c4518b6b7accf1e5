//! Figures of the agents inside the runs: utilization, and the balance of the load.

use super::figure::{Figure, head, names};
use super::markup::classed;
use super::table::{Cell, Table};
use crate::chart::{histogram, load};
use crate::compare::Comparison;
use crate::distribution::{Distribution, Histogram};
use crate::output::numbers;
use crate::row::AgentRecord;
use crate::text::{count, list};

/// The arms whose inside is unknown.
pub fn unknown(comparison: &Comparison) -> String {
    let arms = comparison.arms.iter().zip(&comparison.distributions);
    let unknown = arms.filter(|arm| arm.1.is_none());
    let names = list(unknown.map(|arm| &arm.0.label));
    if names.is_empty() {
        return String::new();
    }
    let text = format!("Not in these figures, for want of records of completed runs: {names}");
    classed("missing", &text)
}

pub fn utilization(comparison: &Comparison) -> Figure {
    let row = |(at, name, inside): (usize, &str, &Distribution)| {
        let Histogram { counts, agents } = inside.utilization.as_ref()?;
        Some(histogram::Row {
            head: head(at, name, count(*agents, "agent")),
            bins: counts.to_vec(),
        })
    };
    let drawn: Vec<histogram::Row> = comparison.insides().filter_map(row).collect();
    let bins = drawn.first().map_or(1, |row| row.bins.len());
    let width = 100 / bins;
    let bars = (0..bins).map(|bin| format!("{}-{} %", bin * width, (bin + 1) * width));
    let mut heads = Table::heads(&["arm"]);
    heads.extend(bars.map(|bar| (bar, String::new())));
    let table_row = |row: &histogram::Row| {
        let mut cells = vec![Cell::plain(&row.head.name)];
        cells.extend(row.bins.iter().map(Cell::plain));
        cells
    };
    let label = format!(
        "Histogram of agents by utilization, for {}",
        names(comparison)
    );
    Figure {
        title: "How busy agents were".to_owned(),
        explanation: "Agents by the share of their run's time in which they worked on a task; each bar is ten points wide, its number \
               counts agents over all completed runs"
            .to_owned(),
        svg: histogram::draw(&drawn, 100.0, "% of the run's time, higher is better", "agents", &label),
        missing: "No record of an agent has its utilization_pct".to_owned(),
        values: Some(Table {
            caption: "Agents by utilization".to_owned(),
            heads,
            rows: drawn.iter().map(table_row).collect(),
        }),
    }
}

pub fn balance(comparison: &Comparison) -> Figure {
    let arms = comparison.insides();
    let arms = arms.filter_map(|arm| arm_balance(comparison, arm));
    let arms: Vec<(load::Row, String)> = arms.collect();
    let workers = arms.iter().flat_map(|arm| &arm.0.workers);
    let largest = workers.map(|worker| worker.0).fold(0.0, f64::max);
    let (unit, divisor) = numbers::unit_of_time(largest);
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for (mut row, run) in arms {
        for (load, name) in &mut row.workers {
            values.push(Cell::row(&[&row.head.name, &run, &name, &load]));
            *name = format!("{name}: {}", numbers::time(*load));
            *load /= divisor;
        }
        rows.push(row);
    }
    let label = format!("Work of each worker, for {}", names(comparison));
    Figure {
        title: "How evenly work was spread".to_owned(),
        explanation: "Each worker of the arm's median run, by time with a task in hand; the stroke is their mean. Gini is 0 where all \
               did alike and near 1 where one did everything (mean over runs)"
            .to_owned(),
        svg: load::draw(&rows, &format!("{unit} of work"), &label),
        missing: "No record of an agent has its busy_ms".to_owned(),
        values: Some(Table::new("Work of each worker in the arm's median run", &["arm", "run", "worker", "busy, ms"], values)),
    }
}

/// The workers of the median run, and its id.
fn arm_balance(
    comparison: &Comparison,
    (at, name, inside): (usize, &str, &Distribution),
) -> Option<(load::Row, String)> {
    let run = &inside.gantt.as_ref()?.run;
    let mut runs = comparison.arms[at].runs.iter();
    let row = runs.find(|row| row.run.id == *run)?;
    let before = format!("{run}-");
    let worker = |agent: &AgentRecord| {
        let name = agent.worker.strip_prefix(&before).unwrap_or(&agent.worker);
        Some((agent.busy_ms?, name.to_owned()))
    };
    let workers: Vec<(f64, String)> = row.agent_records.iter().filter_map(worker).collect();
    let note = inside.load;
    let note =
        note.map(|load| format!("Gini {:.2}, max/mean {:.2}", load.gini, load.max_over_mean));
    let head = head(at, name, note.unwrap_or_default());
    (!workers.is_empty()).then(|| (load::Row { head, workers }, run.clone()))
}
