//! The tools' own view of the results: the report of a pass, and `tg-metrics --recheck`, which computes
//! everything recorded again.

use crate::fault::Then;
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

/// The error of the recheck: it must find no difference, but for a torn file that stays, which it must name.
pub fn rechecked(scene: &Scene, then: &Then) -> Option<String> {
    let done = scene.lab.sh("tg-metrics --recheck results/test >/dev/null");
    let torn = then.torn.rsplit('/').next().filter(|_| then.stays);
    let is_right = match torn {
        None => done.status == 0,
        Some(name) => {
            let says = [format!("{name} cannot be read"), ": 1 differ".into()];
            done.status == 1 && says.iter().all(|text| done.err.contains(text))
        }
    };
    (!is_right).then(|| format!("tg-metrics --recheck:\n{}{}", done.out, done.err))
}
