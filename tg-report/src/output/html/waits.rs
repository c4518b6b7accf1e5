//! What tasks waited for before they were begun, and the tasks that waited longest.

use super::figure::Figure;
use super::inside::{head, known, names};
use super::markup::heading;
use super::table::{Cell, Table};
use crate::chart::stack;
use crate::compare::Comparison;
use crate::distribution::Cause;
use crate::output::human;

/// Rows of bottlenecks up to which their table is open.
const FOLDED: usize = 20;

/// Stacked bars of the mean wait of a task, by cause.
pub fn figure(comparison: &Comparison) -> Figure {
    let arms: Vec<_> = known(comparison)
        .filter_map(|(at, name, inside)| Some((at, name, inside.waits.as_ref()?)))
        .collect();
    let total = |waits: &crate::distribution::Waits| {
        waits.causes.iter().map(|cause| cause.mean_ms).sum::<f64>()
    };
    let longest = arms.iter().map(|arm| total(arm.2)).fold(0.0, f64::max);
    let (unit, divisor) = human::unit_of_time(longest);
    let rows: Vec<stack::Row> = arms
        .iter()
        .map(|(at, name, waits)| stack::Row {
            head: head(*at, name, human::time(total(waits))),
            parts: waits
                .causes
                .iter()
                .map(|cause| cause.mean_ms / divisor)
                .collect(),
        })
        .collect();
    let row = |name: &str, cause: &crate::distribution::CauseOfWait| {
        let numbers = [cause.mean_ms, cause.median_ms, cause.p90_ms, cause.max_ms];
        let mut row = vec![Cell::plain(name), Cell::plain(cause.cause.name())];
        row.extend(numbers.map(|ms| Cell::plain(ms.to_string())));
        row
    };
    let values = arms
        .iter()
        .flat_map(|(_, name, waits)| waits.causes.iter().map(|cause| row(name, cause)));
    let spoken: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row.head.name, row.head.note))
        .collect();
    Figure {
        title: "What tasks waited for".to_owned(),
        says: "Mean wait of a task before it was begun: blocked by another task (solid), ready with nobody taking it \
               (striped), given to an agent that was not there yet (hollow)"
            .to_owned(),
        svg: stack::draw(&rows, &Cause::ALL.map(Cause::name), &format!("{unit} per task, lower is better"), &format!("Mean wait of a task: {}", spoken.join("; "))),
        missing: format!("No record of a task has its waits; the arms here are {}", names(comparison)),
        values: Some(Table {
            caption: "Wait of a task before it was begun, in ms, over all tasks of all completed runs".to_owned(),
            heads: Table::heads(&["arm", "cause", "mean", "median", "90 % below", "max"]),
            rows: values.collect(),
        }),
    }
}

/// The tasks that waited longest, by their ids in the template.
pub fn bottlenecks(comparison: &Comparison) -> String {
    let mut rows = Vec::new();
    for (_, name, inside) in known(comparison) {
        for task in inside.waits.iter().flat_map(|waits| &waits.bottlenecks) {
            rows.push(vec![
                Cell::plain(name),
                Cell::Words(task.template_task.clone()),
                Cell::plain(human::time(task.mean_ms)),
                Cell::Value(task.cause.name().to_owned(), human::time(task.cause_ms)),
                Cell::plain(task.runs.to_string()),
            ]);
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let table = Table {
        caption: "The tasks that waited longest in each arm, by their ids in the template"
            .to_owned(),
        heads: Table::heads(&["arm", "task", "mean wait", "mostly", "runs"]),
        rows,
    };
    let many = table.rows.len() > FOLDED;
    let table = if many {
        table.folded(&format!("{} tasks", table.rows.len()))
    } else {
        table.html()
    };
    format!("<div>\n{}{table}</div>\n", heading("Bottlenecks"))
}
