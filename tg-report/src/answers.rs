//! The five questions that experiments are run for, answered as far as the data goes.

use crate::compare::Comparison;

/// One question.
#[derive(Debug)]
pub struct Answer {
    /// From 1 to 5.
    pub number: u8,
    /// As people ask it.
    pub question: &'static str,
    /// What the data says, each sentence with its interval; empty where it says nothing.
    pub answer: Vec<String>,
    /// What to keep in mind.
    pub caveats: Vec<String>,
    /// What is missing, and how many runs it would take.
    pub missing: Vec<String>,
}

/// The answers to those of the questions that the arms are about.
pub fn answers(_comparison: &Comparison) -> Vec<Answer> {
    Vec::new()
}
