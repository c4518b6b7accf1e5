//! The SQL on the host's tables, as named functions: one file for each subject.
//!
//! Other crates never name a table or column of the host: they call these functions, which take and return plain values
//! or small structs. So a new version of the host's schema changes this crate only. Inside this crate SQL also stands in
//! `database` (opening), `rows` (whole tables), `scope` (the tasks and workers of a run), `live` (a running run) and
//! `experiment` (our own tables).

pub mod agent;
pub mod export;
pub mod instantiate;
pub mod probe;
pub mod recover;
pub mod roles;
pub mod runs;
pub mod start;
pub mod workers;
