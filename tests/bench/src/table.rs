//! The Markdown tables of the results.

use crate::job::Job;
use crate::measure::{Cost, RaceResult, median, ratio};
use serde_json::Value;
use std::fmt::Write;

/// The largest relative difference of equal values: sums of reals depend on their order.
const APART: f64 = 1e-9;

/// A job as a heading and a Markdown table, and true if every limit is met.
pub fn show(job: &Job, costs: &[RaceResult]) -> (String, bool) {
    let mut text = format!("\n### {}\n\n", job.title);
    text += "| what | wall ms | cpu ms | peak MB | ours / this: median (least - most) | must be at most | |\n|---|--:|--:|--:|--:|--:|---|\n";
    let mut is_met = true;
    let ours = costs.first().and_then(|costs| costs.as_ref().ok());
    for (at, (contender, costs)) in job.contenders.iter().zip(costs).enumerate() {
        let costs = match costs {
            Ok(costs) if !costs.is_empty() => costs,
            Ok(_) => continue,
            Err(cause) => {
                is_met &= at > 0;
                let cause: String = cause.chars().take(100).collect();
                let _ = writeln!(text, "| {} | skipped: {cause} | | | | | |", contender.name);
                continue;
            }
        };
        let of = |part: fn(&Cost) -> f64| median(costs.iter().map(part));
        let (mut ratios, mut must, mut verdict) = (String::new(), String::new(), String::new());
        if let Some(ours) = ours.filter(|_| at > 0) {
            let (middle, least, most) = ratio(ours, costs);
            ratios = format!("{middle:.3} ({least:.3} - {most:.3})");
            if let Some((_, limit)) = job.must.iter().find(|must| must.0 == contender.name) {
                must = limit.to_string();
                verdict = met(middle <= *limit, &mut is_met);
            }
        } else if let Some(limit) = job.memory.filter(|_| at == 0) {
            must = format!("{limit:.0} MB");
            verdict = met(of(|cost| cost.peak) <= limit, &mut is_met);
        } else if let Some(limit) = job.wall.filter(|_| at == 0) {
            must = format!("{limit} ms");
            verdict = met(of(|cost| cost.wall) <= limit, &mut is_met);
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.1} | {ratios} | {must} | {verdict} |",
            contender.name,
            time(of(|cost| cost.wall)),
            time(of(|cost| cost.cpu)),
            of(|cost| cost.peak),
        );
    }
    if let Some(fault) = job.is_compared.then(|| different(job, costs)).flatten() {
        is_met = false;
        let _ = writeln!(text, "\n**Not the same numbers**: {fault}");
    } else if job.is_compared {
        let peers = costs.iter().skip(1);
        let compared = peers
            .filter(|costs| printed(costs).next().is_some())
            .count();
        text += "\n";
        text += if compared == 0 {
            "There were no other numbers to compare with.\n"
        } else {
            "All of these that compute metrics give the same numbers.\n"
        };
    }
    (text, is_met)
}

/// The heading and the table for a clean release build that took `seconds`, and true if its limit is met.
pub fn build(seconds: f64) -> (&'static str, String, bool) {
    let title = "A release build of the tools from clean";
    let mut is_met = true;
    let verdict = met(seconds <= 240.0, &mut is_met);
    let text = format!(
        "\n### {title}\n\n| what | seconds | must be at most | |\n|---|--:|--:|---|\n| cargo build --release | {seconds} | 240 | {verdict} |\n"
    );
    (title, text, is_met)
}

fn met(is_so: bool, is_met: &mut bool) -> String {
    *is_met &= is_so;
    if is_so {
        "met".into()
    } else {
        "**missed**".into()
    }
}

fn time(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.2}"),
        ms if ms < 1000.0 => format!("{ms:.1}"),
        ms => format!("{ms:.0}"),
    }
}

/// The metrics that a contender printed, run by run.
fn printed(costs: &RaceResult) -> impl Iterator<Item = Value> {
    let first = costs.as_ref().ok().and_then(|costs| costs.first());
    let lines = first.into_iter().flat_map(Cost::lines);
    let values = lines.filter_map(|line| serde_json::from_str(&line).ok());
    values.filter(Value::is_object)
}

/// The first metric in which another program differs from ours.
pub fn different(job: &Job, costs: &[RaceResult]) -> Option<String> {
    let ours = costs.first()?;
    let count = printed(ours).count();
    if count == 0 {
        return Some("ours are none".into());
    }
    for (contender, costs) in job.contenders.iter().zip(costs).skip(1) {
        let theirs = printed(costs).count();
        if theirs != 0 && theirs != count {
            let name = &contender.name;
            return Some(format!("{name}: {theirs} lines, ours {count}"));
        }
        for (theirs, ours) in printed(costs).zip(printed(ours)) {
            for (name, value) in theirs.as_object()? {
                let (theirs, ours) = (value.as_f64(), ours["metrics"][name].as_f64());
                let is_near = theirs
                    .zip(ours)
                    .is_some_and(|(one, other)| (one - other).abs() <= APART * one.abs());
                if !is_near {
                    return Some(format!(
                        "{}: {name} is {theirs:?}, ours {ours:?}",
                        contender.name
                    ));
                }
            }
        }
    }
    None
}
