//! All processes stop for a while, as on a laptop that is closed, or some of them, as on a machine that swaps.

use crate::fault::{Fault, Then};
use crate::processes::{self, Process};
use crate::scene::Scene;
use std::time::Duration;

/// The processes that stop, and for how many milliseconds.
type Pause = (&'static str, fn(&Process) -> bool, u64);

#[rustfmt::skip]
const PAUSES: [Pause; 4] = [
    ("everything", |_| true, 3000),
    ("tg-launch and its supervisors", |one| one.program() == "tg-launch", 3000),
    ("tg-wait", |one| one.program() == "tg-wait", 3000),
    ("every server of the host", |one| one.program() == "task-graph-mcp", 2000),
];

pub fn faults() -> Vec<Fault> {
    let fault = |(name, is, long): Pause| Fault {
        name: format!("{name} stands still"),
        moment: 100..1000,
        strike: Box::new(move |scene| {
            stop(scene, is, long);
            Ok(())
        }),
        then: Then {
            first: &["completed"],
            once: true,
            unharmed: true,
            ..Then::default()
        },
        ..Fault::default()
    };
    PAUSES.into_iter().map(fault).collect()
}

fn stop(scene: &Scene, is: fn(&Process) -> bool, long: u64) {
    let mut chosen = processes::of(&scene.lab);
    chosen.retain(is);
    processes::signal("STOP", &chosen);
    std::thread::sleep(Duration::from_millis(long));
    processes::signal("CONT", &chosen);
}
