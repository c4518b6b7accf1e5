//! Completion curves: the share of a run's tasks that are done, over the run's time.
//!
//! One step line for each arm's median run. Lines differ by dash and by their markers, which have other positions on
//! each line, so that of two lines in the same place both are visible.

use super::drawn;
use super::plot::Plot;
use super::scale::Scale;
use super::svg::LOOKS;

/// One run's curve.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// Name of the arm.
    pub name: String,
    /// Its marker, colour and dash.
    pub look: usize,
    /// Time of completion of each completed task.
    pub done: Vec<f64>,
    /// Number of tasks, done or not.
    pub tasks: usize,
    /// End of the run.
    pub end: f64,
}

/// Draws the curves; `unit` is the unit of the times.
pub fn draw(curves: &[Curve], unit: &str, label: &str) -> Option<String> {
    let shown: Vec<&Curve> = curves.iter().filter(|curve| curve.tasks > 0).collect();
    let ends = shown
        .iter()
        .flat_map(|curve| curve.done.iter().chain([&curve.end]));
    let finite = ends.copied().filter(|end| end.is_finite());
    let x = Scale::from_zero(finite.reduce(f64::max)?);
    let y = Scale::from_zero(100.0);
    let note = |curve: &Curve| format!("{} of {} done", curve.done.len(), curve.tasks);
    let key: Vec<_> = shown
        .iter()
        .map(|curve| (curve.look, curve.name.clone(), note(curve)))
        .collect();
    let across = format!("{unit} since the run began");
    let mut plot = Plot::new(&key, (x, &across), (y, "% of tasks done"));
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
