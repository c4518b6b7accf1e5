//! The tools' own view of the results: the report of a pass, and `tg-metrics --recheck`, which computes
//! everything recorded again.

use crate::scene::Scene;

/// The runs in a pass's report and how they ended, as often as they are there.
pub fn reported(scene: &Scene, pass: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(scene.lab.path(&format!("{pass}.csv")));
    let text = text.unwrap_or_default();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let column = |name: &str| header.iter().position(|column| *column == name);
    let (Some(run), Some(outcome)) = (column("run"), column("outcome")) else {
        return Vec::new();
    };
    lines
        .map(|cells| (cells[run].into(), cells[outcome].into()))
        .collect()
}

/// The difference between the records and the recheck, if there is one.
pub fn verified(scene: &Scene) -> Option<String> {
    let done = scene.lab.sh("tg-metrics --recheck results/test >/dev/null");
    (done.status != 0).then(|| format!("tg-metrics --recheck:\n{}{}", done.out, done.err))
}
