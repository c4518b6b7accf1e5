//! Two runners on one results directory: the second names the first, or finds all done; each run is run once.

use crate::fault::{Fault, Then};
use crate::scene::Scene;

pub fn faults() -> Vec<Fault> {
    let fault = |name: &str, moment: std::ops::Range<u64>| Fault {
        name: format!("two runners at once{name}"),
        replicates: 2,
        moment,
        strike: Box::new(second),
        then: Then {
            first: &["completed"],
            says: &["(process "],
            once: true,
            ..Then::default()
        },
        ..Fault::default()
    };
    vec![
        fault("", 0..1),
        fault(", one a little later", 1..300),
        fault(", one in the middle", 300..2500),
    ]
}

/// Starts the same command beside the first pass, and reads its output.
fn second(scene: &Scene) -> Result<(), String> {
    let beside = scene.beside("beside");
    let done = scene.end_of(beside, "beside")?;
    if done.status != 0 && !done.err.contains("(process ") {
        return Err(format!(
            "the second does not name the holder:\n{}",
            done.err
        ));
    }
    Ok(())
}
