//! The host: `task-graph-mcp`, a Rust MCP server over `SQLite` that keeps the task graph.
//!
//! This crate is the only place that knows its binary and versions, its database schema ([`schema`]), its snapshot
//! dialects, its workflow files and its protocol. It knows nothing of records, arms or metrics. When the host changes, this
//! crate changes. It never links the host: it starts the program and reads its file.

pub mod binary;
mod client;
pub mod database;
pub mod empty_database;
mod error;
pub mod experiment_tables;
mod hex;
pub mod ledger;
pub mod live;
pub mod notify;
mod read_ahead;
mod retry;
pub mod rows;
pub mod schema;
pub mod scope;
mod seal;
pub mod snapshot;
pub mod states;
pub mod tools;
pub mod workflow;

pub use binary::Host;
pub use client::Client;
pub use error::{Error, Result};
pub use ledger::Ledger;
pub use read_ahead::read_ahead;
pub use retry::{Caller, jitter};
pub use seal::Seal;
pub use snapshot::Snapshot;
pub use states::StateClasses;
pub use workflow::Workflow;
