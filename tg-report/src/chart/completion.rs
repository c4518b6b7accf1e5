//! Completion curves: the share of a run's tasks that are done, over the run's time.
//!
//! One step line for each arm's median run. Lines differ by dash and by the markers along them, which stand at other
//! places on each line, so that lines that lie upon each other still show both.

use super::drawn;
use super::plot::Plot;
use super::scale::Scale;
use super::svg::LOOKS;

/// One run's curve.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// Whose.
    pub name: String,
    /// Its marker, colour and dash.
    pub look: usize,
    /// When each task that got done was done.
    pub done: Vec<f64>,
    /// How many tasks there are, done or not.
    pub tasks: usize,
    /// When the run ended.
    pub end: f64,
}

/// Draw the curves; `unit` is that of the times.
pub fn draw(curves: &[Curve], unit: &str, label: &str) -> Option<String> {
    let shown: Vec<&Curve> = curves.iter().filter(|curve| curve.tasks > 0).collect();
    let ends = shown
        .iter()
        .flat_map(|curve| curve.done.iter().chain([&curve.end]));
    let x = Scale::from_zero(
        ends.copied()
            .filter(|end| end.is_finite())
            .reduce(f64::max)?,
    );
    let y = Scale::from_zero(100.0);
    let note = |curve: &Curve| format!("{} of {} done", curve.done.len(), curve.tasks);
    let key: Vec<_> = shown
        .iter()
        .map(|curve| (curve.look, curve.name.clone(), note(curve)))
        .collect();
    let mut plot = Plot::new(
        &key,
        (x, &format!("{unit} since the run began")),
        (y, "% of tasks done"),
    );
    for (at, curve) in shown.iter().enumerate() {
        line(&mut plot, curve, at);
    }
    Some(plot.finish(label))
}

fn line(plot: &mut Plot, curve: &Curve, at: usize) {
    let mut done = curve.done.clone();
    done.sort_by(f64::total_cmp);
    let share = |count: usize| 100.0 * count as f64 / curve.tasks as f64;
    let mut points = vec![(0.0, 0.0)];
    let mut before = 0.0;
    for place in drawn(done.len()) {
        points.extend([(done[place], before), (done[place], share(place + 1))]);
        before = share(place + 1);
    }
    points.push((curve.end.max(done.last().copied().unwrap_or(0.0)), before));
    plot.line(&points, &format!("curve l{}", curve.look % LOOKS));
    let steps: Vec<_> = points.iter().skip(2).step_by(2).copied().collect();
    let every = (steps.len() / 5).max(1);
    for step in steps.iter().skip(at % every).step_by(every) {
        plot.mark(*step, curve.look, "mean", "");
    }
}
