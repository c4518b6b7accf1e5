//! How the work got done over time: completion curves, and a Gantt chart of each arm's median run.

use super::figure::{Figure, grid, side_by_side};
use super::inside::known;
use super::table::{Cell, Table};
use super::waits;
use crate::chart::{MARKS, completion, gantt};
use crate::compare::Comparison;
use crate::distribution::{Completion, Gantt};
use crate::output::human;
use std::collections::BTreeSet;

/// Curves in one figure: the first and so many others; more arms make more figures.
const OTHERS: usize = 5;

/// Both kinds of figures, and between them the tasks that were waited for.
pub fn section(comparison: &Comparison) -> String {
    let mut blocks: Vec<String> = completions(comparison).iter().map(Figure::html).collect();
    blocks.push(waits::bottlenecks(comparison));
    grid(&blocks, true) + &side_by_side(&gantts(comparison), true)
}

fn completions(comparison: &Comparison) -> Vec<Figure> {
    let curve = |(at, name, inside): (usize, &'_ str, &'_ crate::distribution::Distribution)| {
        let median = inside.gantt.as_ref().map(|gantt| gantt.run.clone());
        let of_median = inside
            .completion
            .iter()
            .find(|curve| Some(&curve.run) == median.as_ref());
        Some((
            at,
            name.to_owned(),
            of_median.or(inside.completion.first())?.clone(),
        ))
    };
    let curves: Vec<(usize, String, Completion)> = known(comparison).filter_map(curve).collect();
    let Some((first, others)) = curves.split_first() else {
        return vec![completion_of(&[])];
    };
    if others.is_empty() {
        return vec![completion_of(&[first])];
    }
    let with_first = |others: &[(usize, String, Completion)]| {
        let all: Vec<_> = [first].into_iter().chain(others).collect();
        completion_of(&all)
    };
    others.chunks(OTHERS).map(with_first).collect()
}

fn completion_of(curves: &[&(usize, String, Completion)]) -> Figure {
    let last = |curve: &Completion| curve.steps.last().map_or(0, |step| step.0) as f64;
    let end = curves
        .iter()
        .map(|curve| last(&curve.2))
        .fold(0.0, f64::max);
    let (unit, divisor) = human::unit_of_time(end);
    let drawn = |(at, name, curve): &&(usize, String, Completion)| completion::Curve {
        name: name.clone(),
        look: *at,
        done: curve
            .steps
            .iter()
            .map(|step| step.0 as f64 / divisor)
            .collect(),
        tasks: curve.tasks,
        end: last(curve) / divisor,
    };
    let drawn: Vec<completion::Curve> = curves.iter().map(drawn).collect();
    let names: Vec<&str> = curves.iter().map(|curve| curve.1.as_str()).collect();
    let row = |curve: &&(usize, String, Completion)| {
        let steps = curve.2.steps.iter().map(|(at, done)| {
            vec![
                Cell::plain(curve.1.clone()),
                Cell::plain(curve.2.run.clone()),
                Cell::plain(at.to_string()),
                Cell::plain(done.to_string()),
            ]
        });
        steps.collect::<Vec<_>>()
    };
    Figure {
        title: "How the work got done".to_owned(),
        says: "Share of tasks that had ended, over time, in the arm's median run by wall clock; flat stretches are waits, a long \
               thin tail is one task that everything waits for"
            .to_owned(),
        svg: completion::draw(&drawn, unit, &format!("Completion curves of {}", names.join(", "))),
        missing: "No record of a task says when it ended".to_owned(),
        values: Some(Table {
            caption: "Tasks ended by then, in the arm's median run".to_owned(),
            heads: Table::heads(&["arm", "run", "ms since its begin", "tasks ended"]),
            rows: curves.iter().flat_map(row).collect(),
        }),
    }
}

fn gantts(comparison: &Comparison) -> Vec<Figure> {
    let arms: Vec<_> = known(comparison)
        .filter_map(|(at, name, inside)| Some((at, name, inside.gantt.as_ref()?)))
        .collect();
    let end = |gantt: &Gantt| {
        gantt
            .lanes
            .iter()
            .flat_map(|lane| &lane.bars)
            .map(|bar| bar.end_ms)
            .max()
    };
    let last = arms.iter().filter_map(|arm| end(arm.2)).max().unwrap_or(0) as f64;
    arms.iter()
        .map(|(at, name, gantt)| gantt_of(*at, name, gantt, last))
        .collect()
}

fn gantt_of(at: usize, name: &str, gantt: &Gantt, last: f64) -> Figure {
    let (unit, divisor) = human::unit_of_time(last);
    let again = again(gantt);
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for (place, lane) in gantt.lanes.iter().enumerate() {
        let role = lane.role.as_ref().filter(|role| **role != lane.worker);
        let worker = role.map_or_else(
            || lane.worker.clone(),
            |role| format!("{} ({role})", lane.worker),
        );
        let mut row = gantt::Row {
            worker,
            bars: Vec::new(),
        };
        for (number, bar) in lane.bars.iter().enumerate() {
            let is_again = again.contains(&(place, number));
            let (start, end) = (bar.start_ms as f64 / divisor, bar.end_ms as f64 / divisor);
            row.bars.push(gantt::Bar {
                span: (start, end),
                task: bar.task.clone(),
                is_again,
            });
            values.push(vec![
                Cell::plain(lane.worker.clone()),
                Cell::plain(bar.task.clone()),
                Cell::plain(bar.start_ms.to_string()),
                Cell::plain(bar.end_ms.to_string()),
                Cell::plain(if is_again { "again" } else { "" }),
            ]);
        }
        rows.push(row);
    }
    let times = if again.is_empty() {
        "nothing twice".to_owned()
    } else {
        format!("{} of them again", again.len())
    };
    let label = format!(
        "Gantt chart of {}: {} workers, {} stretches of work, {times}",
        gantt.run,
        rows.len(),
        values.len()
    );
    let most = gantt.lanes.iter().map(|lane| lane.bars.len()).max();
    let capped = if most > Some(MARKS) {
        format!("; of each worker {MARKS} bars are drawn, evenly spaced")
    } else {
        String::new()
    };
    Figure {
        title: format!("{name}: who did what when"),
        says: format!(
            "{}, the arm's median run ({}); a row is a worker, a bar a stretch of work on one task; a dashed bar with \u{21bb} is \
             work on a task that had been worked on before{capped}",
            gantt.run,
            human::time(gantt.wall_ms)
        ),
        svg: gantt::draw(&rows, at, last / divisor, unit, &label),
        missing: "No worker of the median run worked".to_owned(),
        values: Some(Table {
            caption: format!("Work in {}, ms since the run began", gantt.run),
            heads: Table::heads(&["worker", "task", "from", "to", "again"]),
            rows: values,
        }),
    }
}

/// The bars, by lane and number, of tasks that had a bar before.
fn again(gantt: &Gantt) -> BTreeSet<(usize, usize)> {
    let mut bars = Vec::new();
    for (place, lane) in gantt.lanes.iter().enumerate() {
        bars.extend(
            lane.bars
                .iter()
                .enumerate()
                .map(|(number, bar)| (bar.start_ms, place, number, bar.task.as_str())),
        );
    }
    bars.sort_unstable();
    let mut seen = BTreeSet::new();
    let repeated = bars.into_iter().filter(|bar| !seen.insert(bar.3));
    repeated.map(|bar| (bar.1, bar.2)).collect()
}
