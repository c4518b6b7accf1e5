//! Rules of this repository that a reader would otherwise have to check by hand: each fact has one home, files do not
//! import each other in circles, files and functions stay short, and comments are plain English.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod circles;
mod literals;
mod paths;
mod sizes;
mod words;
