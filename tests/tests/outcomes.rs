//! Every outcome is decided from evidence, and names it.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::Value;
use std::fs;
use std::process::Command;
use tg_tests::faulty::{WORK, agents, json, sleepers, unheard_of};
use tg_tests::{Lab, manifest, records};

/// The only record of a chain.
fn run(lab: &Lab, launch: &str, wait: &str) -> Value {
    let done = lab.sh(&format!(
        "tg-instantiate m.yaml | tg-launch {launch} | tg-wait {wait}"
    ));
    records(&done.out).remove(0)
}

fn end(lab: &Lab, worker: &str) -> Value {
    json(
        lab,
        &format!("results/test/swarm-r1/agents/swarm-r1-{worker}/end.json"),
    )
}

#[test]
fn agents_that_never_register_are_ended_and_named() {
    let (lab, time) = (Lab::new(), unheard_of());
    agents(
        &lab,
        2,
        "swarm",
        &format!("exec sleep {time}"),
        "limits: {timeout: 60s}\n",
    );
    let record = run(&lab, "--connect 500ms", "");
    assert_eq!(record["wait"]["outcome"], "never_connected", "{record}");
    assert_eq!(
        record["wait"]["why"],
        "swarm-r1-w1 no_mcp (signal 15), swarm-r1-w2 no_mcp (signal 15)"
    );
    assert_eq!(sleepers(time), [""; 0]);
}

#[test]
fn an_agent_that_never_registers_does_not_stop_the_others() {
    let (lab, time) = (Lab::new(), unheard_of());
    let script = format!("case $1 in *-w1) exec sleep {time} ;; esac\nexec {WORK}");
    agents(
        &lab,
        2,
        "swarm",
        &script,
        "limits: {timeout: 60s, stall: 20s}\n",
    );
    let record = run(&lab, "--connect 1s", "");
    assert_eq!(record["wait"]["outcome"], "completed", "{record}");
    assert_eq!(record["wait"]["why"], "every task succeeded");
    assert_eq!(end(&lab, "w1")["end_reason"], "no_mcp");
    assert!(end(&lab, "w2")["cost_usd"].as_f64().unwrap() > 0.0);
}

#[test]
fn tasks_of_an_exited_agent_are_done_by_the_others() {
    let lab = Lab::new();
    // The first kills itself while it holds a task, before the second is there.
    let busy = "SELECT 1 FROM tasks WHERE status = 'working'";
    let wait =
        format!("until [ -n \"$(sqlite3 -readonly \"$db\" \"{busy}\")\" ]; do sleep 0.05; done");
    let script = format!(
        "db=$2/../../tasks.db\ncase $1 in *-w1) {WORK} & {wait}; kill -KILL $!; exit 1 ;; esac\n{wait}; sleep 1; exec {WORK}"
    );
    if Command::new("sqlite3").arg("-version").output().is_err() {
        println!("skipped: sqlite3 is not installed");
        return;
    }
    agents(
        &lab,
        2,
        "swarm",
        &script,
        "limits: {timeout: 60s, stall: 5s}\n",
    );
    let record = run(&lab, "", "");
    assert_eq!(record["wait"]["outcome"], "completed", "{record}");
    assert_eq!(
        (&end(&lab, "w1")["exit"], &end(&lab, "w1")["end_reason"]),
        (&"1".into(), &"exited".into())
    );
}

#[test]
fn agents_that_leave_with_tasks_open_are_gone_whatever_their_exit_status() {
    let lab = Lab::new();
    let script = format!("{WORK} & sleep 1; kill -TERM $!; wait $!; exit 0");
    agents(
        &lab,
        1,
        "swarm",
        &script,
        "limits: {timeout: 60s, stall: 20s}\n",
    );
    let record = run(&lab, "", "");
    assert_eq!(record["wait"]["outcome"], "agents_gone", "{record}");
    assert_eq!(record["wait"]["why"], "swarm-r1-w1 exited with 0");
    assert!(!record["wait"]["open"].as_array().unwrap().is_empty());
}

#[test]
fn agents_that_hang_stall_the_run() {
    let lab = Lab::new();
    let script = format!("{WORK} & sleep 1; kill -STOP $!; wait");
    agents(
        &lab,
        1,
        "swarm",
        &script,
        "limits: {timeout: 60s, stall: 2s}\n",
    );
    let record = run(&lab, "--grace 300ms", "");
    assert_eq!(record["wait"]["outcome"], "stalled", "{record}");
    assert_eq!(
        record["wait"]["why"],
        "no state change, tool call or heartbeat for 2s"
    );
    assert_eq!(lab.settle(), [""; 0]);
}

#[test]
fn a_timeout_says_how_long_it_was() {
    let lab = Lab::new();
    let slow = "stand_in: {time_scale: 1}\nlimits: {timeout: 1s}\n";
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["swarm"], slow));
    let record = run(&lab, "", "");
    assert_eq!(record["wait"]["outcome"], "timeout");
    assert_eq!(record["wait"]["why"], "1s since the launch");
    assert_eq!(end(&lab, "w1")["end_reason"], "ended");
}

#[test]
fn parked_tasks_are_named() {
    let lab = Lab::new();
    let script = format!(
        "{WORK} & while [ -z \"$(sqlite3 \"$2/../../tasks.db\" \"SELECT 1 FROM tasks WHERE status = 'working'\")\" ]; do sleep 0.05; done\n\
         kill -KILL $!; sleep 0.2\n\
         sqlite3 \"$2/../../tasks.db\" \"UPDATE tasks SET status = 'consult' WHERE status = 'working'\"; exec sleep 60"
    );
    if Command::new("sqlite3").arg("-version").output().is_err() {
        println!("skipped: sqlite3 is not installed");
        return;
    }
    agents(
        &lab,
        1,
        "swarm",
        &script,
        "limits: {timeout: 60s, stall: 2s}\n",
    );
    let record = run(&lab, "--grace 300ms", "");
    assert_eq!(record["wait"]["outcome"], "stalled", "{record}");
    let why = record["wait"]["why"].as_str().unwrap();
    assert!(why.contains("; parked: "), "{why}");
}

/// A step of the clock by an hour, forwards or back, during a run ends nothing and prolongs nothing.
#[test]
fn a_step_of_the_clock_changes_no_outcome() {
    if Command::new("faketime").arg("--version").output().is_err() {
        println!("skipped: faketime is not installed");
        return;
    }
    let library = "$(dirname \"$(faketime -f +0 printenv LD_PRELOAD)\")/libfaketimeMT.so.1";
    for (timeout, outcome) in [("20s", "completed"), ("1500ms", "timeout")] {
        for step in ["+3600", "-3600"] {
            let lab = Lab::new();
            let more = format!(
                "stand_in: {{time_scale: 0.0005, poll_ms: 20}}\nlimits: {{timeout: {timeout}, stall: 15s}}\n"
            );
            lab.write("m.yaml", &manifest("tiny-feature", 1, &["swarm"], &more));
            lab.write("clock", "+0");
            let fake = format!(
                "env LD_PRELOAD={library} FAKETIME_TIMESTAMP_FILE={} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1",
                lab.path("clock").display()
            );
            let done = lab.sh(&format!(
                "tg-instantiate m.yaml | ({fake} tg-launch) | (until grep -q started_at_ms results/test/swarm-r1/run.json; do sleep 0.05; done; echo {step} > clock; {fake} tg-wait)"
            ));
            let record = records(&done.out).remove(0);
            assert_eq!(
                record["wait"]["outcome"], outcome,
                "{step}: {record}\n{}",
                done.err
            );
            let by = (record["wait"]["ended_at_ms"].as_i64().unwrap()
                - record["launch"]["started_at_ms"].as_i64().unwrap())
                / 1000;
            assert!(by.abs() > 3000, "the clock was not set: {by} s");
        }
    }
}

#[test]
fn the_last_output_of_an_agent_that_failed_is_printed() {
    let lab = Lab::new();
    let limits = "limits: {timeout: 30s, stall: 10s}\n";
    let line =
        "tg-instantiate --again m.yaml | tg-launch | tg-wait | tg-export | tg-metrics > out.jsonl";
    let said = |script: &str| {
        agents(&lab, 1, "swarm", script, limits);
        lab.sh(line).err
    };
    let err = said("echo fine; printf 'no such \\033[31mmodel\\n\\n' >&2; exit 3");
    let log = "results/test/swarm-r1/agents/swarm-r1-w1/stderr.log";
    let last = "no such \\u{1b}[31mmodel";
    let want =
        format!("tg-launch: swarm-r1-w1: exited with 3 before it connected: {last} ({log})\n");
    assert_eq!(err.matches(&want).count(), 1, "{err}");
    let report = lab.sh("tg-report out.jsonl").ok();
    assert!(
        report.out.contains("swarm-r1: swarm-r1-w1 exited with 3"),
        "{}",
        report.out
    );
    let err = said("echo nothing to do");
    assert!(
        err.contains("w1: exited with 0 before it connected: nothing to do ("),
        "{err}"
    );
    let err = said("kill -9 $$");
    assert!(
        err.contains("w1: ended by signal 9 before it connected, and printed nothing"),
        "{err}"
    );
    let err = said(WORK);
    assert!(!err.contains("w1: "), "of one that did its work: {err}");
}

#[test]
fn the_shell_script_of_the_docs_is_an_agent() {
    let lab = Lab::new();
    let docs = fs::read_to_string(lab.path("docs/agents.md")).unwrap();
    let (_, section) = docs
        .split_once("## An agent that is a shell script")
        .unwrap();
    let (_, script) = section.split_once("```sh\n").unwrap();
    let path = lab.write("agent.sh", script.split_once("```").unwrap().0);
    let command = format!(
        "command: [sh, '{}', '{{host}}', '{{worker}}', '{{tags}}', '{{workflow}}']\nlimits: {{timeout: 60s, stall: 20s}}\n",
        path.display()
    );
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["swarm"], &command));
    let done = lab
        .sh("TASK_GRAPH_DB_PATH=/nowhere tg-instantiate m.yaml | tg-launch | tg-wait")
        .ok();
    let record = &records(&done.out)[0];
    assert_eq!(record["wait"]["outcome"], "completed", "{record}");
    let work = fs::read_dir(lab.path("results/test/swarm-r1/work")).unwrap();
    assert_eq!(work.count(), 4, "a file for each task");
}

#[test]
fn a_refusal_after_the_agents_had_connected_is_infra() {
    let lab = Lab::new();
    let script = format!(
        "{WORK} & sleep 1; kill -KILL $!; wait $!; echo '{{\"fault\": \"quota\"}}' > $2/usage.json; exit 1"
    );
    agents(&lab, 1, "swarm", &script, "limits: {timeout: 60s}\n");
    let record = run(&lab, "", "");
    assert!(end(&lab, "w1")["connected_at"].is_i64());
    assert_eq!(record["wait"]["outcome"], "infra", "{record}");
    assert_eq!(record["wait"]["why"], "swarm-r1-w1 quota (1)");
}

#[test]
fn an_end_that_an_agent_wrote_is_ignored() {
    let lab = Lab::new();
    let lie = "{\"outcome\": \"completed\", \"ended_at_ms\": 1}";
    let script = format!("{WORK} & sleep 1; echo '{lie}' > $TG_RUN_DIR/end.json; wait");
    for (name, chain) in [
        (
            "before",
            "tg-launch > launched.jsonl; tg-wait < launched.jsonl",
        ),
        ("while", "tg-launch | tg-wait"),
    ] {
        agents(&lab, 1, "swarm", &script, "limits: {timeout: 60s}\n");
        let done = lab.sh(&format!("rm -rf results; tg-instantiate m.yaml | {chain}"));
        let record = records(&done.out).remove(0);
        assert_eq!(record["wait"]["outcome"], "agents_gone", "{name}: {record}");
        let kept = json(&lab, "results/test/swarm-r1/end.json");
        assert_eq!(kept["outcome"], "agents_gone", "{name}");
    }
}

/// A small disk at `results`, gone with the value.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(lab: &Lab) -> Option<Self> {
        let place = lab.path("results");
        std::fs::create_dir_all(&place).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]);
        let is_done = mount.arg(&place).output().unwrap().status.success();
        is_done.then_some(Self(place))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_infra() {
    let lab = Lab::new();
    let Some(_disk) = Disk::mount(&lab) else {
        println!("skipped: needs the right to mount");
        return;
    };
    let script = format!(
        "{WORK} & work=$!; sleep 1; kill -STOP $work\n\
         trap 'rm -f $TG_RUN_DIR/filler; kill -KILL $work; exit 0' TERM\n\
         cat /dev/zero > $TG_RUN_DIR/filler 2> /dev/null\n\
         while :; do sleep 0.1; done"
    );
    let limits = "limits: {timeout: 60s, stall: 10s}\n";
    agents(&lab, 1, "swarm", &script, limits);
    let record = run(&lab, "", "");
    assert_eq!(record["wait"]["outcome"], "infra", "{record}");
    assert_eq!(record["wait"]["why"], "no space left on device");
    assert_eq!(end(&lab, "w1")["end_reason"], "disk");
}
