//! The host: `task-graph-mcp`, a Rust MCP server over `SQLite` that keeps the task graph.
//!
//! This crate is the only place that knows its binary and versions, its database schema, its snapshot dialects, its
//! workflow files and its protocol. It knows nothing of records, arms or metrics. When the host changes, this crate
//! changes. It never links the host: it drives the program and reads its file.

pub mod ahead;
pub mod binary;
pub mod call;
pub mod client;
pub mod database;
pub mod empty;
pub mod error;
pub mod experiment;
pub mod ledger;
pub mod live;
pub mod notify;
pub mod rows;
pub mod scope;
pub mod seal;
pub mod snapshot;
pub mod states;
pub mod tools;
pub mod workflow;

pub use binary::Host;
pub use call::Caller;
pub use client::Client;
pub use error::{Error, Result};
pub use ledger::Ledger;
pub use seal::Seal;
pub use snapshot::Snapshot;
pub use states::StateClasses;
pub use workflow::Workflow;
