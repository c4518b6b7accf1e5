//! Parts of figures of rows: the line above a row's marks, and the axis below all rows.

use super::Interval;
use super::scale::Scale;
use super::svg::{Anchor, Svg};

/// Height in pixels of the line above a row's marks.
pub const HEAD: f64 = 18.0;
/// Height in pixels of the axis: tick labels and a caption.
pub const AXIS: f64 = 34.0;

/// The line above a row: the series and its numbers.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Name of the series.
    pub name: String,
    /// Its marker and colour.
    pub look: usize,
    /// Its numbers as text.
    pub note: String,
}

/// Writes the line of a row at `top`.
pub fn head(svg: &mut Svg, top: f64, head: &Head) {
    svg.mark((0.0, top + 8.0), 5.0, head.look, "mean", "");
    svg.name((0.0, top + 12.0), 14.0, &head.name, room(&head.note));
    if !head.note.is_empty() {
        svg.text((100.0, top + 12.0), Anchor::End, "note", &head.note);
    }
}

/// The number of characters of a name that fit beside `note` in the narrowest figure (the width of a phone).
fn room(note: &str) -> usize {
    const WIDTH: f64 = 322.0;
    const NOTE: f64 = 6.5;
    const NAME: f64 = 7.6;
    let left = WIDTH - NOTE * note.chars().count() as f64;
    (left / NAME).clamp(6.0, 40.0) as usize
}

/// Draws the grid from `top` to `bottom`, the tick labels below it, and the caption of the axis.
pub fn axis(svg: &mut Svg, scale: &Scale, (top, bottom): (f64, f64), caption: &str) {
    svg.line((0.0, bottom), (100.0, bottom), "base");
    let lengths = scale.ticks.iter().map(|tick| tick.1.chars().count());
    let is_crowded = lengths.max().unwrap_or(0) * scale.ticks.len() > 36;
    let stride = if is_crowded { 2 } else { 1 };
    for (at, (x, label)) in scale.ticks.iter().enumerate() {
        svg.line((*x, top), (*x, bottom + 3.0), "grid");
        if at % stride == 0 {
            svg.text((*x, bottom + 14.0), anchor(*x), "tick", label);
        }
    }
    svg.text((0.0, bottom + 29.0), Anchor::Start, "axis", caption);
}

/// The anchor that keeps a text at `x` inside the figure.
pub fn anchor(x: f64) -> Anchor {
    match x {
        x if x < 4.0 => Anchor::Start,
        x if x > 96.0 => Anchor::End,
        _ => Anchor::Middle,
    }
}

/// Draws an interval as a bar with stops; an end beyond the axis has an arrowhead instead.
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

/// The caption of an axis: `measure`, and the first label if the axis does not begin at 0.
pub fn caption(scale: &Scale, measure: &str) -> String {
    if scale.has_zero() {
        return measure.to_owned();
    }
    let begin = format!("axis begins at {}", scale.first_label());
    if measure.is_empty() {
        begin
    } else {
        format!("{measure}; {begin}")
    }
}
