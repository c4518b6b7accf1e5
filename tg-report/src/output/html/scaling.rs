//! Throughput over the number of agents: points, fits, peak, crossovers.

use super::figure::{Figure, side_by_side};
use super::markup::{classed, list};
use super::table::{Cell, Table};
use crate::chart::scaling::{Series, draw};
use crate::compare::Comparison;
use crate::output::human::quotient;
use crate::scaling::{Crossover, Scaling, ScalingCurve};
use crate::stats::curve::{Fit, Model, NoFit, Parameter};
use tg_stage::metric::stem;

/// Straight pieces that a fitted curve is drawn of.
const PIECES: u32 = 48;
/// Curves in one figure.
const CURVES: usize = 6;

/// The figure, its parameters, and where curves cross.
pub fn section(comparison: &Comparison) -> String {
    let Some(scaling) = &comparison.scaling else {
        return classed(
            "missing",
            "No figure: each configuration ran with one number of agents. A curve takes two; a fit of Amdahl's law takes three, of the \
             Universal Scalability Law four",
        );
    };
    let places: Vec<usize> = (0..scaling.curves.len()).collect();
    let figures: Vec<Figure> = places
        .chunks(CURVES)
        .map(|places| figure(scaling, places))
        .collect();
    side_by_side(&figures, true) + &parameters(scaling).html() + &list("notes", &crossings(scaling))
}

fn figure(scaling: &Scaling, places: &[usize]) -> Figure {
    let series: Vec<Series> = places
        .iter()
        .map(|at| series(*at, &scaling.curves[*at]))
        .collect();
    let here = |crossover: &&Crossover| {
        places.contains(&crossover.one) && places.contains(&crossover.other)
    };
    let marks = scaling
        .crossovers
        .iter()
        .filter(here)
        .flat_map(|crossover| {
            crossover
                .crossings
                .iter()
                .map(|crossing| (crossing.at, format!("cross at {}", quotient(crossing.at))))
        });
    let marks: Vec<(f64, String)> = marks.collect();
    let names: Vec<&str> = series.iter().map(|one| one.name.as_str()).collect();
    let label = format!(
        "{} over the number of agents, for {}",
        stem(scaling.metric),
        names.join(", ")
    );
    Figure {
        title: format!("{} by number of agents", stem(scaling.metric)),
        says: "Pale marks are runs, full marks their means, upright lines the means' 95 % intervals; curves are fits through all \
               runs, dotted uprights their crossings, dashed ones the fitted peak; a pale curve lies beyond what was measured"
            .to_owned(),
        svg: draw(&series, "1/h, higher is better", &marks, &label),
        missing: "No completed run has a throughput".to_owned(),
        values: Some(values(scaling, places)),
    }
}

fn series(at: usize, curve: &ScalingCurve) -> Series {
    let runs = curve.points.iter().flat_map(|point| {
        point.values.iter().map(|value| {
            (
                f64::from(point.agents),
                *value,
                format!("{} agents: {}", point.agents, quotient(*value)),
            )
        })
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
        note: fit.map_or_else(
            || "no fit".to_owned(),
            |fit| model_name(fit.model).to_owned(),
        ),
        runs: runs.collect(),
        means: means.collect(),
        fit: fit.map_or_else(Vec::new, |fit| line(fit, fit.smallest, fit.largest)),
        beyond: fit.map_or_else(Vec::new, |fit| line(fit, fit.largest, peak.unwrap_or(0.0))),
        peak,
    }
}

/// A stretch of the fitted curve; empty where it has no length.
fn line(fit: &Fit, from: f64, to: f64) -> Vec<(f64, f64)> {
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
        let ends = parameter
            .interval
            .map(|ends| format!("{} to {}", quotient(ends.low), quotient(ends.high)));
        let bound = if parameter.at_bound {
            "at its bound, "
        } else {
            ""
        };
        Cell::Value(
            quotient(parameter.value),
            format!(
                "{bound}{}",
                ends.unwrap_or_else(|| "no interval".to_owned())
            ),
        )
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
        Cell::plain(curve.label.clone()),
        Cell::plain(model_name(fit.model)),
        parameter(&fit.lambda),
        parameter(&fit.sigma),
        fit.kappa
            .as_ref()
            .map_or_else(|| Cell::plain("-"), parameter),
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
    let none = || Cell::plain("-");
    vec![
        Cell::plain(curve.label.clone()),
        Cell::Value(model_name(model).to_owned(), why),
        none(),
        none(),
        none(),
        none(),
    ]
}

fn crossings(scaling: &Scaling) -> Vec<String> {
    scaling
        .crossovers
        .iter()
        .flat_map(|crossover| crossing(scaling, crossover))
        .collect()
}

fn crossing(scaling: &Scaling, crossover: &Crossover) -> Vec<String> {
    let (one, other) = (
        &scaling.curves[crossover.one].label,
        &scaling.curves[crossover.other].label,
    );
    let Some(model) = crossover.model else {
        return vec![format!(
            "{one} and {other}: no crossover can be told without a fit of both"
        )];
    };
    if crossover.crossings.is_empty() {
        return vec![format!(
            "{one} and {other}: no crossover in range ({})",
            model_name(model)
        )];
    }
    let told = |crossing: &crate::stats::curve::Crossing| {
        let end =
            |end: Option<f64>| end.map_or_else(|| "the end of the range".to_owned(), quotient);
        let winner = if crossing.first_wins_above {
            one
        } else {
            other
        };
        format!(
            "{one} and {other} cross at {} agents (95 %: {} to {}); beyond it {winner} does more ({})",
            quotient(crossing.at),
            end(crossing.low),
            end(crossing.high),
            model_name(model)
        )
    };
    crossover.crossings.iter().map(told).collect()
}

fn values(scaling: &Scaling, places: &[usize]) -> Table {
    let mut rows = Vec::new();
    for curve in places.iter().map(|at| &scaling.curves[*at]) {
        for point in &curve.points {
            let ends = point
                .summary
                .interval
                .map(|ends| format!("{} to {}", ends.low, ends.high));
            let values: Vec<String> = point
                .values
                .iter()
                .take(12)
                .map(ToString::to_string)
                .collect();
            rows.push(vec![
                Cell::plain(curve.label.clone()),
                Cell::plain(point.agents.to_string()),
                Cell::plain(point.values.len().to_string()),
                Cell::plain(point.summary.mean.to_string()),
                Cell::plain(ends.unwrap_or_else(|| "-".to_owned())),
                Cell::Words(values.join(", ")),
            ]);
        }
    }
    Table {
        caption: format!("{}, 1/h", scaling.metric),
        heads: Table::heads(&[
            "arms",
            "agents",
            "runs",
            "mean",
            "95 %",
            "values (the first 12)",
        ]),
        rows,
    }
}
