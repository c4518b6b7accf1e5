//! The moment between the decision that a run is over and the record that says so: agents are ended, the work is
//! verified, the database is closed. What was paid for is not run again.

use crate::fault::{Fault, QUICK, TOO_LATE, Then};
use crate::processes;
use crate::scene::Scene;
use std::time::Duration;

/// A verification that takes its time.
const VERIFY: &str = "verify: 'sleep 2; echo 1'\n";

pub fn faults() -> Vec<Fault> {
    let fault = |name: &str, is: fn(&str) -> bool| Fault {
        name: format!("SIGKILL of {name} while the work is verified"),
        more: format!("{QUICK}{VERIFY}"),
        moment: 0..1500,
        strike: Box::new(move |scene| kill(scene, is)),
        then: Then {
            once: true,
            lingers: true, // the verification itself, which nobody ends
            ..Then::default()
        },
        ..Fault::default()
    };
    vec![
        fault("the whole tree", |_| true),
        fault("tg-wait", |program| program == "tg-wait"),
    ]
}

/// Wait for the decisions, then for the moment, then kill.
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
    let mut who = processes::of(&scene.lab);
    who.retain(|one| is(one.program()));
    processes::kill(&who);
    Ok(())
}
