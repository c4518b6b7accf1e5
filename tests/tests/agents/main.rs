//! Real agent programs on the real host through the real pipe; only the model is scripted (`tests/stub-model`).
//!
//! `make test-agents` installs the programs and runs this; it takes some minutes and needs npm, so the tests are ignored
//! otherwise. `TG_AGENTS=codex,claude` chooses programs. What cannot be had is named and skipped.

#![allow(clippy::print_stdout, reason = "its table is what people run it for")]

mod checks;
mod lab;
mod table;

use lab::{Bench, Model};
use std::time::Duration;
use table::Table;

/// A program as this test knows it.
pub struct Program {
    /// The profile.
    pub name: &'static str,
    /// What its version must contain: the one that scripts/install-agents pins.
    pub version: &'static str,
    /// What comes behind the address of the model.
    pub path: &'static str,
    /// The variable of its key.
    pub key: &'static str,
    /// Who says what it cost.
    pub cost_source: &'static str,
}

const PROGRAMS: [Program; 4] = [
    Program {
        name: "codex",
        version: "0.169.0",
        path: "/v1",
        key: "OPENAI_API_KEY",
        cost_source: "priced",
    },
    Program {
        name: "claude",
        version: "2.1.330",
        path: "",
        key: "ANTHROPIC_API_KEY",
        cost_source: "reported",
    },
    Program {
        name: "opencode",
        version: "1.18.33",
        path: "/v1",
        key: "OPENAI_API_KEY",
        cost_source: "reported",
    },
    Program {
        name: "gemini",
        version: "0.61.0",
        path: "",
        key: "GEMINI_API_KEY",
        cost_source: "priced",
    },
];

#[test]
#[ignore = "installs and runs real agent programs: make test-agents"]
fn real_agents_do_real_runs() {
    let bin = lab::install();
    let chosen = std::env::var("TG_AGENTS").unwrap_or_default();
    let mut table = Table::default();
    for program in &PROGRAMS {
        if !chosen.is_empty() && !chosen.split(',').any(|name| name == program.name) {
            continue;
        }
        if !bin
            .as_ref()
            .is_some_and(|bin| bin.join(program.name).exists())
        {
            table.skip(program.name, "it could not be installed");
            continue;
        }
        let bench = Bench::new(program, bin.as_deref());
        table.add(program.name, "version", &|| checks::version(&bench));
        table.add(program.name, "swarm", &|| checks::team(&bench, "swarm"));
        table.add(program.name, "push", &|| checks::team(&bench, "push"));
        table.add(program.name, "unpriced", &|| checks::unpriced(&bench));
        table.add(program.name, "killed", &|| checks::killed(&bench));
        table.add(program.name, "401", &|| {
            checks::turned_away(&bench, 401, "auth")
        });
        table.add(program.name, "budget", &|| checks::budget(&bench));
    }
    table.print();
    assert!(table.is_good(), "see the table above");
}

/// The model that all checks but those of faults use.
pub fn quick() -> Model {
    Model::start(&[])
}

/// Long enough for the slowest program on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(2);
