//! Scaling curves: points, fits, crossings.

use super::values::{array, interval, summary};
use crate::scaling::{Crossover, Scaling, ScalingCurve, ScalingPoint};
use crate::stats::curve::{Crossing, Fit, Method, Model, NoFit, Parameter, Peak, Shape};
use serde_json::{Value, json};

pub fn scaling(scaling: &Scaling) -> Value {
    json!({
        "metric": scaling.metric,
        "curves": array(&scaling.curves, curve),
        "crossovers": array(&scaling.crossovers, |own| crossover(scaling, own)),
    })
}

fn curve(curve: &ScalingCurve) -> Value {
    json!({
        "label": curve.label,
        "points": array(&curve.points, point),
        "amdahl": fit(&curve.amdahl),
        "usl": fit(&curve.usl),
    })
}

fn point(point: &ScalingPoint) -> Value {
    let throughput = summary(Some(&point.summary), &point.values);
    json!({"agents": point.agents, "throughput": throughput})
}

fn fit(fit: &Result<Fit, NoFit>) -> Value {
    match fit {
        Ok(fit) => json!({
            "lambda": parameter(&fit.lambda),
            "sigma": parameter(&fit.sigma),
            "kappa": fit.kappa.as_ref().map(parameter),
            "peak": fit.peak.as_ref().map(peak),
            "intervals_by": method(fit.method),
            "runs": fit.runs,
            "smallest": fit.smallest,
            "largest": fit.largest,
            "limit": fit.limit(),
        }),
        Err(NoFit::TooFew { distinct, needed }) => {
            json!({"none": "too few distinct numbers of agents", "distinct": distinct, "needed": needed})
        }
        Err(NoFit::NoThroughput) => json!({"none": "no throughput"}),
        Err(NoFit::NoCurve) => json!({"none": "the runs do not determine a curve"}),
    }
}

fn parameter(own: &Parameter) -> Value {
    json!({"value": own.value, "interval": interval(own.interval), "at_bound": own.at_bound})
}

fn peak(peak: &Peak) -> Value {
    let shape = match peak.shape {
        Shape::Rises => "rises",
        Shape::Peaks => "peaks",
        Shape::Falls => "falls",
    };
    json!({"shape": shape, "at": peak.at, "low": peak.low, "high": peak.high})
}

fn method(method: Method) -> Value {
    match method {
        Method::Resampled { draws } => json!({"resampled": draws}),
        Method::Delta => json!({"t_df": null}),
        Method::DeltaPooled { df } => json!({"t_df": df}),
    }
}

fn crossover(scaling: &Scaling, own: &Crossover) -> Value {
    let label = |at: usize| &scaling.curves[at].label;
    let crossing = |crossing: &Crossing| {
        json!({
            "at": crossing.at,
            "low": crossing.low,
            "high": crossing.high,
            "ahead_above": label(if crossing.first_wins_above { own.one } else { own.other }),
        })
    };
    json!({
        "curves": [label(own.one), label(own.other)],
        "model": own.model.map(|model| match model {
            Model::Amdahl => "amdahl",
            Model::Usl => "usl",
        }),
        "crossings": array(&own.crossings, crossing),
    })
}
