//! A Gantt chart of one run: a row for each worker, a bar for each interval of work.

use super::drawn;
use super::rows::{self, AXIS};
use super::scale::Scale;
use super::svg::{LOOKS, Svg};

/// An interval of work on one task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bar {
    /// Start and end.
    pub span: (f64, f64),
    /// The name of the task in the template.
    pub task: String,
    /// True if the task had been worked on before, by any worker.
    pub is_again: bool,
}

/// One worker.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The worker's name.
    pub worker: String,
    /// Its intervals of work, in any order.
    pub bars: Vec<Bar>,
}

const NAME: f64 = 14.0;
const BODY: f64 = 16.0;
/// Bars wider than this percentage have their task's name on them, as much of it as fits.
const LABELLED: f64 = 5.0;

/// Draws a run; `look` is the look of its arm, `unit` the unit of the times, `end` the end of the axis that all runs
/// share.
pub fn draw(rows: &[Row], look: usize, end: f64, unit: &str, label: &str) -> Option<String> {
    rows.iter().find(|row| !row.bars.is_empty())?;
    let scale = Scale::from_zero(end);
    let pitch = NAME + BODY + 2.0;
    let bottom = pitch * rows.len() as f64;
    let mut svg = Svg::default();
    let caption = format!("{unit} since the run began");
    rows::axis(&mut svg, &scale, (0.0, bottom), &caption);
    for (at, row) in rows.iter().enumerate() {
        let top = pitch * at as f64;
        svg.name((0.0, top + 11.0), 0.0, &row.worker, 40);
        bars(&mut svg, &scale, top + NAME, look, row);
    }
    Some(svg.finish(bottom + AXIS, label))
}

fn bars(svg: &mut Svg, scale: &Scale, top: f64, look: usize, row: &Row) {
    let mut sorted: Vec<&Bar> = row.bars.iter().collect();
    sorted.sort_by(|a, b| {
        let by_start = a.span.0.total_cmp(&b.span.0);
        by_start.then_with(|| a.task.cmp(&b.task))
    });
    for at in drawn(sorted.len()) {
        draw_bar(svg, scale, top, look, sorted[at]);
    }
}

fn draw_bar(svg: &mut Svg, scale: &Scale, top: f64, look: usize, bar: &Bar) {
    let (from, to) = (scale.at(bar.span.0), scale.at(bar.span.1));
    let span = (from, to.max(from + 0.2));
    if bar.is_again {
        let title = format!("{} (again)", bar.task);
        svg.rect(span, top, BODY - 2.0, "bar again", &title);
        let text = format!("\u{21bb} {}", bar.task);
        svg.inscribed(span, top, BODY - 2.0, "onlight", &text);
        return;
    }
    let class = format!("bar f{}", look % LOOKS);
    svg.rect(span, top, BODY - 2.0, &class, &bar.task);
    if to - from > LABELLED {
        svg.inscribed(span, top, BODY - 2.0, "onbar", &bar.task);
    }
}
