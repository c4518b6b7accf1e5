//! The causes of tasks' waits before they were begun, and the tasks with the longest waits.

use super::figure::{Figure, head, names, spoken};
use super::markup::heading;
use super::table::{Cell, Table};
use crate::chart::stack;
use crate::compare::Comparison;
use crate::distribution::{Cause, Waits};
use crate::output::numbers;

/// The number of rows of bottlenecks up to which their table is open.
const FOLDED: usize = 20;

/// Stacked bars of the mean wait of a task, by cause.
pub fn figure(comparison: &Comparison) -> Figure {
    let arms = comparison.insides();
    let arms = arms.filter_map(|(at, name, inside)| Some((at, name, inside.waits.as_ref()?)));
    let arms: Vec<(usize, &str, &Waits)> = arms.collect();
    let total = |waits: &Waits| waits.causes.iter().map(|cause| cause.mean_ms).sum::<f64>();
    let longest = arms.iter().map(|arm| total(arm.2)).fold(0.0, f64::max);
    let (unit, divisor) = numbers::unit_of_time(longest);
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (at, name, waits) in arms {
        rows.push(stack::Row {
            head: head(at, name, numbers::time(total(waits))),
            parts: waits
                .causes
                .iter()
                .map(|cause| cause.mean_ms / divisor)
                .collect(),
        });
        for cause in &waits.causes {
            let mut row = Cell::row(&[&name, &cause.cause.name()]);
            let times = [cause.mean_ms, cause.median_ms, cause.p90_ms, cause.max_ms];
            row.extend(times.map(Cell::plain));
            values.push(row);
        }
    }
    let axis = format!("{unit} per task, lower is better");
    let label = format!(
        "Mean wait of a task: {}",
        spoken(rows.iter().map(|row| &row.head))
    );
    Figure {
        title: "What tasks waited for".to_owned(),
        explanation: "Mean wait of a task before it was begun: blocked by another task (solid), ready with no worker taking it \
               (striped), given to an agent that was not there yet (hollow)"
            .to_owned(),
        svg: stack::draw(&rows, &Cause::ALL.map(Cause::name), &axis, &label),
        missing: format!("No record of a task has its waits; the arms here are {}", names(comparison)),
        values: Some(Table::new("Wait of a task before it was begun, in ms, over all tasks of all completed runs", &["arm", "cause", "mean", "median", "90 % below", "max"], values)),
    }
}

/// The tasks that waited longest, by their ids in the template.
pub fn bottlenecks(comparison: &Comparison) -> String {
    let mut rows = Vec::new();
    for (_, name, inside) in comparison.insides() {
        for task in inside.waits.iter().flat_map(|waits| &waits.bottlenecks) {
            rows.push(vec![
                Cell::plain(name),
                Cell::Words(task.template_task.clone()),
                Cell::plain(numbers::time(task.mean_ms)),
                Cell::Value(task.cause.name().to_owned(), numbers::time(task.cause_ms)),
                Cell::plain(task.runs),
            ]);
        }
    }
    let count = rows.len();
    let caption = "The tasks that waited longest in each arm, by their ids in the template";
    let table = Table::new(
        caption,
        &["arm", "task", "mean wait", "mostly", "runs"],
        rows,
    );
    let table = match count {
        0 => return String::new(),
        count if count > FOLDED => table.folded(&format!("{count} tasks")),
        _ => table.html(),
    };
    format!("<div>\n{}{table}</div>\n", heading("Bottlenecks"))
}
