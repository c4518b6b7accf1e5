//! Manifests with a mistake: each gets exit status 2, a message that names the place and the remedy, and
//! nothing is made.

use serde_json::json;
use tg_tests::{Lab, bad, manifest, records, refused};

/// A part of a good manifest, its replacement, and texts of the message.
type Case<'a> = (&'a str, &'a str, &'a [&'a str]);

fn all_refused(cases: &[Case]) {
    let lab = Lab::new();
    for (from, to, says) in cases {
        lab.write("m.yaml", &bad(from, to));
        refused(&lab, "tg-instantiate m.yaml", 2, says);
    }
    assert!(!lab.path("results").exists(), "something was made");
}

#[test]
fn keys_and_counts() {
    let cases: &[Case] = &[
        (
            "runs_per_config",
            "runs_per_confg",
            &[
                "m.yaml: line 4",
                "unknown key `runs_per_confg`",
                "did you mean `runs_per_config`",
            ],
        ),
        (
            "  - workflow: push",
            "  - workfow: push",
            &["line 7", "unknown key `workfow`", "did you mean `workflow`"],
        ),
        (
            "runs_per_config: 1",
            "runs_per_config: many",
            &["line 4", "many"],
        ),
        (
            "agent_count: 2",
            "agent_count: 0",
            &["m.yaml", "0 leaves no agent to work"],
        ),
        (
            "agent_count: 2",
            "agent_count: 1",
            &["push", "needs one to lead and one to work"],
        ),
        ("agent_count: 2", "agent_count: -2", &["line 3"]),
        (
            "runs_per_config: 1",
            "runs_per_config: 0",
            &["nothing to compare"],
        ),
    ];
    all_refused(cases);
}

#[test]
fn names() {
    let long = "x".repeat(300);
    let cases: &[Case] = &[
        (
            "name: test",
            "name: ../test",
            &["name `../test`", "a-z A-Z 0-9"],
        ),
        ("name: test", "name: \"a\\nb\"", &["name `a\\nb`"]),
        ("name: test", "name: größe", &["cannot name a directory"]),
        ("name: test", &format!("name: {long}"), &["1 to 40"]),
        (
            "workflow: push",
            "workflow: psuh",
            &["workflow psuh", "hierarchical, kanban, push"],
        ),
        (
            "workflow: push",
            "workflow: push\n    overlays: [got]",
            &["overlay got", "git-worktree"],
        ),
        (
            "workflow: push",
            "workflow: swarm",
            &["two configurations are called `swarm`", "name:"],
        ),
        (
            "workflow: push",
            "workflow: push\n    name: a/b",
            &["the arm name `a/b`"],
        ),
        (
            "tiny-feature.json",
            "tyni-feature.json",
            &["names `templates/tyni-feature.json`"],
        ),
    ];
    all_refused(cases);
}

#[test]
fn values() {
    let cases: &[Case] = &[
        (
            "limits: {timeout: 60s}",
            "limits: {timeout: soon}",
            &["timeout", "`soon` is not a duration", "90s"],
        ),
        (
            "limits:",
            "metrics: [wall_clck_time]\nlimits:",
            &["unknown metric `wall_clck_time`", "did you mean"],
        ),
        (
            "limits:",
            "success: {completion_rat: \">= 80\"}\nlimits:",
            &["unknown metric `completion_rat`", "did you mean"],
        ),
        (
            "limits:",
            "success: {completion_rate: \"=> 80\"}\nlimits:",
            &["success: completion_rate", "begins with none of >="],
        ),
        (
            "limits:",
            "success: {completion_rate: \">= most\"}\nlimits:",
            &["`most`", "is not a number"],
        ),
        (
            "limits:",
            "baseline: pusch\nlimits:",
            &["baseline `pusch`", "did you mean `push`"],
        ),
        (
            "limits:",
            "command: [a, '{wrker}']\nlimits:",
            &["unknown placeholder {wrker}", "{worker}"],
        ),
        (
            "limits:",
            "slots: {metric_9: x}\nlimits:",
            &["unknown slot `metric_9`"],
        ),
        ("limits:", "agent: codx\nlimits:", &["unknown agent `codx`"]),
        (
            "limits:",
            "stand_in: {redo: 1.5}\nlimits:",
            &["redo is 1.5", "0 to 1"],
        ),
        (
            "limits:",
            "stand_in: {rebo: 0.5}\nlimits:",
            &["unknown key `rebo`", "did you mean `redo`"],
        ),
        (
            "limits:",
            "stand_in: {time_scale: 0}\nlimits:",
            &["time_scale is 0"],
        ),
        (
            "limits:",
            "grade: 'true'\nverify: 'true'\nlimits:",
            &["has both `grade` and `verify`"],
        ),
        (
            "limits:",
            "start: gated\nlimits:",
            &["line 8", "unknown variant `gated`", "`barrier`"],
        ),
        ("name: test", "name: [", &["m.yaml: line"]),
    ];
    all_refused(cases);
}

#[test]
fn arguments() {
    let lab = Lab::new();
    refused(
        &lab,
        "tg-instantiate no.yaml",
        2,
        &["no.yaml: no such file"],
    );
    refused(&lab, "tg-instantiate", 2, &["no manifest"]);
    refused(
        &lab,
        "tg-instantiate --row 99 experiments/smoke.yaml",
        2,
        &["--row 99", "--plan"],
    );
    refused(
        &lab,
        "tg-instantiate --arm psuh experiments/smoke.yaml",
        2,
        &["the arms are push, swarm"],
    );
    refused(
        &lab,
        "tg-instantiate --init experiments/smoke.yaml",
        2,
        &["is there already"],
    );
    assert!(!lab.path("results").exists(), "something was made");
}

#[test]
fn old_words_of_the_manifest_mean_the_same() {
    let lab = Lab::new();
    let run = |words: &str| {
        let more = format!("{words}\nlimits: {{timeout: 60s}}\n");
        lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], &more));
        let made = records(&lab.sh("tg-instantiate m.yaml").ok().out);
        (made[0]["run"].clone(), made[0]["instantiate"].clone())
    };
    let (old, made) = run("verify: 'true'\nstart: gate");
    let (new, kept) = run("grade: 'true'\nstart: barrier");
    assert_eq!(
        (&new["verify"], &new["start_gate"]),
        (&json!("true"), &json!(true))
    );
    assert_eq!(new["inputs"], old["inputs"]);
    assert_eq!(kept, made, "it was not made again");
}
