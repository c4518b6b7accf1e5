//! Histograms in rows, one an arm, all on one axis and with one scale of heights.

use super::rows::{self, AXIS, HEAD, Head};
use super::scale::Scale;
use super::svg::{Anchor, Svg};

/// One arm.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Name and numbers.
    pub head: Head,
    /// How many values lie in each bin; the bins are of one width.
    pub bins: Vec<usize>,
}

const BODY: f64 = 34.0;

/// Counts in `count` bins from 0 to `high`; a value on a border belongs to the upper bin, `high` to the last.
pub fn bins(values: &[f64], high: f64, count: usize) -> Vec<usize> {
    let mut bins = vec![0; count];
    for value in values.iter().filter(|value| value.is_finite()) {
        let at = (value / high * count as f64)
            .floor()
            .clamp(0.0, count as f64 - 1.0);
        bins[at as usize] += 1;
    }
    bins
}

/// Draw the rows on an axis from 0 to `high`; `thing` is what is counted.
pub fn draw(rows: &[Row], high: f64, measure: &str, thing: &str, label: &str) -> Option<String> {
    let most = rows
        .iter()
        .flat_map(|row| &row.bins)
        .copied()
        .max()
        .filter(|most| *most > 0)?;
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
    svg.line((0.0, base), (100.0, base), "base");
    for (at, &count) in row.bins.iter().enumerate().filter(|bin| *bin.1 > 0) {
        let height = (BODY - 11.0) * count as f64 / most as f64;
        let left = width * at as f64;
        let class = format!("bar f{}", row.head.look % super::svg::LOOKS);
        let title = format!("{count} {thing}");
        svg.rect(
            (left + 0.3, left + width - 0.3),
            base - height,
            height,
            &class,
            &title,
        );
        let middle = left + width / 2.0;
        svg.text(
            (middle, base - height - 2.0),
            Anchor::Middle,
            "count",
            &count.to_string(),
        );
    }
}
