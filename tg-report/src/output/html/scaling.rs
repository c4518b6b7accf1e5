//! Throughput over the number of agents: points, fits, peak, crossovers.

use super::figure::{Figure, side_by_side};
use super::markup::{classed, list};
use super::table::{Cell, Table};
use crate::chart::scaling::{Series, draw};
use crate::compare::Comparison;
use crate::output::numbers::{quotient, quotients};
use crate::scaling::{Crossover, Scaling, ScalingCurve};
use crate::stats::curve::{Crossing, Fit, Model, NoFit, Parameter};
use crate::text::{join, or_dash};
use tg_stage::metric::stem;

/// The number of straight pieces of a fitted curve.
const PIECES: u32 = 48;
/// The number of curves in one figure.
const CURVES: usize = 6;

/// The figures, the parameters of the fits, and the crossings.
pub fn section(comparison: &Comparison) -> String {
    let Some(scaling) = &comparison.scaling else {
        return classed(
            "missing",
            "No figure: each configuration ran with one number of agents. A curve takes two; a fit of Amdahl's law takes three, of the \
             Universal Scalability Law four",
        );
    };
    let places: Vec<usize> = (0..scaling.curves.len()).collect();
    let figures = places.chunks(CURVES).map(|places| figure(scaling, places));
    let figures: Vec<Figure> = figures.collect();
    let crossings = scaling
        .crossovers
        .iter()
        .flat_map(|own| crossings(scaling, own));
    let crossings: Vec<String> = crossings.collect();
    side_by_side(&figures, true) + &parameters(scaling).html() + &list("notes", &crossings)
}

fn figure(scaling: &Scaling, places: &[usize]) -> Figure {
    let series = places.iter().map(|at| series(*at, &scaling.curves[*at]));
    let series: Vec<Series> = series.collect();
    let is_here = |own: &&Crossover| places.contains(&own.one) && places.contains(&own.other);
    let crossovers = scaling.crossovers.iter().filter(is_here);
    let mark = |own: &Crossing| (own.at, format!("cross at {}", quotient(own.at)));
    let marks = crossovers.flat_map(|own| own.crossings.iter().map(mark));
    let marks: Vec<(f64, String)> = marks.collect();
    let names = join(series.iter().map(|own| &own.name), ", ");
    let metric = stem(scaling.metric);
    let label = format!("{metric} over the number of agents, for {names}");
    Figure {
        title: format!("{metric} by number of agents"),
        explanation: "Pale marks are runs, full marks their means, upright lines the means' 95 % intervals; curves are fits through all \
               runs, dotted uprights their crossings, dashed ones the fitted peak; a pale curve lies beyond what was measured"
            .to_owned(),
        svg: draw(&series, "1/h, higher is better", &marks, &label),
        missing: "No completed run has a throughput".to_owned(),
        values: Some(values(scaling, places)),
    }
}

fn series(at: usize, curve: &ScalingCurve) -> Series {
    let runs = curve.points.iter().flat_map(|point| {
        let agents = point.agents;
        let text = move |value: f64| format!("{agents} agents: {}", quotient(value));
        let values = point.values.iter();
        values.map(move |value| (f64::from(agents), *value, text(*value)))
    });
    let means = curve.points.iter().map(|point| {
        let ends = point.summary.interval.map(|ends| (ends.low, ends.high));
        (f64::from(point.agents), point.summary.mean, ends)
    });
    let fit = curve.best();
    let peak = fit.and_then(|fit| fit.peak).and_then(|peak| peak.at);
    Series {
        name: curve.label.clone(),
        look: at,
        note: fit.map_or("no fit", |fit| model_name(fit.model)).to_owned(),
        runs: runs.collect(),
        means: means.collect(),
        fit: line(fit, |fit| (fit.smallest, fit.largest)),
        beyond: line(fit, |fit| (fit.largest, peak.unwrap_or(0.0))),
        peak,
    }
}

/// A stretch of the fitted curve between the `ends`; empty if it has no length.
fn line(fit: Option<&Fit>, ends: impl Fn(&Fit) -> (f64, f64)) -> Vec<(f64, f64)> {
    let Some((fit, (from, to))) = fit.map(|fit| (fit, ends(fit))) else {
        return Vec::new();
    };
    if to <= from {
        return Vec::new();
    }
    let at = |piece: u32| from + (to - from) * f64::from(piece) / f64::from(PIECES);
    (0..=PIECES)
        .map(|piece| (at(piece), fit.curve.at(at(piece))))
        .collect()
}

fn model_name(model: Model) -> &'static str {
    match model {
        Model::Amdahl => "Amdahl's law",
        Model::Usl => "Universal Scalability Law",
    }
}

fn parameters(scaling: &Scaling) -> Table {
    let mut rows = Vec::new();
    for curve in &scaling.curves {
        for (model, fit) in [(Model::Amdahl, &curve.amdahl), (Model::Usl, &curve.usl)] {
            rows.push(match fit {
                Ok(fit) => fitted(curve, fit),
                Err(why) => unfitted(curve, model, *why),
            });
        }
    }
    Table {
        caption: "Fits with 95 % intervals; sigma is contention, kappa coherency, N* the number of agents with the highest throughput; \
                  nothing is said beyond twice the largest number measured"
            .to_owned(),
        heads: Table::heads(&["arms", "law", "lambda, 1/h", "sigma", "kappa", "N*"]),
        rows,
    }
}

fn fitted(curve: &ScalingCurve, fit: &Fit) -> Vec<Cell> {
    let parameter = |parameter: &Parameter| {
        let ends = parameter.interval.map(quotients);
        let ends = ends.unwrap_or_else(|| "no interval".to_owned());
        let bound = if parameter.at_bound {
            "at its bound, "
        } else {
            ""
        };
        Cell::Value(quotient(parameter.value), format!("{bound}{ends}"))
    };
    let peak = match fit.peak {
        None => Cell::plain("-"),
        Some(peak) => {
            let end = |end: Option<f64>| end.map_or_else(|| "beyond".to_owned(), quotient);
            let at = peak.at.map_or_else(|| "none in range".to_owned(), quotient);
            Cell::Value(at, format!("{} to {}", quotient(peak.low), end(peak.high)))
        }
    };
    vec![
        Cell::plain(&curve.label),
        Cell::plain(model_name(fit.model)),
        parameter(&fit.lambda),
        parameter(&fit.sigma),
        fit.kappa.as_ref().map_or(Cell::plain("-"), parameter),
        peak,
    ]
}

fn unfitted(curve: &ScalingCurve, model: Model, why: NoFit) -> Vec<Cell> {
    let why = match why {
        NoFit::TooFew { distinct, needed } => {
            format!("no fit: {distinct} numbers of agents, and it takes {needed}")
        }
        NoFit::NoThroughput => "no fit: throughput is 0 or unknown".to_owned(),
        NoFit::NoCurve => "no fit: the runs do not determine a curve".to_owned(),
    };
    let mut row = vec![Cell::plain("-"); 6];
    row[0] = Cell::plain(&curve.label);
    row[1] = Cell::Value(model_name(model).to_owned(), why);
    row
}

fn crossings(scaling: &Scaling, crossover: &Crossover) -> Vec<String> {
    let [one, other] = [crossover.one, crossover.other].map(|at| &scaling.curves[at].label);
    let Some(model) = crossover.model else {
        return vec![format!(
            "{one} and {other}: no crossover can be found without a fit of both"
        )];
    };
    let model = model_name(model);
    if crossover.crossings.is_empty() {
        return vec![format!(
            "{one} and {other}: no crossover in range ({model})"
        )];
    }
    let end = |end: Option<f64>| end.map_or_else(|| "the end of the range".to_owned(), quotient);
    let crossing = |own: &Crossing| {
        let winner = if own.first_wins_above { one } else { other };
        format!(
            "{one} and {other} cross at {} agents (95 %: {} to {}); beyond it {winner} does more ({model})",
            quotient(own.at),
            end(own.low),
            end(own.high),
        )
    };
    crossover.crossings.iter().map(crossing).collect()
}

fn values(scaling: &Scaling, places: &[usize]) -> Table {
    let mut rows = Vec::new();
    for curve in places.iter().map(|at| &scaling.curves[*at]) {
        for point in &curve.points {
            let ends = point.summary.interval;
            let ends = ends.map(|ends| format!("{} to {}", ends.low, ends.high));
            rows.push(vec![
                Cell::plain(&curve.label),
                Cell::plain(point.agents),
                Cell::plain(point.values.len()),
                Cell::plain(point.summary.mean),
                Cell::plain(or_dash(ends)),
                Cell::Words(join(point.values.iter().take(12), ", ")),
            ]);
        }
    }
    let last = "values (the first 12)";
    Table::new(
        format!("{}, 1/h", scaling.metric),
        &["arms", "agents", "runs", "mean", "95 %", last],
        rows,
    )
}
