//! What happened inside the runs: how busy agents were, how evenly the work was spread; then waits and timelines.

use super::figure::{Figure, side_by_side};
use super::markup::{classed, paragraph};
use super::table::{Cell, Table};
use super::{timeline, waits};
use crate::chart::rows::Head;
use crate::chart::{histogram, load};
use crate::compare::Comparison;
use crate::distribution::Distribution;
use crate::inside::AgentRecord;
use crate::output::human;
use crate::words::{count, list};

/// All figures, or how to get them.
pub fn section(comparison: &Comparison) -> String {
    if known(comparison).next().is_none() {
        return classed(
            "missing",
            "No figure: the input has no records of agents and tasks. tg-metrics --per agent,task prints them after each run's own",
        );
    }
    let intro = "These figures describe what happened inside completed runs; tasks and agents of one run depend on each other, so \
                 nothing here is tested";
    let figures = [
        utilization(comparison),
        balance(comparison),
        waits::figure(comparison),
    ];
    paragraph(intro)
        + &unknown(comparison)
        + &side_by_side(&figures, false)
        + &timeline::section(comparison)
}

/// Arms with their places and what is known of their inside.
pub fn known<'a>(
    comparison: &'a Comparison,
) -> impl Iterator<Item = (usize, &'a str, &'a Distribution)> {
    let arms = comparison
        .arms
        .iter()
        .zip(&comparison.distributions)
        .enumerate();
    arms.filter_map(|(at, (arm, inside))| Some((at, arm.label.as_str(), inside.as_ref()?)))
}

/// A row's head.
pub fn head(at: usize, name: &str, note: String) -> Head {
    Head {
        name: name.to_owned(),
        look: at,
        note,
    }
}

/// Arms of which nothing is known here.
fn unknown(comparison: &Comparison) -> String {
    let arms = comparison.arms.iter().zip(&comparison.distributions);
    let names: Vec<String> = arms
        .filter(|arm| arm.1.is_none())
        .map(|arm| arm.0.label.clone())
        .collect();
    if names.is_empty() {
        return String::new();
    }
    classed(
        "missing",
        &format!(
            "Not in these figures, for want of records of completed runs: {}",
            list(names)
        ),
    )
}

fn utilization(comparison: &Comparison) -> Figure {
    let rows: Vec<_> = known(comparison)
        .filter_map(|(at, name, inside)| Some((at, name, inside.utilization.as_ref()?)))
        .collect();
    let row =
        |(at, name, histogram): &(usize, &str, &crate::distribution::Histogram)| histogram::Row {
            head: head(*at, name, count(histogram.agents, "agent")),
            bins: histogram.counts.to_vec(),
        };
    let drawn: Vec<histogram::Row> = rows.iter().map(row).collect();
    let bins = rows.first().map_or(1, |row| row.2.counts.len());
    let width = 100 / bins;
    let mut heads = Table::heads(&["arm"]);
    heads.extend((0..bins).map(|bin| {
        (
            format!("{}-{} %", bin * width, (bin + 1) * width),
            String::new(),
        )
    }));
    let table_row = |row: &histogram::Row| {
        let counts = row.bins.iter().map(|count| Cell::plain(count.to_string()));
        [Cell::plain(row.head.name.clone())]
            .into_iter()
            .chain(counts)
            .collect()
    };
    Figure {
        title: "How busy agents were".to_owned(),
        says: "Agents by the share of their run's time in which they worked on a task; each bar is ten points wide, its number \
               counts agents over all completed runs"
            .to_owned(),
        svg: histogram::draw(&drawn, 100.0, "% of the run's time, higher is better", "agents", &format!("Histogram of agents by utilization, for {}", names(comparison))),
        missing: "No record of an agent has its utilization_pct".to_owned(),
        values: Some(Table {
            caption: "Agents by utilization".to_owned(),
            heads,
            rows: drawn.iter().map(table_row).collect(),
        }),
    }
}

fn balance(comparison: &Comparison) -> Figure {
    let arms: Vec<(load::Row, String)> = known(comparison)
        .filter_map(|one| balance_of(comparison, one))
        .collect();
    let largest = arms
        .iter()
        .flat_map(|arm| &arm.0.workers)
        .map(|worker| worker.0)
        .fold(0.0, f64::max);
    let (unit, divisor) = human::unit_of_time(largest);
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for (mut row, run) in arms {
        for (load, name) in &mut row.workers {
            values.push(vec![
                Cell::plain(row.head.name.clone()),
                Cell::plain(run.clone()),
                Cell::plain(name.clone()),
                Cell::plain(load.to_string()),
            ]);
            *name = format!("{name}: {}", human::time(*load));
            *load /= divisor;
        }
        rows.push(row);
    }
    Figure {
        title: "How evenly work was spread".to_owned(),
        says: "Each worker of the arm's median run, by time with a task in hand; the stroke is their mean. Gini is 0 where all \
               did alike and near 1 where one did everything (mean over runs)"
            .to_owned(),
        svg: load::draw(&rows, &format!("{unit} of work"), &format!("Work of each worker, for {}", names(comparison))),
        missing: "No record of an agent has its busy_ms".to_owned(),
        values: Some(Table {
            caption: "Work of each worker in the arm's median run".to_owned(),
            heads: Table::heads(&["arm", "run", "worker", "busy, ms"]),
            rows: values,
        }),
    }
}

/// The workers of the median run.
fn balance_of(
    comparison: &Comparison,
    (at, name, inside): (usize, &str, &Distribution),
) -> Option<(load::Row, String)> {
    let run = &inside.gantt.as_ref()?.run;
    let row = comparison.arms[at]
        .runs
        .iter()
        .find(|row| row.run.id == *run)?;
    let short = |agent: &AgentRecord| {
        let before = format!("{run}-");
        agent
            .worker
            .strip_prefix(&before)
            .unwrap_or(&agent.worker)
            .to_owned()
    };
    let workers: Vec<(f64, String)> = row
        .agent_records
        .iter()
        .filter_map(|agent| Some((agent.busy_ms?, short(agent))))
        .collect();
    let note = inside
        .load
        .map(|load| format!("Gini {:.2}, max/mean {:.2}", load.gini, load.max_over_mean));
    (!workers.is_empty()).then(|| {
        (
            load::Row {
                head: head(at, name, note.unwrap_or_default()),
                workers,
            },
            run.clone(),
        )
    })
}

/// The arms of these figures, for their text alternatives.
pub fn names(comparison: &Comparison) -> String {
    list(known(comparison).map(|arm| arm.1.to_owned()).collect())
}
