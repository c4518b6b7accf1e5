//! Load balance: for each arm the workers of one run as bars, longest first, with a line at their mean.

use super::drawn;
use super::rows::{self, AXIS, HEAD, Head};
use super::scale::Scale;
use super::svg::{LOOKS, Svg};

/// One arm.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Name and numbers.
    pub head: Head,
    /// The load and the name of each worker.
    pub workers: Vec<(f64, String)>,
}

const BAR: f64 = 7.0;

/// Draws the arms on one axis; `measure` names the load.
pub fn draw(rows: &[Row], measure: &str, label: &str) -> Option<String> {
    let workers = rows.iter().flat_map(|row| &row.workers);
    let loads = workers.map(|worker| worker.0);
    let scale = Scale::from_zero(loads.filter(|load| load.is_finite()).reduce(f64::max)?);
    let height = |row: &Row| HEAD + BAR * drawn(row.workers.len()).len() as f64 + 8.0;
    let bottom = rows.iter().map(height).sum();
    let mut svg = Svg::default();
    rows::axis(&mut svg, &scale, (0.0, bottom), measure);
    let mut top = 0.0;
    for row in rows {
        rows::head(&mut svg, top, &row.head);
        bars(&mut svg, &scale, top + HEAD, row);
        top += height(row);
    }
    Some(svg.finish(bottom + AXIS, label))
}

fn bars(svg: &mut Svg, scale: &Scale, top: f64, row: &Row) {
    let mut sorted: Vec<&(f64, String)> = row.workers.iter().collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let class = format!("bar f{}", row.head.look % LOOKS);
    let places = drawn(sorted.len());
    for (line, &at) in places.iter().enumerate() {
        let (load, name) = sorted[at];
        let (span, top) = ((0.0, scale.at(*load)), top + BAR * line as f64);
        svg.rect(span, top, BAR - 2.0, &class, name);
    }
    if !sorted.is_empty() {
        let share = |worker: &&(f64, String)| worker.0 / sorted.len() as f64;
        let x = scale.at(sorted.iter().map(share).sum());
        let bottom = top + BAR * places.len() as f64;
        svg.line((x, top - 2.0), (x, bottom), "meanline");
    }
}
