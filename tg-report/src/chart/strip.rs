//! A strip plot: one mark for the value of each run, with the mean of the arm and its interval.

use super::rows::{self, AXIS, HEAD, Head};
use super::scale::Scale;
use super::svg::Svg;
use super::{Interval, drawn};

/// One arm.
#[derive(Debug, Clone, Default)]
pub struct Strip {
    /// Name and numbers.
    pub head: Head,
    /// The value and the name of each run.
    pub values: Vec<(f64, String)>,
    /// Their mean.
    pub mean: Option<f64>,
    /// The mean's 95 % interval.
    pub interval: Option<Interval>,
}

const BODY: f64 = 20.0;

/// Draws the arms on one axis of `measure`; `label` is the text alternative.
pub fn draw(strips: &[Strip], measure: &str, label: &str) -> Option<String> {
    let values = strips.iter().flat_map(|strip| &strip.values);
    let values: Vec<f64> = values.map(|value| value.0).collect();
    let intervals: Vec<Interval> = strips.iter().filter_map(|strip| strip.interval).collect();
    let scale = Scale::linear(&values, &intervals)?;
    let mut svg = Svg::default();
    let bottom = (HEAD + BODY) * strips.len() as f64;
    let caption = rows::caption(&scale, measure);
    rows::axis(&mut svg, &scale, (0.0, bottom), &caption);
    for (at, strip) in strips.iter().enumerate() {
        row(&mut svg, &scale, (HEAD + BODY) * at as f64, strip);
    }
    Some(svg.finish(bottom + AXIS, label))
}

fn row(svg: &mut Svg, scale: &Scale, top: f64, strip: &Strip) {
    rows::head(svg, top, &strip.head);
    let y = top + HEAD + 8.0;
    if let Some(ends) = strip.interval {
        rows::interval(svg, scale, y, ends, "ci");
    }
    let mut sorted: Vec<&(f64, String)> = strip.values.iter().collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    for at in drawn(sorted.len()) {
        let (value, name) = sorted[at];
        svg.mark((scale.at(*value), y), 0.0, strip.head.look, "mark", name);
    }
    if let Some(mean) = strip.mean {
        let x = scale.at(mean);
        svg.line((x, y - 7.0), (x, y + 7.0), "meanline");
    }
}
