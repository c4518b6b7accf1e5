//! A manifest that is edited: while it runs, or between two calls.

use crate::fault::{Fault, Then};
use crate::scene::Scene;

/// The change to the manifest.
struct Edit {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    /// Runs that the edited manifest spans.
    rows: &'static [&'static str],
    all_again: bool,
}

#[rustfmt::skip]
const EDITS: [Edit; 4] = [
    Edit { name: "its seed changed", from: "name: test\n", to: "name: test\nseed: 77\n", rows: &["push-r1", "swarm-r1"], all_again: true },
    Edit { name: "an arm added", from: "configs:\n", to: "configs:\n  - workflow: hierarchical\n", rows: &["hierarchical-r1", "push-r1", "swarm-r1"], all_again: false },
    Edit { name: "an arm removed", from: "  - workflow: push\n", to: "", rows: &["swarm-r1"], all_again: false },
    Edit { name: "a comment added", from: "name: test\n", to: "# as agreed on Friday\nname: test\n\n", rows: &["push-r1", "swarm-r1"], all_again: false },
];

pub fn faults() -> Vec<Fault> {
    let fault = |edit: &'static Edit, while_it_runs: bool| {
        let when = if while_it_runs {
            "while it runs"
        } else {
            "between runs"
        };
        let act = |now: bool| -> crate::fault::Act {
            Box::new(move |scene| if now { apply(scene, edit) } else { Ok(()) })
        };
        Fault {
            name: format!("a manifest edited {when}: {}", edit.name),
            moment: if while_it_runs { 0..1500 } else { 0..1 },
            strike: act(while_it_runs),
            heal: act(!while_it_runs),
            then: Then {
                all_again: edit.all_again,
                shown_anew: edit.name.contains("arm"),
                once: !edit.all_again,
                ..Then::default()
            },
            ..Fault::default()
        }
    };
    let between = EDITS.iter().map(|edit| fault(edit, false));
    between
        .chain([fault(&EDITS[1], true), fault(&EDITS[3], true)])
        .collect()
}

/// Writes the file anew, as most editors do.
fn apply(scene: &Scene, edit: &Edit) -> Result<(), String> {
    let text = std::fs::read_to_string(scene.lab.path("m.yaml")).unwrap_or_default();
    if !text.contains(edit.from) {
        return Err(format!("the manifest has no {:?}", edit.from));
    }
    scene
        .lab
        .write("m.edited", &text.replacen(edit.from, edit.to, 1));
    std::fs::rename(scene.lab.path("m.edited"), scene.lab.path("m.yaml"))
        .map_err(|cause| cause.to_string())?;
    scene
        .rows
        .replace(edit.rows.iter().map(ToString::to_string).collect());
    Ok(())
}
