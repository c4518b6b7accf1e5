//! Families, power, success criteria, A/A arms, `--by`: the verdicts and their sentences.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, report, run, with};
use serde_json::{Value, json};

fn runs(arm: &str, values: &[f64]) -> Vec<Value> {
    let one = |(at, ms): (usize, &f64)| {
        run(
            arm,
            at as u32 + 1,
            json!({"wall_clock_time_ms": ms, "total_cost_usd": ms / 1000.0}),
        )
    };
    values.iter().enumerate().map(one).collect()
}

fn text(args: &[&str], input: &str) -> String {
    report(&[args, &["--width", "1000"]].concat(), input).out
}

/// Two arms whose ratio is about 1.5, with little spread.
fn slower() -> String {
    let mut records = runs("a", &[1000.0, 1010.0, 1020.0, 1030.0]);
    records.extend(runs("b", &[1500.0, 1520.0, 1510.0, 1540.0]));
    lines(&records)
}

#[test]
fn families_are_corrected_apart() {
    let mut records = runs("a", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    records.extend(runs("b", &[11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0]));
    records.extend(runs("c", &[1.5, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5]));
    let report = json_of(
        &["--metric", "wall_clock_time,total_cost"],
        &lines(&records),
    );
    assert_eq!(report["families"]["verdict"]["m"], 2);
    assert_eq!(report["families"]["exploratory"]["m"], 2);
    let own = |arm: usize, metric: &str| report["arms"][arm]["against"][metric].clone();
    let (b, c) = (own(1, "wall_clock_time_ms"), own(2, "wall_clock_time_ms"));
    assert_eq!(
        (&b["family"], &b["p"]["raw"]),
        (&json!("verdict"), &json!(2.0 / 128.0))
    );
    assert_eq!(b["p"]["adjusted"], 2.0 * 2.0 / 128.0);
    assert_eq!(
        b["finding"],
        json!({"kind": "difference", "higher": true, "better": false})
    );
    assert_eq!(c["finding"]["kind"], "not_shown");
    assert_eq!(own(1, "total_cost_usd")["family"], "exploratory");
    let shown = text(
        &["--metric", "wall_clock_time,total_cost"],
        &lines(&records),
    );
    assert!(
        shown.contains("Holm over the verdict family, m = 2, alpha = 0.05"),
        "{shown}"
    );
    assert!(shown.contains("b: worse, a difference of"), "{shown}");
    assert!(shown.contains("c: no difference shown (p = "), "{shown}");
}

#[test]
fn the_primary_metric_is_the_manifests_unless_the_command_line_names_one() {
    let shown = json!({"metrics": ["wall_clock_time_ms"], "primary": "total_cost_usd"});
    let mut records = [runs("a", &[1.0, 2.0]), runs("b", &[3.0, 4.0])].concat();
    for record in &mut records {
        record["run"]["report"] = shown.clone();
    }
    let input = lines(&records);
    let report = json_of(&[], &input);
    assert_eq!(
        report["primary"],
        json!({"metric": "total_cost_usd", "by": "the manifest's"})
    );
    let report = json_of(&["--primary", "wall_clock_time"], &input);
    assert_eq!(
        report["primary"],
        json!({"metric": "wall_clock_time_ms", "by": "--primary"})
    );
    assert_eq!(common::report(&["--primary", "x_y_z"], &input).exit, 2);
}

#[test]
fn by_other_keys_than_arms() {
    let of = |arm: &str, agents: u32, k: u32, ms: f64| {
        let record = run(arm, k, json!({"wall_clock_time_ms": ms}));
        with(record, "/run/agents", json!(agents))
    };
    let records: Vec<Value> = (1..=3)
        .flat_map(|k| {
            let ms = 1000.0 + f64::from(k);
            [
                of("x-n1", 1, k, ms),
                of("x-n2", 2, k, ms / 2.0),
                of("y-n2", 2, k + 10, ms / 2.0),
            ]
        })
        .collect();
    let input = lines(&records);
    let report = json_of(&["--by", "agents"], &input);
    let labels: Vec<&Value> = report["arms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arm| &arm["arm"])
        .collect();
    assert_eq!(labels, [&json!("1"), &json!("2")]);
    assert_eq!(report["arms"][1]["runs"], 6);
    let finding = &report["arms"][1]["against"]["wall_clock_time_ms"]["finding"];
    assert_eq!(
        *finding,
        json!({"kind": "refused", "keys": ["workflow"]}),
        "x and y are pooled"
    );
    let report = json_of(&["--by", "agents,arm", "--baseline", "2/y-n2"], &input);
    assert_eq!(report["arms"][0]["arm"], "2/y-n2");
    assert_eq!(report["by"], json!(["agents", "arm"]));
    let ran = common::report(&["--by", "agent"], &input);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.contains("did you mean agents?"), "{}", ran.err);
}

#[test]
fn only_some_runs() {
    let input = slower();
    let report = json_of(
        &[
            "--where",
            ".run.replicate > 1 and .metrics.wall_clock_time_ms < 1540",
        ],
        &input,
    );
    let runs: Vec<&Value> = report["arms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arm| &arm["runs"])
        .collect();
    assert_eq!(runs, [&json!(3), &json!(2)]);
    assert_eq!(
        report["warnings"][0]["message"],
        "--where leaves out 3 of 8 runs"
    );
    let by_variable = json_of(&["--where", "$run.arm == \"a\""], &input);
    assert_eq!(by_variable["runs"]["total"], 4);
    for (filter, message) in [
        (".run.", "column"),
        (".run | error", "fails"),
        ("frobnicate", "no filter"),
    ] {
        let ran = common::report(&["--where", filter], &input);
        assert_eq!(ran.exit, 2, "{filter}");
        assert!(
            ran.err.contains("--where") && ran.err.contains(message),
            "{filter}: {}",
            ran.err
        );
    }
    let ran = common::report(&["--where", "false"], &input);
    assert_eq!(ran.exit, 3, "nothing is left to compare");
}

#[test]
fn other_seeds_are_other_work() {
    let mut records = runs("a", &[1000.0, 1001.0, 1002.0]);
    let others = runs("b", &[1000.0, 1001.0, 1002.0]);
    records.extend(
        others
            .into_iter()
            .enumerate()
            .map(|(at, run)| with(run, "/run/seed", json!(100 + at))),
    );
    let report = json_of(&[], &lines(&records));
    assert_eq!(report["hidden"][0]["key"], "seeds");
    let own = &report["arms"][1]["against"]["wall_clock_time_ms"];
    assert_eq!(
        own["finding"],
        json!({"kind": "refused", "keys": ["seeds"]})
    );
}

#[test]
fn success_criteria_are_judged_per_arm() {
    let mut records = [
        runs("a", &[1000.0, 1010.0, 1020.0]),
        runs("b", &[900.0, 1800.0, 1000.0]),
    ]
    .concat();
    for record in &mut records {
        record["run"]["report"] =
            json!({"success": {"wall_clock_time_ms": "<= 1100", "redo_rate": "< 0.1"}});
    }
    let input = lines(&records);
    let report = json_of(&[], &input);
    let judged = &report["success"][0];
    assert_eq!(judged["metric"], "wall_clock_time_ms");
    assert_eq!(
        judged["arms"][0],
        json!({"arm": "a", "met": true, "whole_interval": true})
    );
    assert_eq!(
        judged["arms"][1],
        json!({"arm": "b", "met": false, "whole_interval": false})
    );
    let shown = text(&[], &input);
    assert!(
        shown
            .contains("wall_clock_time_ms <= 1100: a (1.01 s) meets it; b (1.23 s) misses it, but"),
        "{shown}"
    );
}

#[test]
fn a_second_arm_of_the_same_configuration_gives_the_noise_floor() {
    let mut records = runs("a", &[1000.0, 1100.0, 1200.0, 1300.0]);
    let again = runs("a-again", &[1010.0, 1250.0, 1150.0, 1290.0]);
    records.extend(
        again
            .into_iter()
            .map(|run| with(run, "/run/null_of", json!("a"))),
    );
    records.extend(runs("b", &[1050.0, 1130.0, 1220.0, 1310.0]));
    records.extend(runs("c", &[2050.0, 2130.0, 2220.0, 2310.0]));
    let input = lines(&records);
    let report = json_of(&[], &input);
    let own = |arm: usize| report["arms"][arm]["against"]["wall_clock_time_ms"].clone();
    assert_eq!(
        report["families"]["verdict"]["m"], 2,
        "the A/A arm is no question"
    );
    assert_eq!(
        (&own(1)["family"], &own(1)["finding"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&own(2)["within_noise"], &own(3)["within_noise"]),
        (&json!(true), &json!(false))
    );
    let shown = text(&[], &input);
    assert!(
        shown.contains("noise floor: a-again is a under another name"),
        "{shown}"
    );
    assert!(
        shown.contains("no difference shown; inside the A/A noise"),
        "{shown}"
    );
}

#[test]
fn power_says_how_many_runs() {
    let ran = report(&["power", "--ratio", "1.2"], &slower());
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    assert!(
        ran.out.starts_with(
            "to find a ratio of 1.20 on wall_clock_time with 80 % power takes 4 runs per arm"
        ),
        "{}",
        ran.out
    );
    let wide = [
        runs("a", &[1000.0, 2000.0, 4000.0]),
        runs("b", &[1500.0, 3000.0]),
    ]
    .concat();
    let far = report(&["power", "--ratio", "0.5"], &lines(&wide)).out;
    assert!(far.starts_with("to find a ratio of 2.00"), "{far}");
    let near = report(
        &["power", "--ratio", "1.05", "--metric", "total_cost"],
        &lines(&wide),
    )
    .out;
    let runs_of = |text: &str| -> usize {
        let after = text.split("takes ").nth(1).unwrap();
        after.split(' ').next().unwrap().parse().unwrap()
    };
    assert!(runs_of(&near) > 20 * runs_of(&far), "{near}{far}");
    for ratio in ["1", "0", "-2", "x", "NaN"] {
        assert_eq!(
            report(&["power", &format!("--ratio={ratio}")], &slower()).exit,
            2,
            "{ratio}"
        );
    }
    let lone = report(&["power", "--ratio", "2"], &lines(&runs("a", &[1.0])));
    assert_eq!(lone.exit, 3);
    assert!(
        lone.err.contains("no arm of the pilot has two runs"),
        "{}",
        lone.err
    );
}

#[test]
fn several_files_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let names = ["r.md", "r.csv", "t.csv", "r.json"].map(path);
    let flags = ["--markdown", "--csv", "--tidy", "--json"];
    let args: Vec<&str> = flags
        .iter()
        .zip(&names)
        .flat_map(|(flag, name)| [*flag, name.as_str()])
        .collect();
    let ran = report(&args, &slower());
    assert_eq!((ran.exit, ran.out), (0, report(&[], &slower()).out));
    for (name, format) in names.iter().zip(["markdown", "csv", "tidy", "json"]) {
        let written = std::fs::read_to_string(name).unwrap();
        assert_eq!(
            written,
            report(&["--format", format], &slower()).out,
            "{format}"
        );
    }
}

#[test]
fn no_colour_where_there_is_no_terminal() {
    for format in ["text", "markdown"] {
        assert!(
            !report(&["--format", format], &slower())
                .out
                .contains('\u{1b}'),
            "{format}"
        );
    }
}
