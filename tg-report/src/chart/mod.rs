//! Figures: plain numbers in, one inline SVG out, without a chart library.
//!
//! A figure is fluid: horizontal positions are percents of its width and vertical ones pixels, so one drawing serves a
//! phone, a screen and paper, and its text keeps its size. Where a line must bend, the points go through a nested
//! viewport that is stretched. Every figure of rows writes the row's name and numbers above its marks, so that neither
//! colour nor hovering is needed to read it. Values come in the unit that is shown; nothing here knows what they mean.
//!
//! Each function returns `None` where there is nothing to draw: the page then says what is missing.

pub mod completion;
pub mod forest;
pub mod gantt;
pub mod histogram;
pub mod load;
pub mod plot;
pub mod rows;
pub mod scale;
pub mod scaling;
pub mod stack;
pub mod strip;
pub mod svg;
pub mod ticks;

/// Low and high end of an interval.
pub type Interval = (f64, f64);

/// The most marks of one row that are drawn; more would only blacken the paper and swell the file.
pub const MARKS: usize = 200;

/// Places of the marks to draw among `n` sorted ones: all of them, else [`MARKS`] evenly spaced in rank, first and last
/// included.
pub fn drawn(n: usize) -> Vec<usize> {
    if n <= MARKS {
        return (0..n).collect();
    }
    (0..MARKS).map(|at| at * (n - 1) / (MARKS - 1)).collect()
}
