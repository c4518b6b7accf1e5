//! The clock steps while runs are going on, as when a machine hears from its time server: an hour forwards or backwards.
//! The monotonic clock goes on, as it does then. Done with Debian's `libfaketime`; skipped where that is absent.

use crate::fault::{Fault, Then};
use std::path::PathBuf;

pub fn faults() -> Vec<Fault> {
    let library = library();
    let fault = |name: &str, step: &'static str| {
        Fault {
        name: format!("the clock steps {name}"),
        skip: library.is_none().then(|| "needs libfaketime".into()),
        under: format!(
            "LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE=clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1",
            library.clone().unwrap_or_default().display()
        )
        .replace("=clock", "=$PWD/clock"),
        moment: 200..1500,
        before: Box::new(|scene| {
            scene.lab.write("clock", "+0\n");
            Ok(())
        }),
        strike: Box::new(move |scene| {
            scene.lab.write("clock", &format!("{step}\n"));
            Ok(())
        }),
        heal: Box::new(|_| Ok(())),
        then: Then {
            first: &["completed"],
            once: true,
            ..Then::default()
        },
        ..Fault::default()
    }
    };
    vec![
        fault("an hour forwards", "+3600"),
        fault("an hour backwards", "-3600"),
        fault("a second backwards", "-1"),
        fault("a year forwards", "+1y"),
    ]
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
