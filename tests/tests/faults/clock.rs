//! The clock steps while runs are going on, as when a machine synchronises with its time server: an hour forwards or back.
//! The monotonic clock goes on, as it does then. Done with Debian's `libfaketime`; skipped where that is absent.

use crate::fault::{Fault, TOO_LATE, Then};
use crate::scene::Scene;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use tg_stage::{End, RunDir};

/// By how much, in seconds, and in words.
const STEPS: [(i64, &str); 4] = [
    (3600, "an hour forwards"),
    (-3600, "an hour backwards"),
    (-1, "a second backwards"),
    (365 * 86400, "a year forwards"),
];

/// Settings of the library: it reads its offset from a file at every call, and leaves the monotonic clock alone.
const SETTINGS: &str = "FAKETIME_TIMESTAMP_FILE=$PWD/clock FAKETIME_NO_CACHE=1 \
    FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1";

pub fn faults() -> Vec<Fault> {
    let library = library();
    let shown = library.clone().unwrap_or_default().display().to_string();
    let fault = |(seconds, words): (i64, &str)| Fault {
        name: format!("the clock steps {words}"),
        skip: library.is_none().then(|| "needs libfaketime".into()),
        under: format!("LD_PRELOAD={shown} {SETTINGS}"),
        moment: 200..1500,
        before: Box::new(|scene| {
            scene.lab.write("clock", "+0\n");
            Ok(())
        }),
        strike: Box::new(move |scene| {
            scene.lab.write("clock", &format!("{seconds:+}\n"));
            Ok(())
        }),
        trace: Box::new(move |scene| is_off(scene, seconds * 1000)),
        then: Then {
            first: &["completed"],
            once: true,
            unharmed: true,
            ..Then::default()
        },
        ..Fault::default()
    };
    STEPS.into_iter().map(fault).collect()
}

/// True if some run's recorded end differs from the kernel's time of the file by nearly that much.
fn is_off(scene: &Scene, by_ms: i64) -> Result<(), String> {
    let rows = scene.rows.borrow();
    let off = rows.iter().filter_map(|run| {
        let path = scene.lab.path(&format!("results/test/{run}/end.json"));
        let data = path.metadata().ok()?;
        let recorded = End::load(&RunDir::new(path.parent()?))?.ended_at_ms;
        Some(recorded - (data.mtime() * 1000 + data.mtime_nsec() / 1_000_000))
    });
    let off: Vec<i64> = off.collect();
    let is_enough = |off: &i64| off * by_ms.signum() > by_ms.abs() / 10 * 8;
    if off.iter().any(is_enough) {
        Ok(())
    } else {
        Err(format!("{TOO_LATE}: off by {off:?} ms"))
    }
}

fn library() -> Option<PathBuf> {
    let mut places = vec![
        PathBuf::from("/usr/lib/faketime"),
        "/usr/lib64/faketime".into(),
    ];
    let below = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten();
    places.extend(below.map(|entry| entry.path().join("faketime")));
    let library = places
        .into_iter()
        .map(|place| place.join("libfaketimeMT.so.1"));
    library.into_iter().find(|path| path.is_file())
}
