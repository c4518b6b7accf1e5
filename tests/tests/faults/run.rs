//! The injection of faults, two at a time, with a line for each.

use crate::after;
use crate::fault::{Fault, TOO_LATE};
use crate::processes::names;
use crate::scene::Scene;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tg_stage::say;

/// Injects all of them, prints a line for each, and fails if one was not survived.
pub fn survive(faults: &[Fault], default_seed: u64) {
    let seed = std::env::var("TG_FAULT_SEED").ok();
    let seed = seed.map_or(default_seed, |seed| {
        seed.parse().expect("TG_FAULT_SEED: a number")
    });
    say(format_args!(
        "\n{} faults, TG_FAULT_SEED={seed}",
        faults.len()
    ));
    let (next, failed, skipped) = (
        AtomicUsize::new(0),
        Mutex::new(Vec::new()),
        Mutex::new(Vec::new()),
    );
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(why) = &fault.skip {
                        say(format_args!("  {:<44} skipped: {why}", fault.name));
                        skipped.lock().expect("a list").push(why.clone());
                    } else {
                        let wrong = one(fault, seed); // and not while the list is held
                        failed.lock().expect("a list").extend(wrong);
                    }
                }
            });
        }
    });
    let (failed, skipped) = (
        failed.into_inner().expect("a list"),
        skipped.into_inner().expect("a list"),
    );
    say(summary(
        faults.len() - skipped.len(),
        failed.len(),
        &skipped,
    ));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn summary(injected: usize, failed: usize, skipped: &[String]) -> String {
    let mut why = skipped.to_vec();
    why.sort();
    why.dedup();
    let why = if why.is_empty() {
        String::new()
    } else {
        format!(" ({})", why.join("; "))
    };
    let survived = injected - failed;
    format!(
        "faults: {injected} injected, {survived} survived, {} skipped{why}",
        skipped.len()
    )
}

/// Injects one and prints a line; returns the errors.
fn one(fault: &Fault, seed: u64) -> Option<String> {
    let begun = Instant::now();
    let mut attempt = 0;
    let (scene, first, wrong) = loop {
        let scene = fault.scene(seed, attempt);
        let held = catch_unwind(AssertUnwindSafe(|| passes(&scene, fault)));
        let (first, wrong) =
            held.unwrap_or_else(|_| ("?".into(), vec!["a panic, see above".into()]));
        attempt += 1;
        if attempt == 5 || !wrong.iter().any(|wrong| wrong.starts_with(TOO_LATE)) {
            break (scene, first, wrong);
        }
    };
    let verdict = if wrong.is_empty() {
        "survived"
    } else {
        "NOT SURVIVED"
    };
    say(format_args!(
        "  {:<44} at {:>5} ms   first pass: {first:<40} {:>5.1} s  {verdict}",
        fault.name,
        scene.moment,
        begun.elapsed().as_secs_f64()
    ));
    if wrong.is_empty() {
        return None;
    }
    let text = format!("{}:\n  {}", fault.name, wrong.join("\n  "));
    say(format_args!("    {}", wrong.join("\n    ")));
    if std::env::var_os("TG_FAULT_KEEP").is_some() {
        say(format_args!("    kept in {}", scene.keep().display()));
    }
    Some(text)
}

/// The three passes: with the fault, after it, and once more when nothing is left to do.
fn passes(scene: &Scene, fault: &Fault) -> (String, Vec<String>) {
    let mut first = String::from("-");
    let mut passes = |scene: &Scene| -> Result<Vec<String>, String> {
        (fault.before)(scene)?;
        scene.start(&fault.under);
        scene.sleep_until(scene.moment);
        if fault.moment.end > 1 && scene.is_over() {
            return Err(TOO_LATE.into());
        }
        (fault.strike)(scene)?;
        let done = scene.end()?;
        (fault.trace)(scene)?;
        let mut wrong = after::first(scene, fault, &done);
        let before = after::runs(scene);
        first = shown(&before, done.status);
        (fault.heal)(scene)?;
        let before = if fault.then.torn.is_empty() {
            before
        } else {
            after::runs(scene)
        };
        let done = scene.again("second")?;
        wrong.extend(after::second(scene, fault, &before, &done));
        let before = after::runs(scene);
        let done = scene.again("third")?;
        wrong.extend(after::third(scene, &fault.then, &before, &done));
        Ok(wrong)
    };
    let wrong = passes(scene).unwrap_or_else(|cause| {
        vec![format!(
            "{cause} (running: {})",
            names(&crate::processes::of(&scene.lab))
        )]
    });
    (first, wrong)
}

/// The exit status of a pass, and how many runs ended how.
fn shown(runs: &std::collections::BTreeMap<String, after::Run>, status: i32) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for run in runs.values() {
        *counts
            .entry(run.outcome.as_deref().unwrap_or("not ended"))
            .or_insert(0) += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    format!("exit {status}, {}", counts.join(", "))
}
