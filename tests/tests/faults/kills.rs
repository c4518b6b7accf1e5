//! SIGKILL: of each stage, of the supervisors, of agents and servers, of the script, of everything at once.

use crate::fault::{Fault, QUICK, TOO_LATE, Then};
use crate::processes::{self, Process};
use crate::scene::Scene;
use std::time::{Duration, Instant};

/// The processes that a fault kills.
#[derive(Clone, Copy)]
struct Whom {
    name: &'static str,
    is: fn(&Scene, &Process) -> bool,
    /// All of them, else one at random.
    every: bool,
    /// The longest delay after the first of them is seen, in milliseconds.
    within: u64,
    /// The process that ends the others is killed.
    lingers: bool,
    /// The allowed outcomes of runs.
    first: &'static [&'static str],
}

/// The allowed outcomes after the loss of a supervisor: it is not a fault of the agents.
const MACHINERY: &[&str] = &["completed", "infra"];

const ONE: Whom = Whom {
    name: "",
    is: |_, _| false,
    every: false,
    within: 1000,
    lingers: false,
    first: &[],
};

#[rustfmt::skip]
const WHOM: [Whom; 15] = [
    Whom { name: "tg-instantiate", is: |_, one| one.program() == "tg-instantiate", within: 120, ..ONE },
    Whom { name: "tg-launch", is: |_, one| is_launcher(one), first: MACHINERY, ..ONE },
    Whom { name: "tg-wait", is: |_, one| one.program() == "tg-wait", within: 1500, ..ONE },
    Whom { name: "tg-export", is: |_, one| one.program() == "tg-export", within: 1500, ..ONE },
    Whom { name: "tg-metrics", is: |_, one| one.program() == "tg-metrics", within: 1500, ..ONE },
    Whom { name: "tg-report", is: |_, one| one.program() == "tg-report", within: 1500, ..ONE },
    Whom { name: "a supervisor", is: |_, one| one.is_supervisor(), first: MACHINERY, ..ONE },
    Whom { name: "every supervisor", is: |_, one| one.is_supervisor(), every: true, first: MACHINERY, ..ONE },
    Whom { name: "the launcher and every supervisor", is: |_, one| one.program() == "tg-launch", every: true, lingers: true, first: MACHINERY, ..ONE },
    Whom { name: "a server of the host", is: |_, one| one.program() == "task-graph-mcp", ..ONE },
    Whom { name: "every server of the host", is: |_, one| one.program() == "task-graph-mcp", every: true, ..ONE },
    Whom { name: "an agent", is: |_, one| one.program() == "tg-agent", ..ONE },
    Whom { name: "every agent", is: |_, one| one.program() == "tg-agent", every: true, ..ONE },
    Whom { name: "scripts/tg", is: |scene, one| Some(one.pid) == scene.script(), within: 1500, ..ONE },
    Whom { name: "the shell around the stages", is: |scene, one| one.program() == "bash" && Some(one.pid) != scene.script(), within: 1500, ..ONE },
];

/// The number of kills of the whole tree, each at another moment.
const TREES: u32 = 30;

pub fn faults() -> Vec<Fault> {
    let kills = WHOM.iter().map(|whom| Fault {
        name: format!("SIGKILL of {}", whom.name),
        replicates: 2,
        more: QUICK.replace("30s", "4s"), // the remaining agent waits for ever
        moment: 0..whom.within,
        strike: Box::new(|scene| kill(scene, *whom)),
        then: Then {
            lingers: whom.lingers,
            first: whom.first,
            ..Then::default()
        },
        ..Fault::default()
    });
    let trees = (1..=TREES).map(|number| Fault {
        name: format!("SIGKILL of the whole tree, {number}"),
        replicates: 2,
        moment: 0..2500,
        strike: Box::new(fell),
        ..Fault::default()
    });
    kills.chain(trees).collect()
}

fn is_launcher(one: &Process) -> bool {
    one.program() == "tg-launch" && !one.is_supervisor()
}

/// Kills all processes, also those started meanwhile.
fn fell(scene: &Scene) -> Result<(), String> {
    loop {
        let all = processes::of(&scene.lab);
        if all.is_empty() {
            return Ok(());
        }
        processes::kill(&all);
    }
}

/// Waits for the first of them, then for the moment, then kills.
fn kill(scene: &Scene, whom: Whom) -> Result<(), String> {
    let find = || -> Vec<Process> {
        let mut all = processes::of(&scene.lab);
        all.retain(|one| (whom.is)(scene, one));
        all
    };
    let begun = Instant::now();
    let mut seen = None::<Instant>;
    loop {
        let found = find();
        if !found.is_empty() {
            let seen = seen.get_or_insert_with(Instant::now);
            if seen.elapsed() >= Duration::from_millis(scene.moment) {
                let one = scene.random(found.len() as u64) as usize;
                let chosen = if whom.every {
                    &found[..]
                } else {
                    &found[one..=one]
                };
                processes::kill(chosen);
                return Ok(());
            }
        }
        if scene.is_over() {
            return Err(TOO_LATE.into());
        }
        if begun.elapsed() > Duration::from_secs(20) {
            return Err(format!("there is no {} to kill", whom.name));
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}
