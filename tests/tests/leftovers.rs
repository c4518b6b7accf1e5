//! No process of a run outlives it: any process may be killed, agents may start others; orphans of a crash are found.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};
use tg_tests::faulty::{agents, json, sleepers, unheard_of, until};
use tg_tests::{Done, Lab, done, records};

const CHAIN: &str = "tg-instantiate m.yaml | tg-launch --grace 500ms | tg-wait > out.jsonl";
const RUN: &str = "results/test/solo-r1";

/// An agent that leaves one sleeper in its group, one in a session of its own, and one that has wiped its environment.
fn family(time: u32) -> String {
    format!("sleep {time} & setsid sleep {time} & setsid env -i sleep {time} & sleep {time}")
}

fn finish(mut chain: Child) -> Done {
    let begun = Instant::now();
    while chain.try_wait().unwrap().is_none() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the chain did not end"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    done(&chain.wait_with_output().unwrap())
}

/// The processes of tg-launch in this lab: the launcher, and with `supervise` its supervisors.
fn launchers(lab: &Lab, supervise: bool) -> Vec<String> {
    let is_one = |line: &String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words[1].ends_with("tg-launch") && (words.get(2) == Some(&"supervise")) == supervise
    };
    let found = lab.processes().into_iter().filter(is_one);
    found
        .map(|line| line.split(':').next().unwrap().into())
        .collect()
}

fn start(lab: &Lab, time: u32) -> Child {
    agents(lab, 1, "solo", &family(time), "limits: {timeout: 60s}\n");
    let chain = lab.start(CHAIN);
    until("the agent's children", || sleepers(time).len() == 4);
    until("the launch", || {
        json(lab, &format!("{RUN}/run.json"))["launch"]["agents"].is_array()
    });
    chain
}

#[test]
fn a_killed_launcher_ends_all_its_processes_and_the_end_is_recorded() {
    let (lab, time) = (Lab::new(), unheard_of());
    let chain = start(&lab, time);
    lab.sh(&format!("kill -KILL {}", launchers(&lab, false)[0]))
        .ok();
    finish(chain);
    assert_eq!(sleepers(time), [""; 0], "left behind");
    assert_eq!(lab.settle(), [""; 0]);
    let record = &records(&fs::read_to_string(lab.path("out.jsonl")).unwrap())[0];
    assert_eq!(record["wait"]["outcome"], "infra", "{record}");
    let why = record["wait"]["why"].as_str().unwrap();
    assert_eq!(why, "the launcher was killed, and with it solo-r1-w1");
    let end = json(&lab, &format!("{RUN}/agents/solo-r1-w1/end.json"));
    assert_eq!(
        (&end["end_reason"], &end["exit"]),
        (&"lost".into(), &"signal 15".into())
    );
}

#[test]
fn a_killed_supervisor_ends_all_its_processes() {
    let (lab, time) = (Lab::new(), unheard_of());
    let chain = start(&lab, time);
    lab.sh(&format!("kill -KILL {}", launchers(&lab, true)[0]))
        .ok();
    finish(chain);
    assert_eq!(sleepers(time), [""; 0], "left behind");
    let record = &records(&fs::read_to_string(lab.path("out.jsonl")).unwrap())[0];
    assert_eq!(record["wait"]["outcome"], "infra", "{record}");
    let rows: (String, String) = lab
        .db(&format!("{RUN}/tasks.db"))
        .query_row(
            "SELECT worker_id, end_reason FROM experiment_agents",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(rows, ("solo-r1-w1".into(), "lost".into()));
}

/// Kills launcher, supervisor and agent so that none can act on the end of another.
fn kill_all(lab: &Lab) {
    let all = [launchers(lab, false), launchers(lab, true)]
        .concat()
        .join(" ");
    lab.sh(&format!("kill -STOP {all}; kill -KILL {all}")).ok();
}

#[test]
fn orphans_of_a_total_kill_are_found_and_ended() {
    let (lab, time) = (Lab::new(), unheard_of());
    let chain = start(&lab, time);
    let all = lab.sh("tg-launch --reap");
    assert!(
        all.status == 2 && all.err.contains("hint: tg-launch --reap results"),
        "not the whole machine: {} {}",
        all.status,
        all.err
    );
    let quiet = lab.sh("tg-launch --reap results").ok();
    assert!(
        quiet.err.contains("nothing is left"),
        "of a run that lives: {}",
        quiet.err
    );
    fs::rename(lab.path(RUN), lab.path("results/test/moved")).unwrap();
    let quiet = lab.sh("tg-launch --reap results").ok();
    assert!(
        quiet.err.contains("nothing is left"),
        "of one that was moved: {}",
        quiet.err
    );
    assert_eq!(sleepers(time).len(), 4);
    fs::rename(lab.path("results/test/moved"), lab.path(RUN)).unwrap();
    kill_all(&lab);
    finish(chain);
    let marked = || sleepers(time).len() - wiped(time).len();
    assert_eq!(
        marked(),
        3,
        "the shell's own are there: {:?}",
        sleepers(time)
    );
    assert_eq!(lab.sh("tg-launch --reap elsewhere").status, 4);
    let ended = lab.sh(&format!("tg-launch --reap {RUN}")).ok();
    assert_eq!(ended.err.lines().count(), 3, "{}", ended.err);
    assert!(
        ended.err.contains("sleep of solo-r1-w1 in "),
        "{}",
        ended.err
    );
    assert_eq!(marked(), 0, "{:?}", sleepers(time));
    let again = lab.sh("tg-launch --reap results").ok();
    assert_eq!(again.err, "tg-launch: nothing is left of earlier runs\n");
    for line in wiped(time) {
        lab.sh(&format!("kill {}", line.split(':').next().unwrap()))
            .ok();
    }
}

/// Processes without a mark: their run cannot be known.
fn wiped(time: u32) -> Vec<String> {
    let has_none = |line: &String| {
        let pid = line.split(':').next().unwrap();
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|text| text.is_empty())
    };
    sleepers(time).into_iter().filter(has_none).collect()
}

#[test]
fn a_run_that_is_made_again_has_no_orphans_beside_it() {
    let (lab, time) = (Lab::new(), unheard_of());
    let chain = start(&lab, time);
    kill_all(&lab);
    finish(chain);
    for line in wiped(time) {
        lab.sh(&format!("kill {}", line.split(':').next().unwrap()))
            .ok();
    }
    assert_eq!(sleepers(time).len(), 3);
    agents(&lab, 1, "solo", "exit 1", "limits: {timeout: 60s}\n");
    let again = lab.sh(CHAIN);
    assert_eq!(
        again.err.matches("tg-launch: ended process").count(),
        3,
        "{}",
        again.err
    );
    assert_eq!(sleepers(time), [""; 0]);
    assert!(lab.path(&format!("{RUN}.try1")).is_dir());
}

#[test]
fn children_of_an_agent_end_with_it_while_the_others_work() {
    let (lab, time) = (Lab::new(), unheard_of());
    let other = unheard_of();
    let script = format!(
        "case $1 in *-w1) (setsid sleep {time} &) ;; *) exec sleep {other} ;; esac; sleep 0.5"
    );
    agents(&lab, 2, "swarm", &script, "limits: {timeout: 60s}\n");
    let chain = lab.start(CHAIN);
    until("a child", || !sleepers(time).is_empty());
    until("its end", || sleepers(time).is_empty());
    assert_eq!(sleepers(other).len(), 1, "the other was ended too");
    lab.sh(&format!("kill -INT {}", launchers(&lab, false)[0]))
        .ok();
    finish(chain);
    assert_eq!(sleepers(other), [""; 0]);
    let ends = ["w1", "w2"].map(|worker| {
        let end = json(
            &lab,
            &format!("results/test/swarm-r1/agents/swarm-r1-{worker}/end.json"),
        );
        (end["exit"].clone(), end["end_reason"].clone())
    });
    assert_eq!(ends[0], ("0".into(), "exited".into()));
    assert_eq!(ends[1], ("signal 15".into(), "cancelled".into()));
}

#[test]
fn a_profile_sets_how_its_agents_are_stopped() {
    let lab = Lab::new();
    let script = "trap 'echo asked; exit 7' INT; while :; do sleep 0.05; done";
    agents(&lab, 1, "solo", script, "limits: {timeout: 2s}\n");
    let profile = ".run.profile = {name: \"x\", stop: {signal: \"INT\", grace: \"9s\"}}";
    lab.sh(&format!(
        "tg-instantiate m.yaml | jq -c '{profile}' | tg-launch | tg-wait"
    ))
    .ok();
    let end = json(&lab, &format!("{RUN}/agents/solo-r1-w1/end.json"));
    assert_eq!(
        (&end["end_reason"], &end["exit"]),
        (&"ended".into(), &"7".into())
    );
    let log = fs::read_to_string(lab.path(&format!("{RUN}/agents/solo-r1-w1/stdout.log"))).unwrap();
    assert_eq!(log, "asked\n");
}

#[test]
fn a_flood_of_output_is_cut_and_its_end_is_kept() {
    let lab = Lab::new();
    let script =
        "trap 'kill $!; echo last words; exit' TERM; yes 'again and again' & yes error >&2 & wait";
    agents(&lab, 1, "solo", script, "limits: {timeout: 2s}\n");
    lab.sh("tg-instantiate m.yaml | tg-launch --log-limit 1 | tg-wait")
        .ok();
    for (name, first) in [("stdout", "again and again"), ("stderr", "error")] {
        let text =
            fs::read_to_string(lab.path(&format!("{RUN}/agents/solo-r1-w1/{name}.log"))).unwrap();
        assert!(
            text.len() <= 1 << 20 && text.len() > 1 << 18,
            "{name}: {}",
            text.len()
        );
        assert!(
            text.contains("left_out_bytes") && text.starts_with(first),
            "{name}"
        );
    }
}
