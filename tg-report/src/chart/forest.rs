//! A forest plot: one ratio and its interval in each row, on a logarithmic axis with a line at 1, where nothing
//! differs.

use super::Interval;
use super::rows::{self, AXIS, HEAD, Head};
use super::scale::Scale;
use super::svg::{Anchor, Svg};

/// One ratio.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Name and numbers.
    pub head: Head,
    /// The ratio; positive.
    pub ratio: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
}

const BODY: f64 = 20.0;

/// Draws the rows; `sides` are the meanings of a ratio below 1 and of one above.
pub fn draw(rows: &[Row], sides: (&str, &str), label: &str) -> Option<String> {
    let values: Vec<f64> = rows.iter().filter_map(|row| row.ratio).collect();
    let intervals: Vec<Interval> = rows.iter().filter_map(|row| row.interval).collect();
    let scale = Scale::ratios(&values, &intervals)?;
    let mut svg = Svg::default();
    let bottom = (HEAD + BODY) * rows.len() as f64;
    rows::axis(&mut svg, &scale, (0.0, bottom), "");
    let one = scale.at(1.0);
    svg.line((one, 0.0), (one, bottom), "one");
    let left = format!("\u{2190} {}", sides.0);
    let right = format!("{} \u{2192}", sides.1);
    svg.text((0.0, bottom + 29.0), Anchor::Start, "axis", &left);
    svg.text((100.0, bottom + 29.0), Anchor::End, "axis", &right);
    for (at, row) in rows.iter().enumerate() {
        draw_row(&mut svg, &scale, (HEAD + BODY) * at as f64, row);
    }
    Some(svg.finish(bottom + AXIS, label))
}

fn draw_row(svg: &mut Svg, scale: &Scale, top: f64, row: &Row) {
    rows::head(svg, top, &row.head);
    let y = top + HEAD + 8.0;
    if let Some(ends) = row.interval {
        rows::interval(svg, scale, y, ends, "ci");
    }
    if let Some(ratio) = row.ratio.filter(|ratio| *ratio > 0.0) {
        let at = (scale.at(ratio), y);
        svg.mark(at, 0.0, row.head.look, "mean", &row.head.note);
    }
}
