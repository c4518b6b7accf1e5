//! Scaling curves: throughput over the number of agents, as points, intervals and fitted lines.

use super::plot::Plot;
use super::scale::Scale;
use super::svg::LOOKS;
use super::{Interval, drawn};

/// One workflow.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its marker, colour and dash.
    pub look: usize,
    /// What is said of its fit.
    pub note: String,
    /// Agents, throughput and name of each run.
    pub runs: Vec<(f64, f64, String)>,
    /// Agents, mean and interval.
    pub means: Vec<(f64, f64, Option<Interval>)>,
    /// The fitted line, where there is one.
    pub fit: Vec<(f64, f64)>,
    /// What of it lies beyond the largest number measured; drawn paler.
    pub beyond: Vec<(f64, f64)>,
    /// Where the fit has its peak, if that is on the axis.
    pub peak: Option<f64>,
}

/// Draw the workflows; `measure` is the throughput's name and unit, `crossings` where two of them are equal.
pub fn draw(
    series: &[Series],
    measure: &str,
    crossings: &[(f64, String)],
    label: &str,
) -> Option<String> {
    let runs = || series.iter().flat_map(|one| &one.runs);
    let most = runs().map(|run| run.0).reduce(f64::max)?;
    let across = series
        .iter()
        .flat_map(|one| one.fit.iter().chain(&one.beyond))
        .map(|point| point.0)
        .fold(most, f64::max);
    let heights: Vec<f64> = runs().map(|run| run.1).chain([0.0]).collect();
    let intervals: Vec<Interval> = series
        .iter()
        .flat_map(|one| &one.means)
        .filter_map(|mean| mean.2)
        .collect();
    let y = Scale::linear(&heights, &intervals)?;
    let key: Vec<_> = series
        .iter()
        .map(|one| (one.look, one.name.clone(), one.note.clone()))
        .collect();
    let mut plot = Plot::new(&key, (Scale::from_zero(across), "agents"), (y, measure));
    for one in series {
        draw_one(&mut plot, one);
    }
    for (at, words) in crossings {
        plot.upright(*at, "one", words);
    }
    Some(plot.finish(label))
}

fn draw_one(plot: &mut Plot, one: &Series) {
    let class = format!("curve l{}", one.look % LOOKS);
    for (line, class) in [(&one.fit, class.clone()), (&one.beyond, class + " beyond")] {
        if line.len() > 1 {
            plot.line(line, &class);
        }
    }
    for (agents, _, ends) in &one.means {
        if let Some(ends) = ends {
            plot.line(&[(*agents, ends.0), (*agents, ends.1)], "cv");
        }
    }
    for at in drawn(one.runs.len()) {
        let (agents, value, name) = &one.runs[at];
        plot.mark((*agents, *value), one.look, "mark", name);
    }
    for (agents, mean, _) in &one.means {
        plot.mark((*agents, *mean), one.look, "mean", "");
    }
    if let Some(peak) = one.peak {
        plot.upright(
            peak,
            "peak",
            &format!("peak of {}", super::svg::shorten(&one.name, 16)),
        );
    }
}
