//! Stacked bars: a whole and the parts it consists of, one row an arm.
//!
//! Parts always come in one order, each with a fill of its own kind (solid, striped, outlined) and its number in the
//! line above, so that the shade is not needed to tell them apart.

use super::rows::{self, AXIS, HEAD, Head};
use super::scale::Scale;
use super::svg::{Anchor, Svg};

/// One bar.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Name and numbers.
    pub head: Head,
    /// Sizes of the parts, not negative, in the order of the names.
    pub parts: Vec<f64>,
}

const BODY: f64 = 16.0;
/// Pixels of the key above the first row.
const KEY: f64 = 22.0;

/// Draw the bars; `parts` names what they consist of.
pub fn draw(rows: &[Row], parts: &[&str], measure: &str, label: &str) -> Option<String> {
    let sum = |row: &Row| {
        row.parts
            .iter()
            .filter(|part| part.is_finite())
            .sum::<f64>()
    };
    let longest = rows
        .iter()
        .filter(|row| !row.parts.is_empty())
        .map(sum)
        .reduce(f64::max)?;
    let scale = Scale::from_zero(longest);
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
            svg.rect(
                (scale.at(from), scale.at(to)),
                top + HEAD,
                BODY - 2.0,
                &format!("part p{kind}"),
                name,
            );
            from = to;
        }
    }
    Some(svg.finish(bottom + AXIS, label))
}

/// What each kind of fill is, side by side.
fn key(svg: &mut Svg, parts: &[&str]) {
    let width = 100.0 / parts.len().max(1) as f64;
    for (kind, name) in parts.iter().enumerate() {
        let left = width * kind as f64;
        svg.rect((left, left + 5.0), 2.0, 10.0, &format!("part p{kind}"), "");
        svg.text((left + 7.0, 11.0), Anchor::Start, "note", name);
    }
}
