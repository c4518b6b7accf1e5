//! Documents whose tables must agree with the programs, and the generated files of the installation.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use tg_tests::{Lab, manifest, records, root};

#[test]
fn the_simulated_agents_parameters_are_documented_with_their_defaults() {
    let text = fs::read_to_string(root().join("docs/stand-in.md")).unwrap();
    let documented: BTreeMap<String, f64> = text
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
            Some((cells[0].to_string(), cells.get(1)?.parse().ok()?))
        })
        .collect();
    let lab = Lab::new();
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], ""));
    let record = &records(&lab.sh("tg-instantiate m.yaml").ok().out)[0];
    let model = record["run"]["stand_in"].as_object().unwrap();
    let real: BTreeMap<String, f64> = model
        .iter()
        .map(|(name, value)| (name.clone(), value.as_f64().unwrap()))
        .collect();
    assert_eq!(documented, real);
}

#[test]
fn every_experiment_of_the_mission_has_a_manifest_that_plans() {
    let lab = Lab::new();
    for name in [
        "push-vs-pull",
        "hierarchy",
        "specialists",
        "granularity",
        "scaling",
        "five-workflows",
        "smoke",
    ] {
        let text = fs::read_to_string(root().join(format!("experiments/{name}.yaml"))).unwrap();
        assert!(text.starts_with("# "), "{name} says what it is for");
        assert!(
            text.contains(&format!("\nname: {name}\n")),
            "{name} is called so"
        );
        let plan = lab
            .sh(&format!("tg-instantiate --plan experiments/{name}.yaml"))
            .ok()
            .out;
        assert!(plan.lines().count() > 2, "{plan}");
    }
    let own = lab
        .sh("tg-instantiate --init my.yaml && tg-instantiate --plan my.yaml")
        .ok()
        .out;
    assert_eq!(own.lines().count(), 7, "{own}");
}

#[test]
fn man_pages_and_completions_are_generated_for_every_tool() {
    let lab = Lab::new();
    for tool in [
        "tg-instantiate",
        "tg-launch",
        "tg-agent",
        "tg-wait",
        "tg-export",
        "tg-merge",
        "tg-metrics",
        "tg-report",
        "tg-watch",
    ] {
        let page = lab.sh(&format!("TG_GENERATE=man {tool}")).ok().out;
        assert!(
            page.contains(&format!(".TH {tool} 1")) && page.contains("EXTRA"),
            "{page}"
        );
        lab.sh(&format!(
            "TG_GENERATE=bash {tool} > c && bash -n c && grep -q -- --help c"
        ))
        .ok();
        for shell in ["zsh", "fish"] {
            assert!(
                lab.sh(&format!("TG_GENERATE={shell} {tool}"))
                    .ok()
                    .out
                    .contains(tool),
                "{tool}: {shell}"
            );
        }
        assert_eq!(lab.sh(&format!("TG_GENERATE=cmd {tool}")).status, 2);
    }
}

#[test]
fn the_tables_of_metrics_have_the_same_names() {
    let lab = Lab::new();
    let listed = lab.sh("tg-metrics --list").ok().out;
    let mut computed: Vec<&str> = listed
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let mut known: Vec<&str> = tg_stage::metric::METRICS.iter().map(|row| row.0).collect();
    computed.sort_unstable();
    known.sort_unstable();
    assert_eq!(computed, known);
}
