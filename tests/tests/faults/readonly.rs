//! Results that cannot be written: read-only from the start, or from the middle of a run on.
//!
//! Permissions do not bind root, so a read-only mount is put over the directory where that is allowed; elsewhere, and
//! for a user who is not root, the permissions are taken away.

use crate::disk::no_mount;
use crate::fault::{Fault, Then};
use crate::scene::Scene;

pub fn faults() -> Vec<Fault> {
    let says = Then {
        says: &["ead-only"],
        ..Then::default()
    };
    let skip = no_mount();
    vec![
        Fault {
            name: "a read-only results directory".into(),
            skip: skip.clone(),
            before: Box::new(seal),
            heal: Box::new(|scene| {
                scene.unmount();
                Ok(())
            }),
            then: says,
            ..Fault::default()
        },
        Fault {
            name: "results become read-only".into(),
            skip,
            moment: 200..1500,
            strike: Box::new(seal),
            heal: Box::new(|scene| {
                scene.unmount();
                Ok(())
            }),
            then: says,
            ..Fault::default()
        },
        Fault {
            name: "results of another user".into(),
            skip: is_root().then(|| "permissions do not bind root".into()),
            before: Box::new(|scene| scene.shell("mkdir -p results && chmod 555 results")),
            heal: Box::new(|scene| scene.shell("chmod 755 results")),
            then: Then {
                says: &["ermission denied"],
                ..Then::default()
            },
            ..Fault::default()
        },
    ]
}

/// Mounts the same directory over itself, read-only; open files stay open.
fn seal(scene: &Scene) -> Result<(), String> {
    scene.shell("mkdir -p results")?;
    scene.mount("results", "-o bind,ro results")
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}
