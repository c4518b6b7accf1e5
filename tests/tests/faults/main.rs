//! Faults, injected into experiments on the real host: processes killed, disks filled, agents hung, files torn in the
//! middle of one, and the conditions that must hold after ([`after`]).
//!
//! A fault is data ([`fault::Fault`]); each file has the faults of one idea. They strike at random moments: the seed is
//! printed, and `TG_FAULT_SEED` gives it again. `TG_FAULT` chooses faults by a part of their name, and `TG_FAULT_KEEP`
//! keeps the scratch directories of the failures. Two faults are injected at a time. `make test` injects
//! ten, `make test-faults` all.

mod after;
mod fault;
mod processes;
mod random;
mod reports;
mod run;
mod scene;
mod whole;

mod agents;
mod clock;
mod decided;
mod disk;
mod edits;
mod kills;
mod locks;
mod pause;
mod readonly;
mod torn;
mod twice;

use fault::Fault;

/// The faults of `make test`: one of each kind, and quick.
const TEN: [&str; 10] = [
    "SIGKILL of tg-wait",
    "SIGKILL of tg-launch",
    "SIGKILL of the whole tree while the work is graded",
    "SIGKILL of the whole tree, 1",
    "agents that ignore SIGTERM",
    "agents that leave a daemon",
    "the disk is full",
    "another writer holds the database",
    "two runners at once",
    "run.json is torn",
];

fn all() -> Vec<Fault> {
    let kinds = [
        kills::faults(),
        agents::faults(),
        disk::faults(),
        readonly::faults(),
        clock::faults(),
        locks::faults(),
        pause::faults(),
        decided::faults(),
        edits::faults(),
        twice::faults(),
        torn::faults(),
    ];
    kinds.into_iter().flatten().collect()
}

#[test]
fn ten_faults_are_survived() {
    let mut faults = all();
    faults.retain(|fault| TEN.contains(&fault.name.as_str()));
    assert_eq!(faults.len(), TEN.len());
    run::survive(&faults, 1);
}

#[test]
#[ignore = "takes minutes: make test-faults"]
fn all_faults_are_survived() {
    let mut faults = all();
    if let Ok(part) = std::env::var("TG_FAULT") {
        faults.retain(|fault| fault.name.contains(&part));
    }
    assert!(!faults.is_empty(), "no fault is called that");
    run::survive(&faults, tg_stage::time::now_ms() as u64 % 1_000_000);
}
