//! Real agent programs on the real host through the real pipe; only the model is scripted (`tests/stub-model`).
//!
//! `make test-agents` installs the programs and runs this; it takes some minutes and needs npm, so the tests are ignored
//! otherwise. `TG_AGENTS=codex,claude` chooses programs. A program that cannot be installed is named and skipped.

#![allow(clippy::print_stdout, reason = "its table is what people run it for")]

mod checks;
mod lab;
mod program;
mod table;

use lab::Bench;
use program::PROGRAMS;
use table::Table;

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
