//! Stacked bars: a whole and its parts, one row for each arm.
//!
//! Parts have a fixed order. Each has its own kind of fill (solid, striped, outlined) and its number in the line above,
//! so that a reader need not tell shades apart.

use super::rows::{self, AXIS, HEAD, Head};
use super::scale::Scale;
use super::svg::{Anchor, Svg};

/// One bar.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Name and numbers.
    pub head: Head,
    /// Sizes of the parts in the order of their names; not negative.
    pub parts: Vec<f64>,
}

const BODY: f64 = 16.0;
/// Height in pixels of the key above the first row.
const KEY: f64 = 22.0;

/// Draws the bars; `parts` names their parts.
pub fn draw(rows: &[Row], parts: &[&str], measure: &str, label: &str) -> Option<String> {
    let filled = rows.iter().filter(|row| !row.parts.is_empty());
    let lengths = filled.map(|row| {
        let finite = row.parts.iter().filter(|part| part.is_finite());
        finite.sum::<f64>()
    });
    let scale = Scale::from_zero(lengths.reduce(f64::max)?);
    let mut svg = Svg::default();
    let pitch = HEAD + BODY + 4.0;
    let bottom = KEY + pitch * rows.len() as f64;
    key(&mut svg, parts);
    rows::axis(&mut svg, &scale, (KEY, bottom), measure);
    for (at, row) in rows.iter().enumerate() {
        let top = KEY + pitch * at as f64;
        rows::head(&mut svg, top, &row.head);
        let mut from = 0.0;
        for (kind, part) in row.parts.iter().enumerate().filter(|part| *part.1 > 0.0) {
            let to = from + part;
            let name = parts.get(kind).copied().unwrap_or_default();
            let (span, class) = ((scale.at(from), scale.at(to)), format!("part p{kind}"));
            svg.rect(span, top + HEAD, BODY - 2.0, &class, name);
            from = to;
        }
    }
    Some(svg.finish(bottom + AXIS, label))
}

/// Draws the fills and the names of the parts side by side.
fn key(svg: &mut Svg, parts: &[&str]) {
    let width = 100.0 / parts.len().max(1) as f64;
    for (kind, name) in parts.iter().enumerate() {
        let left = width * kind as f64;
        svg.rect((left, left + 5.0), 2.0, 10.0, &format!("part p{kind}"), "");
        svg.text((left + 7.0, 11.0), Anchor::Start, "note", name);
    }
}
