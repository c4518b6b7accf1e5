//! The progress of the work over time: completion curves, and a Gantt chart of each arm's median run.

use super::figure::{Figure, grid, side_by_side};
use super::table::{Cell, Table};
use super::waits;
use crate::chart::{MARKS, completion, gantt};
use crate::compare::Comparison;
use crate::distribution::{Completion, Distribution, Gantt};
use crate::output::numbers;
use crate::text::join;
use std::collections::BTreeSet;

/// The number of curves in one figure beside the first; more arms make more figures.
const OTHERS: usize = 5;

/// Place and label of an arm, with the progress of its median run.
type Curve<'a> = (usize, &'a str, &'a Completion);

/// Both kinds of figures, and between them the tasks with the longest waits.
pub fn section(comparison: &Comparison) -> String {
    let mut blocks: Vec<String> = completions(comparison).iter().map(Figure::html).collect();
    blocks.push(waits::bottlenecks(comparison));
    grid(&blocks, true) + &side_by_side(&gantts(comparison), true)
}

fn completions(comparison: &Comparison) -> Vec<Figure> {
    let curves: Vec<Curve> = comparison.insides().filter_map(curve).collect();
    match &curves[..] {
        [first, others @ ..] if !others.is_empty() => {
            let groups = others.chunks(OTHERS);
            let with_first = |others: &[Curve]| completion_figure(&[&[*first], others].concat());
            groups.map(with_first).collect()
        }
        curves => vec![completion_figure(curves)],
    }
}

/// The curve of the median run, else of the first.
fn curve<'a>((at, name, inside): (usize, &'a str, &'a Distribution)) -> Option<Curve<'a>> {
    let median = inside.gantt.as_ref().map(|gantt| &gantt.run);
    let mut all = inside.completion.iter();
    let of_median = all.find(|curve| Some(&curve.run) == median);
    Some((at, name, of_median.or(inside.completion.first())?))
}

fn completion_figure(curves: &[Curve]) -> Figure {
    let last = |curve: &Completion| curve.steps.last().map_or(0, |step| step.0) as f64;
    let end = curves.iter().map(|curve| last(curve.2)).fold(0.0, f64::max);
    let (unit, divisor) = numbers::unit_of_time(end);
    let drawn = |(at, name, curve): &Curve| {
        let steps = curve.steps.iter();
        completion::Curve {
            name: (*name).to_owned(),
            look: *at,
            done: steps.map(|step| step.0 as f64 / divisor).collect(),
            tasks: curve.tasks,
            end: last(curve) / divisor,
        }
    };
    let drawn: Vec<completion::Curve> = curves.iter().map(drawn).collect();
    let names = join(curves.iter().map(|curve| curve.1), ", ");
    let mut rows = Vec::new();
    for (_, name, curve) in curves {
        for (at, done) in &curve.steps {
            rows.push(Cell::row(&[name, &curve.run, at, done]));
        }
    }
    Figure {
        title: "How the work got done".to_owned(),
        explanation: "Share of tasks that had ended, over time, in the arm's median run by wall clock; flat stretches are waits, a long \
               thin tail is one task that everything waits for"
            .to_owned(),
        svg: completion::draw(&drawn, unit, &format!("Completion curves of {names}")),
        missing: "No record of a task says when it ended".to_owned(),
        values: Some(Table::new("Tasks ended by then, in the arm's median run", &["arm", "run", "ms since its begin", "tasks ended"], rows)),
    }
}

fn gantts(comparison: &Comparison) -> Vec<Figure> {
    let arms = comparison.insides();
    let arms = arms.filter_map(|(at, name, inside)| Some((at, name, inside.gantt.as_ref()?)));
    let arms: Vec<(usize, &str, &Gantt)> = arms.collect();
    let lanes = arms.iter().flat_map(|arm| &arm.2.lanes);
    let ends = lanes.flat_map(|lane| lane.bars.iter().map(|bar| bar.end_ms));
    let last = ends.max().unwrap_or(0) as f64;
    let figures = arms.iter();
    figures
        .map(|(at, name, gantt)| gantt_figure(*at, name, gantt, last))
        .collect()
}

fn gantt_figure(at: usize, name: &str, gantt: &Gantt, last: f64) -> Figure {
    let (unit, divisor) = numbers::unit_of_time(last);
    let again = again(gantt);
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for (place, lane) in gantt.lanes.iter().enumerate() {
        let role = lane.role.as_ref().filter(|role| **role != lane.worker);
        let role = role.map(|role| format!(" ({role})")).unwrap_or_default();
        let mut row = gantt::Row {
            worker: format!("{}{role}", lane.worker),
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
            values.push(Cell::row(&[
                &lane.worker,
                &bar.task,
                &bar.start_ms,
                &bar.end_ms,
                &if is_again { "again" } else { "" },
            ]));
        }
        rows.push(row);
    }
    let times = match again.len() {
        0 => "nothing twice".to_owned(),
        n => format!("{n} of them again"),
    };
    let (run, workers, stretches) = (&gantt.run, rows.len(), values.len());
    let label =
        format!("Gantt chart of {run}: {workers} workers, {stretches} stretches of work, {times}");
    let is_capped = gantt.lanes.iter().any(|lane| lane.bars.len() > MARKS);
    let capped =
        is_capped.then(|| format!("; of each worker {MARKS} bars are drawn, evenly spaced"));
    Figure {
        title: format!("{name}: work of each worker over time"),
        explanation: format!(
            "{run}, the arm's median run ({}); a row is a worker, a bar a stretch of work on one task; a dashed bar with \u{21bb} is \
             work on a task that had been worked on before{}",
            numbers::time(gantt.wall_ms),
            capped.unwrap_or_default()
        ),
        svg: gantt::draw(&rows, at, last / divisor, unit, &label),
        missing: "No worker of the median run worked".to_owned(),
        values: Some(Table::new(
            format!("Work in {run}, ms since the run began"),
            &["worker", "task", "from", "to", "again"],
            values,
        )),
    }
}

/// The bars, by lane and number, of tasks that had a bar before.
fn again(gantt: &Gantt) -> BTreeSet<(usize, usize)> {
    let mut bars = Vec::new();
    for (place, lane) in gantt.lanes.iter().enumerate() {
        let own = lane.bars.iter().enumerate();
        bars.extend(own.map(|(number, bar)| (bar.start_ms, place, number, &bar.task)));
    }
    bars.sort_unstable();
    let mut seen = BTreeSet::new();
    let repeated = bars.into_iter().filter(|bar| !seen.insert(bar.3));
    repeated.map(|bar| (bar.1, bar.2)).collect()
}
