//! A full disk: a small tmpfs at the results directory, with little space left from the start or filled up during a run.

use crate::fault::{Fault, QUICK, Then};
use crate::scene::Scene;
use std::process::Command;

/// The size of the disk; a whole experiment takes a third of it.
const DISK: &str = "-t tmpfs -o size=32m tmpfs";

/// Space left before the start, in KiB: the tools check it beforehand.
const BEFORE: [u64; 2] = [0, 600];

/// Space left in the middle of the runs, in KiB.
const AMIDST: [u64; 8] = [0, 0, 0, 4, 32, 200, 600, 1200];

pub fn faults() -> Vec<Fault> {
    let skip = no_mount();
    let fault = |name: String| Fault {
        name,
        more: QUICK.replace("30s", "3s"), // agents that cannot write do not proceed
        skip: skip.clone(),
        heal: Box::new(|scene| scene.shell("rm -f results/filler")),
        ..Fault::default()
    };
    let before = BEFORE.map(|left| Fault {
        before: Box::new(move |scene| mount(scene).and_then(|()| fill(scene, left))),
        then: Then {
            first: &["none"], // no outcome is called that: nothing may have run
            says: &["MiB needed for"],
            ..Then::default()
        },
        ..fault(format!("no more than {left} KiB are left on the disk"))
    });
    let amidst = AMIDST.iter().enumerate().map(|(number, left)| Fault {
        before: Box::new(mount),
        moment: 50..1200,
        strike: Box::new(move |scene| fill(scene, *left)),
        then: Then {
            says: &["o space left on device", "disk is full", "MiB needed for"],
            ..Then::default()
        },
        ..fault(match number {
            0 => "the disk is full".into(),
            _ => format!("the disk is full but for {left} KiB, {number}"),
        })
    });
    before.into_iter().chain(amidst).collect()
}

fn mount(scene: &Scene) -> Result<(), String> {
    scene.mount("results", DISK)?;
    scene.shell("mkdir -p results/test")
}

/// Fills the disk but for so many KiB.
fn fill(scene: &Scene, left: u64) -> Result<(), String> {
    scene.shell(&format!(
        "free=$(df --output=avail -k results | tail -1); head -c $(((free - {left}) * 1024)) /dev/zero >>results/filler; \
         {} : ",
        if left == 0 { "cat /dev/zero >>results/filler 2>/dev/null;" } else { "" }
    ))
}

/// The reason if nothing can be mounted here.
pub fn no_mount() -> Option<String> {
    let place = tempfile::tempdir().ok()?;
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(place.path())
        .output();
    if !mounted.is_ok_and(|out| out.status.success()) {
        return Some("needs the right to mount".into());
    }
    let _ = Command::new("umount").arg("-l").arg(place.path()).status();
    None
}
