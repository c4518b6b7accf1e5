//! Checks that must hold with every program.

use crate::lab::{Bench, CANARY, Model, PATIENCE, Served, quick};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_tests::records;

const PRICES: &str =
    "prices: {stub-model: {usd_per_mtok_in: 3, usd_per_mtok_out: 15, usd_per_mtok_cached: 0.3}}";
const LIMITS: &str = "limits: {timeout: 150s, stall: 90s}";

/// The version is the one that was installed, and is in the record before anything runs.
pub fn version(bench: &Bench) -> String {
    let model = quick();
    bench.manifest("version", "swarm", 1, &model, LIMITS);
    let out = bench.instantiate("version");
    let run = &records(&out)[0]["run"];
    let version = run["profile"]["found"]["version"]
        .as_str()
        .expect("a version");
    assert!(version.contains(bench.program.version), "{version}");
    assert!(
        run["profile"]["price"].is_null()
            && run["inputs"]["prompts"].is_string()
            && run["inputs"]["tools"].is_string()
    );
    version.into()
}

/// Three agents finish the work under a workflow; the recorded usage is the served usage; the key is in no file.
pub fn team(bench: &Bench, workflow: &str) -> String {
    let model = quick();
    bench.manifest(
        workflow,
        workflow,
        3,
        &model,
        &format!("{PRICES}\n{LIMITS}"),
    );
    let begun = Instant::now();
    let chain = bench.chain(workflow);
    let seconds = begun.elapsed().as_secs();
    let record = &records(&chain.done.out)[0];
    assert_eq!(
        record["wait"]["outcome"], "completed",
        "{}\n{record}",
        chain.done.err
    );
    assert_eq!(chain.done.status, 0, "{}", chain.done.err);
    let run = format!("{workflow}/{workflow}-r1");
    worked(bench, &run, workflow == "push");
    let ends = bench.ends(&run);
    let served = model.served();
    let usd: f64 = ends
        .iter()
        .map(|end| accounted(bench, end, &served, true))
        .sum();
    let total = record["metrics"]["total_cost_usd"]
        .as_f64()
        .expect("a cost");
    assert!((usd - total).abs() < 1e-9, "{usd} {total}");
    let sources = [bench.program.cost_source, "mixed", "priced"]; // Claude, asked to stop, may be too busy to report
    assert!(
        sources
            .iter()
            .any(|source| record["metrics"]["cost_source"] == *source),
        "{record}"
    );
    isolated(
        bench,
        &run,
        &chain.leaks,
        &(chain.done.out + &chain.done.err),
        &model,
    );
    let requests: usize = served.values().map(|one| one.requests).sum();
    format!(
        "completed in {seconds} s, {requests} requests, tokens as served, {usd:.3} USD {}",
        bench.program.cost_source
    )
}

/// Every leaf was worked on and completed; under push only by the worker it was assigned to.
fn worked(bench: &Bench, run: &str, assigned: bool) {
    let db = bench.lab.db(&format!("results/{run}/tasks.db"));
    let leaves = "SELECT id FROM tasks WHERE deleted_at IS NULL AND id NOT IN
                  (SELECT from_task_id FROM dependencies WHERE dep_type = 'contains')";
    let mut query = db.prepare(leaves).expect("SQL");
    let leaves: Vec<String> = query
        .query_map([], |row| row.get(0))
        .expect("rows")
        .flatten()
        .collect();
    assert_eq!(leaves.len(), 4);
    for leaf in leaves {
        let sql = "SELECT COALESCE(worker_id, ''), COALESCE(status, '') FROM task_sequence WHERE task_id = ?1 ORDER BY id";
        let mut query = db.prepare(sql).expect("SQL");
        let rows = query
            .query_map([&leaf], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("rows");
        let rows: Vec<(String, String)> = rows.flatten().collect();
        let at = rows
            .iter()
            .position(|row| row.1 == "working")
            .unwrap_or_else(|| panic!("{leaf}: {rows:?}"));
        assert!(!rows[at].0.is_empty(), "{leaf}: {rows:?}");
        assert_eq!(
            rows.last().map(|row| row.1.as_str()),
            Some("completed"),
            "{leaf}: {rows:?}"
        );
        if assigned {
            let before = (rows[at].0.clone(), "assigned".to_string());
            assert_eq!(rows[at - 1], before, "{leaf}: {rows:?}");
        }
    }
}

/// An agent's tokens are those served to it; all, or all but the answer under way when its run ended. Returns its cost.
fn accounted(bench: &Bench, end: &Value, served: &BTreeMap<String, Served>, priced: bool) -> f64 {
    let worker = end["worker_id"].as_str().expect("a worker");
    let served = served.get(worker).cloned().unwrap_or_default();
    let found = (
        end["tokens_in"].as_i64().unwrap_or(0),
        end["tokens_out"].as_i64().unwrap_or(0),
    );
    let all = (served.tokens_in, served.tokens_out);
    let but_last = (all.0 - served.last.0, all.1 - served.last.1);
    assert!(
        found == all || found == but_last,
        "{worker}: {found:?} is neither {all:?} nor {but_last:?}"
    );
    assert!(found.0 > 0, "{worker} did nothing");
    assert!(
        end["version"]
            .as_str()
            .is_some_and(|version| version.contains(bench.program.version)),
        "{end}"
    );
    if !priced {
        assert!(
            end["cost_usd"].is_null() && end["cost_source"].is_null(),
            "{end}"
        );
        return 0.0;
    }
    let source = end["cost_source"].as_str().unwrap_or_default();
    assert!(
        source == bench.program.cost_source || source == "priced",
        "{end}"
    );
    let usd = end["cost_usd"].as_f64().expect("a cost");
    if bench.program.name != "claude" || source == "priced" {
        // Claude has built-in prices for models it does not know.
        let cached = end["tokens_cached"].as_i64().unwrap_or(0);
        let expected =
            ((found.0 - cached) as f64 * 3.0 + cached as f64 * 0.3 + found.1 as f64 * 15.0) / 1e6;
        assert!((usd - expected).abs() < 1e-6, "{worker}: {usd} {expected}");
    }
    usd
}

/// The user's home is unchanged, no process is left, the key reached the model and nothing else.
fn isolated(bench: &Bench, run: &str, leaks: &[String], said: &str, model: &Model) {
    assert!(leaks.is_empty(), "the key is in command lines: {leaks:?}");
    assert!(!said.contains(CANARY), "the key was printed");
    assert_eq!(
        bench.files_with_key(),
        Vec::<String>::new(),
        "the key is in files"
    );
    let key = CANARY[CANARY.len() - 4..].to_string();
    let asked: Vec<Value> = model
        .log()
        .into_iter()
        .filter(|entry| entry["tokens_in"].is_i64())
        .collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|entry| entry["key"] == key.as_str()),
        "another key arrived"
    );
    let user: Vec<_> = fs::read_dir(bench.lab.path("user"))
        .expect("home")
        .flatten()
        .collect();
    assert!(user.is_empty(), "in the user's home: {user:?}");
    for end in bench.ends(run) {
        let worker = end["worker_id"].as_str().expect("a worker");
        let dir = bench.lab.path(&format!("results/{run}/agents/{worker}"));
        assert!(dir.join("home").is_dir());
        let trace = records(&fs::read_to_string(dir.join("mcp.jsonl")).expect("mcp.jsonl"));
        assert!(
            trace.iter().any(|call| call["tool"] == "connect"),
            "{worker}"
        );
    }
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

/// Without prices a program that does not report its cost has no cost, and not a cost of 0.
pub fn unpriced(bench: &Bench) -> String {
    let model = quick();
    bench.manifest("unpriced", "swarm", 1, &model, LIMITS);
    let chain = bench.chain("unpriced");
    let record = &records(&chain.done.out)[0];
    assert_eq!(record["wait"]["outcome"], "completed", "{}", chain.done.err);
    let end = &bench.ends("unpriced/swarm-r1")[0];
    if bench.program.name == "claude" {
        let source = end["cost_source"].as_str();
        assert!(source.is_none_or(|source| source == "reported"), "{end}");
        return format!("{} all the same", source.unwrap_or("null"));
    }
    accounted(bench, end, &model.served(), false);
    assert!(record["metrics"]["total_cost_usd"].is_null(), "{record}");
    "null".into()
}

/// Killed in the middle, an agent has its tokens recorded from its output or its session files.
pub fn killed(bench: &Bench) -> String {
    let model = Model::start(&["--hang-from", "7"]);
    bench.manifest("killed", "swarm", 1, &model, &format!("{PRICES}\n{LIMITS}"));
    let mut chain = bench.start("killed");
    let begun = Instant::now();
    while !model.log().iter().any(|entry| entry["hang"] == true) {
        assert!(
            begun.elapsed() < PATIENCE,
            "the agent made no seven requests"
        );
        sleep(Duration::from_millis(100));
    }
    sleep(Duration::from_millis(500));
    let live = spent(bench, "killed/swarm-r1");
    for process in bench.leftovers() {
        let pid = process.split(':').next().unwrap_or_default();
        let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        let name = program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.starts_with("tg-") && name != "task-graph-mcp" && name != "bash" {
            bench.lab.sh(&format!("kill -KILL {pid}"));
        }
    }
    assert!(chain.wait().is_ok());
    let end = &bench.ends("killed/swarm-r1")[0];
    assert_eq!(end["exit"], "signal 9", "{end}");
    let served = model.served();
    let all = &served["swarm-r1-w1"];
    assert_eq!(end["tokens_in"].as_i64(), Some(all.tokens_in), "{end}");
    assert_eq!(end["tokens_out"].as_i64(), Some(all.tokens_out), "{end}");
    assert!(
        end["cost_usd"].as_f64().is_some_and(|usd| usd > 0.0),
        "{end}"
    );
    assert_eq!(bench.leftovers(), Vec::<String>::new());
    let share = live.map_or("nothing".into(), |tokens| {
        format!("{tokens} of {}", all.tokens_in + all.tokens_out)
    });
    format!(
        "tokens as served, {}; live before: {share}",
        end["cost_source"].as_str().unwrap_or_default()
    )
}

/// The current content of a run's `spent.json`.
fn spent(bench: &Bench, run: &str) -> Option<i64> {
    let text = fs::read(bench.lab.path(&format!("results/{run}/spent.json"))).ok()?;
    let spent: Value = serde_json::from_slice(&text).ok()?;
    spent["tokens"].as_i64()
}

/// An agent that the provider refused has an end that says so.
pub fn turned_away(bench: &Bench, status: u16, fault: &str) -> String {
    let model = Model::start(&["--fault", &status.to_string(), "--from", "3"]);
    bench.manifest(
        "away",
        "swarm",
        1,
        &model,
        &format!("{PRICES}\nlimits: {{timeout: 100s, stall: 90s}}"),
    );
    let chain = bench.chain("away");
    let end = &bench.ends("away/swarm-r1")[0];
    assert_eq!(end["fault"], fault, "{end}\n{}", chain.done.err);
    let record = &records(&chain.done.out)[0];
    assert_ne!(record["wait"]["outcome"], "completed");
    format!(
        "fault {fault}, exit {}, {}",
        end["exit"].as_str().unwrap_or("?"),
        record["wait"]["outcome"].as_str().unwrap_or("?")
    )
}

/// About as many tokens as five answers have.
const BUDGET: i64 = 80_000;

/// A budget of tokens ends the run; it is exceeded by the tokens that were not reported yet.
pub fn budget(bench: &Bench) -> String {
    let model = Model::start(&["--delay-ms", "700"]);
    let limits = format!("{PRICES}\nlimits: {{timeout: 150s, stall: 90s, run_tokens: {BUDGET}}}");
    bench.manifest("budget", "swarm", 1, &model, &limits);
    let chain = bench.chain("budget");
    let record = &records(&chain.done.out)[0];
    assert_eq!(
        record["wait"]["outcome"], "budget",
        "{}\n{record}",
        chain.done.err
    );
    let served = &model.served()["swarm-r1-w1"];
    let over = served.tokens_in + served.tokens_out - BUDGET;
    let step = served.last.0 + served.last.1;
    assert!(
        over > 0 && over <= 2 * step,
        "{over} over, a step is {step}"
    );
    format!("{BUDGET} exceeded by {over}; a step is {step}")
}
