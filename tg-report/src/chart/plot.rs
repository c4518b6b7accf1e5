//! The frame of figures with two axes, and the key that names the series.

use super::rows;
use super::scale::Scale;
use super::svg::{Anchor, Svg};

/// Pixels of one line of the key.
const KEY: f64 = 16.0;
/// Pixels of the plot itself.
const HEIGHT: f64 = 170.0;

/// A plot: its drawing, its position below the key, and its axes.
#[derive(Debug)]
pub struct Plot {
    svg: Svg,
    top: f64,
    x: Scale,
    y: Scale,
}

impl Plot {
    /// Writes the key, a line for each `(look, name, note)`, and the axes; `across` and `up` name their quantities.
    pub fn new(
        key: &[(usize, String, String)],
        (x, across): (Scale, &str),
        (y, up): (Scale, &str),
    ) -> Self {
        let mut svg = Svg::default();
        for (at, (look, name, note)) in key.iter().enumerate() {
            let top = KEY * at as f64;
            let (look, name, note) = (*look, name.clone(), note.clone());
            rows::head(&mut svg, top, &rows::Head { name, look, note });
        }
        let top = KEY * key.len() as f64 + 20.0;
        let up = format!("\u{2191} {up}");
        svg.text((0.0, top - 6.0), Anchor::Start, "axis", &up);
        rows::axis(&mut svg, &x, (top, top + HEIGHT), across);
        for (share, label) in &y.ticks {
            let at = top + HEIGHT * (1.0 - share / 100.0);
            svg.line((0.0, at), (100.0, at), "grid");
            let y = if *share < 96.0 { at - 2.0 } else { at + 11.0 };
            if *share > 4.0 {
                svg.text((0.0, y), Anchor::Start, "tick", label);
            }
        }
        Self { svg, top, x, y }
    }

    /// The position of a point: percent across and pixels below the top of the plot.
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.at(x), HEIGHT * (1.0 - self.y.at(y) / 100.0))
    }

    /// Draws a marker at a point.
    pub fn mark(&mut self, point: (f64, f64), look: usize, class: &str, title: &str) {
        let (x, y) = self.at(point);
        self.svg.mark((x, self.top + y), 0.0, look, class, title);
    }

    /// Draws a line through points.
    pub fn line(&mut self, points: &[(f64, f64)], class: &str) {
        let places: Vec<(f64, f64)> = points.iter().map(|point| self.at(*point)).collect();
        self.svg.polyline(&places, self.top, HEIGHT, class);
    }

    /// Draws a vertical line at `x` with `words` at its foot.
    pub fn upright(&mut self, x: f64, class: &str, words: &str) {
        let (at, bottom) = (self.x.at(x), self.top + HEIGHT);
        self.svg.line((at, self.top), (at, bottom), class);
        let foot = (at, bottom - 4.0);
        self.svg.text(foot, rows::anchor(at), "axis", words);
    }

    /// Returns the figure.
    pub fn finish(self, label: &str) -> String {
        self.svg.finish(self.top + HEIGHT + rows::AXIS, label)
    }
}
