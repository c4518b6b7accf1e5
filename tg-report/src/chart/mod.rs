//! Figures: plain numbers in, one inline SVG out, without a chart library.
//!
//! A figure is fluid: horizontal positions are percents of its width and vertical ones pixels, so one drawing serves a
//! phone, a screen and paper, and its text keeps its size. A bent line is drawn in a nested viewport
//! that is stretched. Every figure of rows writes the row's name and numbers above its marks, so that neither
//! colour nor hovering is needed to read it. Values come in the unit that is shown; figures do not know their meaning.
//!
//! Each function returns `None` if there is nothing to draw: the page then says what is missing.

pub(crate) mod completion;
pub(crate) mod forest;
pub(crate) mod gantt;
pub(crate) mod histogram;
pub(crate) mod load;
mod plot;
pub(crate) mod rows;
pub mod scale;
pub(crate) mod scaling;
pub(crate) mod stack;
pub(crate) mod strip;
pub(crate) mod svg;
mod ticks;

/// Low and high end of an interval.
pub type Interval = (f64, f64);

/// The largest number of marks drawn in one row; more would blacken the paper and enlarge the file.
pub const MARKS: usize = 200;

/// Indices of the marks to draw among `n` sorted ones: all, or [`MARKS`] evenly spaced ones with the first and the
/// last.
pub fn drawn(n: usize) -> Vec<usize> {
    if n <= MARKS {
        return (0..n).collect();
    }
    (0..MARKS).map(|at| at * (n - 1) / (MARKS - 1)).collect()
}
