//! Files that were cut short, as on a disk that lost power: the record, the end, the snapshot; or deleted.

use crate::fault::{Fault, Then};

/// A file of a run that was done, and true if a tool makes it anew.
const FILES: [(&str, bool); 3] = [
    ("run.json", false),
    ("end.json", true),
    ("snapshot.json.gz", false),
];

/// The run whose file is torn.
const TORN: [&str; 3] = [
    "test/push-r1/run.json",
    "test/push-r1/end.json",
    "test/push-r1/snapshot.json.gz",
];

pub fn faults() -> Vec<Fault> {
    let fault = |(name, stays): (&'static str, bool), torn: &'static str| Fault {
        name: format!("{name} is torn"),
        heal: Box::new(move |scene| {
            let path = scene.lab.path("results").join(torn);
            let whole = std::fs::metadata(&path)
                .map_err(|cause| cause.to_string())?
                .len();
            let left = scene.random(whole);
            scene.shell(&format!("truncate -s {left} {}", path.display()))
        }),
        then: Then {
            torn,
            stays,
            ..Then::default()
        },
        ..Fault::default()
    };
    let removed = Fault {
        name: "the results are removed while it runs".into(),
        moment: 200..1200,
        strike: Box::new(|scene| scene.shell("while ! rm -rf results; do sleep 0.01; done")),
        then: Then {
            says: &["results"],
            ..Then::default()
        },
        ..Fault::default()
    };
    let torn = FILES
        .into_iter()
        .zip(TORN)
        .map(|(file, torn)| fault(file, torn));
    torn.chain([removed]).collect()
}
