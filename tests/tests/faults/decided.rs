//! The moment between the decision that a run is over and the record of it: agents are ended, the work is
//! graded, the database is closed. Work that was paid for is not run again.

use crate::fault::{Fault, QUICK, TOO_LATE, Then};
use crate::processes;
use crate::scene::Scene;
use std::time::Duration;

/// A grade command that takes its time.
const GRADE: &str = "grade: 'sleep 2; echo 1'\n";

pub fn faults() -> Vec<Fault> {
    let fault = |name: &str, is: fn(&str) -> bool| Fault {
        name: format!("SIGKILL of {name} while the work is graded"),
        more: format!("{QUICK}{GRADE}"),
        moment: 0..1500,
        strike: Box::new(move |scene| kill(scene, is)),
        then: Then {
            once: true,
            lingers: true, // the grade command itself, which no process ends
            ..Then::default()
        },
        ..Fault::default()
    };
    vec![
        fault("the whole tree", |_| true),
        fault("tg-wait", |program| program == "tg-wait"),
    ]
}

/// Waits for the decisions, then for the moment, then kills.
fn kill(scene: &Scene, is: fn(&str) -> bool) -> Result<(), String> {
    let is_decided = || {
        let rows = scene.rows.borrow();
        let end = |run: &String| scene.lab.path(&format!("results/test/{run}/end.json"));
        rows.iter().all(|run| end(run).exists())
    };
    while !is_decided() {
        if scene.is_over() {
            return Err(TOO_LATE.into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(scene.moment));
    let mut chosen = processes::of(&scene.lab);
    chosen.retain(|one| is(one.program()));
    processes::kill(&chosen);
    Ok(())
}
