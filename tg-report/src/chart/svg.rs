//! SVG output: a few shapes, escaped text, and coordinates that are always numbers.
//!
//! `x` is a percent of the figure's width, `y` pixels. Looks are CSS classes, so that light, dark and print differ in
//! one stylesheet.

use crate::text::plain;
use std::fmt::Write;

/// The number of looks (marker, colour and dash); further series repeat them and differ by name.
pub const LOOKS: usize = 8;

/// A drawing.
#[derive(Debug, Default)]
pub struct Svg {
    body: String,
}

/// The point of a text that is at its `x`.
#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

impl Svg {
    /// Draws a line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let (x1, x2) = (number(from.0), number(to.0));
        let (y1, y2) = (number(from.1), number(to.1));
        self.add(format_args!(
            r#"<line x1="{x1}%" y1="{y1}" x2="{x2}%" y2="{y2}" class="{class}"/>"#
        ));
    }

    /// Draws a rectangle from `x.0` to `x.1` with a tooltip.
    pub fn rect(&mut self, x: (f64, f64), y: f64, height: f64, class: &str, title: &str) {
        let (left, width) = (number(x.0), number((x.1 - x.0).max(0.0)));
        let (y, height) = (number(y), number(height));
        let title = tooltip(title);
        self.add(format_args!(
            r#"<rect x="{left}%" y="{y}" width="{width}%" height="{height}" class="{class}">{title}</rect>"#
        ));
    }

    /// Writes a text.
    pub fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let (x, y) = (number(at.0), number(at.1));
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let text = escape(text);
        self.add(format_args!(
            r#"<text x="{x}%" y="{y}"{anchor} class="{class}">{text}</text>"#
        ));
    }

    /// Writes a name `dx` pixels right of `at`, shortened to `most` characters, with the whole name as tooltip.
    pub fn name(&mut self, at: (f64, f64), dx: f64, text: &str, most: usize) {
        let (x, y, dx) = (number(at.0), number(at.1), number(dx));
        let (short, title) = (escape(&shorten(text, most)), tooltip(text));
        self.add(format_args!(
            r#"<text x="{x}%" y="{y}" dx="{dx}" class="name">{title}{short}</text>"#
        ));
    }

    /// Draws the marker of `look`; `class` is `mark` for one value and `mean` for a mean.
    pub fn mark(&mut self, at: (f64, f64), dx: f64, look: usize, class: &str, title: &str) {
        let (x, y, dx) = (number(at.0), number(at.1), number(dx));
        let (look, title) = (look % LOOKS, tooltip(title));
        let shift = if dx == "0" {
            String::new()
        } else {
            format!(r#" transform="translate({dx})""#)
        };
        self.add(format_args!(
            r##"<use href="#m{look}" x="{x}%" y="{y}"{shift} class="{class} s{look}">{title}</use>"##
        ));
    }

    /// Writes a text on a bar from `x.0` to `x.1`, cut off at the end of the bar.
    pub fn inscribed(&mut self, x: (f64, f64), y: f64, height: f64, class: &str, text: &str) {
        let (left, width) = (number(x.0), number((x.1 - x.0).max(0.0)));
        let (y, height, text) = (number(y), number(height), escape(text));
        self.add(format_args!(
            r#"<svg x="{left}%" y="{y}" width="{width}%" height="{height}" aria-hidden="true"><text x="3" y="10.5" class="{class}">{text}</text></svg>"#
        ));
    }

    /// Draws a bent line through points, `x` in percent and `y` in pixels below `top`, in a viewport of `height`.
    pub fn polyline(&mut self, points: &[(f64, f64)], top: f64, height: f64, class: &str) {
        let mut path = String::new();
        for (x, y) in points {
            _ = write!(path, "{},{} ", number(x * 10.0), number(*y));
        }
        let (path, top, height) = (path.trim_end(), number(top), number(height));
        self.add(format_args!(
            r#"<svg y="{top}" width="100%" height="{height}" viewBox="0 0 1000 {height}" preserveAspectRatio="none" aria-hidden="true"><polyline points="{path}" class="{class}"/></svg>"#
        ));
    }

    /// Returns the figure, `height` pixels high, with `label` as its text alternative.
    pub fn finish(self, height: f64, label: &str) -> String {
        let (height, label) = (number(height), escape(label));
        format!(
            r#"<svg class="plot" role="img" width="100%" height="{height}" aria-label="{label}">{}</svg>"#,
            self.body
        )
    }

    fn add(&mut self, shape: std::fmt::Arguments) {
        _ = self.body.write_fmt(shape);
        self.body.push('\n');
    }
}

/// Escapes text for use between tags and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Shortens text to `most` characters by leaving out its middle: names often differ at their ends.
pub fn shorten(text: &str, most: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= most {
        return text.to_owned();
    }
    let head = most / 2;
    let tail = chars.len() - (most - 1 - head);
    let ends = [&chars[..head], &['…'], &chars[tail..]];
    ends.concat().into_iter().collect()
}

fn tooltip(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("<title>{}</title>", escape(text))
}

/// Formats a coordinate: two decimals without trailing zeros; 0 if it is not finite.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}
