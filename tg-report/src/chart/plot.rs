//! What figures with two axes share: the frame, and the key that names the series.

use super::rows;
use super::scale::Scale;
use super::svg::{Anchor, Svg};

/// Pixels of one line of the key.
const KEY: f64 = 16.0;
/// Pixels of the plot itself.
pub const HEIGHT: f64 = 170.0;

/// A plot's place: below its key, above its axis.
#[derive(Debug)]
pub struct Plot {
    /// What is drawn.
    pub svg: Svg,
    /// Its upper edge.
    pub top: f64,
    /// Its horizontal axis.
    pub x: Scale,
    /// Its vertical axis.
    pub y: Scale,
}

impl Plot {
    /// Write the key, a line for each `(look, name, note)`, and the axes; `up` says what the vertical one measures.
    pub fn new(
        key: &[(usize, String, String)],
        (x, across): (Scale, &str),
        (y, up): (Scale, &str),
    ) -> Self {
        let mut svg = Svg::default();
        for (at, (look, name, note)) in key.iter().enumerate() {
            let top = KEY * at as f64;
            let name = name.clone();
            rows::head(
                &mut svg,
                top,
                &rows::Head {
                    name,
                    look: *look,
                    note: note.clone(),
                },
            );
        }
        let top = KEY * key.len() as f64 + 20.0;
        svg.text(
            (0.0, top - 6.0),
            Anchor::Start,
            "axis",
            &format!("\u{2191} {up}"),
        );
        rows::axis(&mut svg, &x, (top, top + HEIGHT), across);
        for (share, label) in &y.ticks {
            let at = top + HEIGHT * (1.0 - share / 100.0);
            svg.line((0.0, at), (100.0, at), "grid");
            if *share > 4.0 && *share < 96.0 {
                svg.text((0.0, at - 2.0), Anchor::Start, "tick", label);
            } else if *share >= 96.0 {
                svg.text((0.0, at + 11.0), Anchor::Start, "tick", label);
            }
        }
        Self { svg, top, x, y }
    }

    /// Percent across and pixels below the top of the plot.
    pub fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.at(x), HEIGHT * (1.0 - self.y.at(y) / 100.0))
    }

    /// A marker at a point.
    pub fn mark(&mut self, point: (f64, f64), look: usize, class: &str, title: &str) {
        let (x, y) = self.at(point);
        self.svg.mark((x, self.top + y), 0.0, look, class, title);
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f64, f64)], class: &str) {
        let places: Vec<(f64, f64)> = points.iter().map(|point| self.at(*point)).collect();
        self.svg.polyline(&places, self.top, HEIGHT, class);
    }

    /// A vertical line at `x` with words at its top.
    pub fn upright(&mut self, x: f64, class: &str, words: &str) {
        let at = self.x.at(x);
        self.svg
            .line((at, self.top), (at, self.top + HEIGHT), class);
        self.svg.text(
            (at, self.top + HEIGHT - 4.0),
            rows::anchor(at),
            "axis",
            words,
        );
    }

    /// The figure.
    pub fn finish(self, label: &str) -> String {
        self.svg.finish(self.top + HEIGHT + rows::AXIS, label)
    }
}
