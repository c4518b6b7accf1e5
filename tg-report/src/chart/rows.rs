//! What figures of rows share: the line above a row's marks, and the axis beneath all of them.

use super::Interval;
use super::scale::Scale;
use super::svg::{Anchor, Svg};

/// Pixels of the line above a row's marks.
pub const HEAD: f64 = 18.0;
/// Pixels of the axis: tick labels and a caption.
pub const AXIS: f64 = 34.0;

/// The line above a row: which series, and its numbers.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The series' name.
    pub name: String,
    /// Its marker and colour.
    pub look: usize,
    /// Its numbers, in words.
    pub note: String,
}

/// Write a row's line, its top at `top`.
pub fn head(svg: &mut Svg, top: f64, head: &Head) {
    svg.mark((0.0, top + 8.0), 5.0, head.look, "mean", "");
    svg.name((0.0, top + 12.0), 14.0, &head.name, room(&head.note));
    if !head.note.is_empty() {
        svg.text((100.0, top + 12.0), Anchor::End, "note", &head.note);
    }
}

/// Characters that a name has room for beside `note`, where a figure is at its narrowest (a phone's width).
fn room(note: &str) -> usize {
    const WIDTH: f64 = 322.0;
    const NOTE: f64 = 6.5;
    const NAME: f64 = 7.6;
    let left = WIDTH - NOTE * note.chars().count() as f64;
    (left / NAME).clamp(6.0, 40.0) as usize
}

/// Draw the grid from `top` to `bottom`, the tick labels under it, and what the axis measures.
pub fn axis(svg: &mut Svg, scale: &Scale, (top, bottom): (f64, f64), caption: &str) {
    svg.line((0.0, bottom), (100.0, bottom), "base");
    let widest = scale
        .ticks
        .iter()
        .map(|tick| tick.1.chars().count())
        .max()
        .unwrap_or(0);
    let is_crowded = widest * scale.ticks.len() > 36;
    let stride = if is_crowded { 2 } else { 1 };
    for (at, (x, label)) in scale.ticks.iter().enumerate() {
        svg.line((*x, top), (*x, bottom + 3.0), "grid");
        if at % stride == 0 {
            svg.text((*x, bottom + 14.0), anchor(*x), "tick", label);
        }
    }
    svg.text((0.0, bottom + 29.0), Anchor::Start, "axis", caption);
}

/// How a text at `x` stays inside the figure.
pub fn anchor(x: f64) -> Anchor {
    match x {
        x if x < 4.0 => Anchor::Start,
        x if x > 96.0 => Anchor::End,
        _ => Anchor::Middle,
    }
}

/// Draw an interval as a bar with stops; an end that leaves the axis has an arrowhead instead.
pub fn interval(svg: &mut Svg, scale: &Scale, y: f64, ends: Interval, class: &str) {
    let (low, high) = (scale.at(ends.0), scale.at(ends.1));
    svg.line((low, y), (high, y), class);
    for (value, x, arrow, anchor) in [
        (ends.0, low, "\u{25c2}", Anchor::Start),
        (ends.1, high, "\u{25b8}", Anchor::End),
    ] {
        if scale.covers(value) {
            svg.line((x, y - 4.0), (x, y + 4.0), class);
        } else {
            svg.text((x, y + 4.0), anchor, "arrow", arrow);
        }
    }
}

/// What is said of an axis of values: its unit, which way is better, and where it begins if not at 0.
pub fn caption(scale: &Scale, measure: &str) -> String {
    if scale.has_zero() {
        return measure.to_owned();
    }
    let begin = format!("axis begins at {}", scale.begin());
    if measure.is_empty() {
        begin
    } else {
        format!("{measure}; {begin}")
    }
}
