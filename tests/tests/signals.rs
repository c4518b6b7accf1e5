//! Signals to any stage and to the whole chain: nothing is left running, and the same command finishes the experiment.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::process::Child;
use std::time::{Duration, Instant};
use tg_tests::{Done, Lab, done, find_processes, manifest};

const STAGES: [&str; 5] = [
    "tg-launch",
    "tg-wait",
    "tg-export",
    "tg-metrics",
    "tg-report",
];
const CHAIN: &str =
    "tg-instantiate m.yaml | tg-launch | tg-wait | tg-export | tg-metrics | tg-report";

fn lab() -> Lab {
    let lab = Lab::new();
    let slow = "stand_in: {time_scale: 0.0005, poll_ms: 20}\nlimits: {timeout: 60s, stall: 30s}\n";
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm", "push"], slow),
    );
    lab
}

/// Waits until an agent has begun to work.
fn wait_for_work(lab: &Lab) {
    let begun = Instant::now();
    loop {
        let at_work = lab.sh("ls results/test/*/work/*.md").status == 0;
        if at_work
            && lab
                .processes()
                .iter()
                .any(|line| line.contains("task-graph-mcp"))
        {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "no agent began: {:?}",
            lab.processes()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn pid_of(lab: &Lab, stage: &str) -> String {
    let line = lab.processes().into_iter().find(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(1).is_some_and(|program| program.ends_with(stage))
            && words.get(2) != Some(&"supervise")
    });
    line.unwrap_or_else(|| panic!("{stage} is not running"))
        .split(':')
        .next()
        .unwrap()
        .to_string()
}

/// The end of a chain, which must come soon.
fn end(mut chain: Child) -> Done {
    let begun = Instant::now();
    while chain.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            chain.kill().unwrap();
            panic!("the chain did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    done(&chain.wait_with_output().unwrap())
}

#[track_caller]
fn finishes(lab: &Lab, what: &str) {
    assert_eq!(lab.settle(), [""; 0], "{what}: left behind");
    let again = lab.sh(CHAIN).ok();
    for arm in ["swarm", "push"] {
        let row = again
            .out
            .lines()
            .find(|line| line.starts_with(arm))
            .unwrap_or_default();
        assert!(
            row.contains("1/1"),
            "{what}: not finished\n{}\n{}",
            again.out,
            again.err
        );
    }
    assert_eq!(
        lab.settle(),
        [""; 0],
        "{what}: left behind by the second call"
    );
}

fn signal_each_stage(signal: &str) {
    for stage in STAGES {
        let lab = lab();
        let chain = lab.start(&format!("set -o pipefail; {CHAIN}"));
        wait_for_work(&lab);
        lab.sh(&format!("kill -{signal} {}", pid_of(&lab, stage)))
            .ok();
        end(chain);
        finishes(&lab, &format!("SIG{signal} to {stage}"));
    }
}

#[test]
fn sigterm_to_any_stage() {
    signal_each_stage("TERM");
}

#[test]
fn sigint_to_any_stage() {
    signal_each_stage("INT");
}

#[test]
fn sigkill_to_any_stage() {
    signal_each_stage("KILL");
}

#[test]
fn signals_to_the_whole_chain() {
    for signal in ["INT", "TERM", "KILL"] {
        let lab = lab();
        let chain = lab.start(CHAIN);
        wait_for_work(&lab);
        lab.sh(&format!("kill -{signal} -- -{}", chain.id())).ok();
        end(chain);
        finishes(&lab, &format!("SIG{signal} to the chain"));
    }
}

#[test]
fn signals_to_the_script_reach_every_stage() {
    for signal in ["INT", "TERM"] {
        let lab = lab();
        let script = lab.start("exec scripts/tg run m.yaml");
        wait_for_work(&lab);
        lab.sh(&format!("kill -{signal} {}", script.id())).ok();
        let ended = end(script);
        assert_ne!(ended.status, 0, "{}", ended.out);
        finishes(&lab, &format!("SIG{signal} to the script"));
    }
}

#[test]
fn a_cancelled_run_says_so_and_is_run_again() {
    let lab = lab();
    let chain = lab.start("tg-instantiate --arm swarm m.yaml | tg-launch | tg-wait > out.jsonl");
    wait_for_work(&lab);
    lab.sh(&format!("kill -INT {}", pid_of(&lab, "tg-wait")))
        .ok();
    end(chain);
    let record = &tg_tests::records(&std::fs::read_to_string(lab.path("out.jsonl")).unwrap())[0];
    assert_eq!(record["wait"]["outcome"], "cancelled");
    assert!(!record["wait"]["open"].as_array().unwrap().is_empty());
    let plan = lab.sh("tg-instantiate --plan --arm swarm m.yaml").ok();
    assert!(plan.out.contains("run: ended as cancelled"), "{}", plan.out);
}

#[test]
fn a_wait_whose_reader_has_gone_ends_its_run() {
    let lab = Lab::new();
    let more = "command: [sleep, '60']\nlimits: {timeout: 30s}\n";
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], more));
    lab.sh("tg-instantiate m.yaml | tg-launch | tg-wait | true");
    let end = std::fs::read_to_string(lab.path("results/test/solo-r1/end.json")).unwrap();
    assert!(end.contains("\"cancelled\""), "not waited for: {end}");
    assert_eq!(lab.settle(), [""; 0]);
}

#[test]
fn agents_that_ignore_sigterm_and_leave_children_are_ended() {
    let lab = Lab::new();
    // A shell that ignores TERM, with one child in its group and one in a session of its own.
    let (one, other) = (
        std::process::id() + 1_000_000,
        std::process::id() + 2_000_000,
    );
    let text = format!(
        "#!/bin/bash\ntrap '' TERM INT\nsleep {one} & setsid sleep {other} &\nwhile :; do sleep 0.1; done\n"
    );
    let script = lab.write("stubborn", &text);
    lab.sh("chmod +x stubborn").ok();
    let more = format!(
        "command: ['{}', '{{worker}}']\nlimits: {{timeout: 2s}}\n",
        script.display()
    );
    lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], &more));
    let of_agents = || {
        find_processes(|(line, _)| {
            [one, other]
                .iter()
                .any(|time| line.contains(&format!("sleep {time}")))
        })
    };
    let chain = lab.start("tg-instantiate m.yaml | tg-launch --grace 500ms | tg-wait");
    let begun = Instant::now();
    while of_agents().len() < 4 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "the agents did not start"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let ended = end(chain).ok();
    assert_eq!(
        tg_tests::records(&ended.out)[0]["wait"]["outcome"],
        "timeout"
    );
    assert_eq!(of_agents(), [""; 0], "left behind");
    let end =
        std::fs::read_to_string(lab.path("results/test/swarm-r1/agents/swarm-r1-w1/end.json"))
            .unwrap();
    assert!(end.contains("\"exit\":\"signal 9\""), "{end}");
}
