//! Scaling curves: throughput over the number of agents, as points, intervals and fitted lines.

use super::plot::Plot;
use super::scale::Scale;
use super::svg::{LOOKS, shorten};
use super::{Interval, drawn};

/// One workflow.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its marker, colour and dash.
    pub look: usize,
    /// A description of its fit.
    pub note: String,
    /// Agents, throughput and name of each run.
    pub runs: Vec<(f64, f64, String)>,
    /// Agents, mean and interval.
    pub means: Vec<(f64, f64, Option<Interval>)>,
    /// The fitted line, if there is one.
    pub fit: Vec<(f64, f64)>,
    /// The part of the line beyond the largest number measured; drawn paler.
    pub beyond: Vec<(f64, f64)>,
    /// The position of the peak of the fit, if it is on the axis.
    pub peak: Option<f64>,
}

/// Draws the workflows; `measure` is the name and unit of the throughput, `crossings` where two of them are equal.
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
    let means = series.iter().flat_map(|one| &one.means);
    let intervals: Vec<Interval> = means.filter_map(|mean| mean.2).collect();
    let y = Scale::linear(&heights, &intervals)?;
    let key: Vec<_> = series
        .iter()
        .map(|one| (one.look, one.name.clone(), one.note.clone()))
        .collect();
    let mut plot = Plot::new(&key, (Scale::from_zero(across), "agents"), (y, measure));
    for one in series {
        draw_series(&mut plot, one);
    }
    for (at, words) in crossings {
        plot.upright(*at, "one", words);
    }
    Some(plot.finish(label))
}

fn draw_series(plot: &mut Plot, series: &Series) {
    let class = format!("curve l{}", series.look % LOOKS);
    for (line, class) in [
        (&series.fit, class.clone()),
        (&series.beyond, class + " beyond"),
    ] {
        if line.len() > 1 {
            plot.line(line, &class);
        }
    }
    for (agents, _, ends) in &series.means {
        if let Some(ends) = ends {
            plot.line(&[(*agents, ends.0), (*agents, ends.1)], "cv");
        }
    }
    for at in drawn(series.runs.len()) {
        let (agents, value, name) = &series.runs[at];
        plot.mark((*agents, *value), series.look, "mark", name);
    }
    for (agents, mean, _) in &series.means {
        plot.mark((*agents, *mean), series.look, "mean", "");
    }
    if let Some(peak) = series.peak {
        let words = format!("peak of {}", shorten(&series.name, 16));
        plot.upright(peak, "peak", &words);
    }
}
