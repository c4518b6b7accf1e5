//! A disk that is full: a small tmpfs where the results go, with little left from the start or filled up in the middle.

use crate::fault::{Fault, QUICK, Then};
use crate::scene::Scene;
use std::process::Command;

/// The size of the disk; a whole experiment takes a third of it.
const DISK: &str = "-t tmpfs -o size=32m tmpfs";

/// How much is left on it, in KiB.
const LEFT: [u64; 7] = [0, 4, 32, 200, 600, 1200, 2400];

pub fn faults() -> Vec<Fault> {
    let skip = no_mount();
    let fault = |name: String, left: u64, moment: std::ops::Range<u64>| Fault {
        name,
        moment,
        more: QUICK.replace("30s", "3s"), // who cannot write does not move
        skip: skip.clone(),
        before: Box::new(move |scene| {
            scene.mount("results", DISK)?;
            scene.shell("mkdir -p results/test")?;
            if left > 0 { fill(scene, left) } else { Ok(()) }
        }),
        strike: Box::new(move |scene| fill(scene, left)),
        heal: Box::new(|scene| scene.shell("rm -f results/filler")),
        then: Then {
            says: &["o space left on device", "disk is full"],
            ..Then::default()
        },
        ..Fault::default()
    };
    let levels = LEFT
        .iter()
        .map(|left| fault(format!("{left} KiB are left on the disk"), *left, 0..1));
    let later = (1..=3).map(|n| match n {
        1 => fault("the disk is full".into(), 0, 200..1500),
        _ => fault(format!("the disk is full, {n}"), 0, 200..1500),
    });
    levels.chain(later).collect()
}

/// Fill the disk but for so many KiB.
fn fill(scene: &Scene, left: u64) -> Result<(), String> {
    scene.shell(&format!(
        "free=$(df --output=avail -k results | tail -1); head -c $(((free - {left}) * 1024)) /dev/zero >>results/filler; \
         {} : ",
        if left == 0 { "cat /dev/zero >>results/filler 2>/dev/null;" } else { "" }
    ))
}

/// Why nothing can be mounted here, if that is so.
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
