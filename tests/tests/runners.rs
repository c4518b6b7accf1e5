//! Two runners at once, agents connected by hand, a full disk, a killed supervisor: no work is taken away, and no process
//! continues without a reader.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};
use tg_tests::{Lab, done, find_processes, manifest, records};

const SLOW: &str =
    "stand_in: {time_scale: 0.0005, poll_ms: 20}\nlimits: {timeout: 60s, stall: 30s}\n";

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{what} did not happen"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn finish(child: Child) -> tg_tests::Done {
    done(&child.wait_with_output().unwrap())
}

#[test]
fn the_second_of_two_runners_says_who_is_first_and_spoils_nothing() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm", "push"], SLOW),
    );
    let first = lab.start("exec scripts/tg run m.yaml");
    until("the first run", || {
        lab.path("results/test/swarm-r1/launch.lock").exists()
    });
    until("a launcher", || {
        fs::read_to_string(lab.path("results/test/swarm-r1/launch.lock"))
            .is_ok_and(|holder| holder.contains("tg-launch"))
    });
    let second = lab.sh("tg-instantiate m.yaml");
    assert_eq!(second.status, 4, "{}", second.out);
    assert!(
        second.err.contains("is running") && second.err.contains("tg-launch (process "),
        "{}",
        second.err
    );
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let place = format!(" on {}, since 20", host.trim());
    assert!(second.err.contains(&place), "{}", second.err);
    let first = finish(first).ok();
    for arm in ["swarm", "push"] {
        assert!(
            first
                .out
                .lines()
                .any(|line| line.starts_with(arm) && line.contains("1/1")),
            "{}",
            first.out
        );
    }
    // Both from the very beginning: the second may stop, but all is done in the end.
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm", "push"], SLOW).replace("name: test", "name: both"),
    );
    let pair = [
        lab.start("exec scripts/tg run m.yaml"),
        lab.start("exec scripts/tg run m.yaml"),
    ];
    for one in pair {
        let _ = finish(one);
    }
    assert_eq!(lab.settle(), [""; 0]);
    let after = lab.sh("scripts/tg run m.yaml").ok();
    assert_eq!(after.out.matches("1/1").count() % 2, 0, "{}", after.out);
    assert!(after.out.contains("1/1"), "{}", after.out);
}

#[test]
fn a_run_with_agents_connected_by_hand_is_left_alone() {
    let lab = Lab::new();
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], SLOW));
    let chain = lab.start("tg-instantiate m.yaml | tg-launch --manual | tg-wait > out.jsonl");
    let config = "results/test/solo-r1/agents/solo-r1-w1/mcp.json";
    until("the agent's configuration", || {
        lab.path(config).exists() && lab.path("results/test/solo-r1/wait.lock").exists()
    });
    let second = lab.sh("tg-instantiate m.yaml");
    assert_eq!(second.status, 4, "{}", second.out);
    assert!(
        second.err.contains("is running") && second.err.contains("tg-wait (process "),
        "{}",
        second.err
    );
    assert!(!lab.path("results/test/solo-r1.try1").exists());
    let tags = "worker,designer,implementer,reviewer,tester";
    lab.sh(&format!("cd results/test/solo-r1/work && tg-agent --mcp-config ../agents/solo-r1-w1/mcp.json --worker solo-r1-w1 --tags {tags}")).ok();
    let ended = finish(chain).ok();
    assert!(
        ended.err.contains("connect 1 agents by hand") || ended.err.contains("by hand"),
        "{}",
        ended.err
    );
    let record = &records(&fs::read_to_string(lab.path("out.jsonl")).unwrap())[0];
    assert_eq!(
        (&record["wait"]["outcome"], &record["launch"]["manual"]),
        (&"completed".into(), &true.into())
    );
}

#[test]
fn an_end_that_cannot_be_written_still_ends_the_agents() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest(
            "tiny-feature",
            2,
            &["swarm"],
            &SLOW.replace("60s", "2s").replace("0.0005", "1.0"),
        ),
    );
    let chain = lab.start("tg-instantiate m.yaml | tg-launch | tg-wait");
    until("work", || {
        lab.sh("ls results/test/swarm-r1/work/*.md").status == 0
    });
    // As on a full disk: the file that notifies the launcher cannot be made.
    fs::rename(lab.path("results/test/swarm-r1"), lab.path("elsewhere")).unwrap();
    let begun = Instant::now();
    let ended = finish(chain);
    assert!(begun.elapsed() < Duration::from_secs(20), "{}", ended.err);
    assert!(ended.err.contains("end.json"), "{}", ended.err);
    assert_eq!(lab.settle(), [""; 0]);
}

#[test]
fn the_agent_of_a_killed_supervisor_is_ended_with_its_run() {
    let lab = Lab::new();
    let time = std::process::id() + 3_000_000;
    let more = format!("command: [sh, -c, 'sleep {time}']\nlimits: {{timeout: 3s}}\n");
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], &more));
    let of_agent = || find_processes(|(line, _)| line.contains(&format!("sleep {time}")));
    let chain = lab.start("tg-instantiate m.yaml | tg-launch | tg-wait");
    let here = lab.path("");
    let supervisors = || {
        find_processes(|(line, cwd)| {
            line.contains(" supervise ") && cwd == here.canonicalize().unwrap()
        })
    };
    until("the agent", || {
        !supervisors().is_empty()
            && !of_agent().is_empty()
            && lab.path("results/test/solo-r1/run.json").exists()
            && fs::read_to_string(lab.path("results/test/solo-r1/run.json"))
                .unwrap()
                .contains("\"launch\"")
    });
    let pid = supervisors()[0].split(':').next().unwrap().to_string();
    lab.sh(&format!("kill -KILL {pid}")).ok();
    finish(chain);
    assert_eq!(of_agent(), [""; 0], "left behind");
}

#[test]
fn a_killed_tool_is_named_and_what_is_not_run_is_counted() {
    let lab = Lab::new();
    let slow = SLOW.replace("0.0005", "1.0");
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm", "push"], &slow),
    );
    let script = lab.start("exec scripts/tg run m.yaml");
    let launcher = || {
        let all = lab.processes();
        let one = all.iter().find(|one| one.contains(": tg-launch -j"));
        one.map(|one| one.split(':').next().unwrap().to_string())
    };
    until("work", || {
        launcher().is_some()
            && lab.path("results/test/rows.json").exists()
            && lab
                .sh("grep -l '\"launch\"' results/test/*/run.json")
                .status
                == 0
    });
    lab.sh(&format!("kill -KILL {}", launcher().unwrap())).ok();
    let done = finish(script);
    assert_eq!(done.status, 4, "{}", done.err);
    let says = "tg: tg-launch was killed; the same command continues where it stopped";
    assert!(done.err.lines().any(|line| line == says), "{}", done.err);
    assert!(
        !done.err.contains(" line "),
        "bash's own words: {}",
        done.err
    );
    assert!(!done.err.contains("no run records"), "{}", done.err);
    assert!(
        done.out.contains("1 of 2 rows has not been run ("),
        "{}",
        done.out
    );
    assert_eq!(lab.settle(), [""; 0]);
}

#[test]
fn without_a_terminal_a_line_a_run_is_printed_on_request() {
    let lab = Lab::new();
    let fast = SLOW.replace("0.0005", "0.0001");
    lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], &fast));
    let done = lab.sh("scripts/tg run -v m.yaml").ok();
    assert!(
        done.err.contains("tg-wait: run swarm-r1: completed"),
        "{}",
        done.err
    );
    let run = lab.sh("scripts/tg status results/test/swarm-r1").ok();
    assert_eq!(records(&run.out)[0]["run"], "swarm-r1");
    assert_eq!(run.out.lines().count(), 1);
}

#[test]
fn a_stderr_that_cannot_be_written_is_not_a_failure() {
    let lab = Lab::new();
    let done = lab
        .sh("tg-instantiate --explain --arm swarm experiments/smoke.yaml 2> /dev/full")
        .ok();
    assert_eq!(records(&done.out).len(), 1);
    assert_eq!(lab.sh("echo '{' | tg-metrics 2> /dev/full").status, 3);
}
