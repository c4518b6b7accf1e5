//! Histograms, one in a row for each arm, on one axis and with one scale of heights.

use super::rows::{self, AXIS, HEAD, Head};
use super::scale::Scale;
use super::svg::{Anchor, LOOKS, Svg};

/// One arm.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Name and numbers.
    pub head: Head,
    /// The number of values in each bin; all bins have the same width.
    pub bins: Vec<usize>,
}

const BODY: f64 = 34.0;

/// Draws the rows on an axis from 0 to `high`; `thing` names the counted values.
pub fn draw(rows: &[Row], high: f64, measure: &str, thing: &str, label: &str) -> Option<String> {
    let counts = rows.iter().flat_map(|row| &row.bins);
    let most = counts.copied().max().filter(|most| *most > 0)?;
    let scale = Scale::from_zero(high);
    let mut svg = Svg::default();
    let pitch = HEAD + BODY + 6.0;
    let bottom = pitch * rows.len() as f64;
    rows::axis(&mut svg, &scale, (0.0, bottom), measure);
    for (at, row) in rows.iter().enumerate() {
        let top = pitch * at as f64;
        rows::head(&mut svg, top, &row.head);
        bars(&mut svg, top + HEAD, most, thing, row);
    }
    Some(svg.finish(bottom + AXIS, label))
}

fn bars(svg: &mut Svg, top: f64, most: usize, thing: &str, row: &Row) {
    let base = top + BODY;
    let width = 100.0 / row.bins.len().max(1) as f64;
    let class = format!("bar f{}", row.head.look % LOOKS);
    svg.line((0.0, base), (100.0, base), "base");
    for (at, &count) in row.bins.iter().enumerate().filter(|bin| *bin.1 > 0) {
        let height = (BODY - 11.0) * count as f64 / most as f64;
        let left = width * at as f64;
        let span = (left + 0.3, left + width - 0.3);
        let (top, title) = (base - height, format!("{count} {thing}"));
        svg.rect(span, top, height, &class, &title);
        let above = (left + width / 2.0, top - 2.0);
        svg.text(above, Anchor::Middle, "count", &count.to_string());
    }
}
