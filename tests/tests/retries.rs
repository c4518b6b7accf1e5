//! `retries: N`: failures of the machinery are tried again, a bad outcome never.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::{Value, json};
use std::fs;
use tg_tests::{Lab, manifest};

/// An agent that fails before it connects until a file counts so many starts, and then runs the simulated agent.
fn flaky(good_from: u32) -> String {
    let script = format!(
        "echo x >> ../../../starts; [ $(wc -l < ../../../starts) -ge {good_from} ] || exit 1; \
         exec tg-agent --mcp-config \"$0\" --run \"$1\" --worker \"$2\" --role \"$3\" --tags \"$4\""
    );
    format!(
        "command: [sh, -c, '{script}', '{{mcp_config}}', '{{run}}', '{{worker}}', '{{role}}', '{{tags}}']\n\
         limits: {{timeout: 20s}}\n"
    )
}

fn run_of(lab: &Lab, run: &str) -> Value {
    serde_json::from_slice(&fs::read(lab.path(&format!("results/test/{run}/run.json"))).unwrap())
        .unwrap()
}

#[test]
fn a_failure_of_the_machinery_is_tried_again_and_counted() {
    let lab = Lab::new();
    let more = format!("retries: 3\n{}", flaky(3));
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], &more));
    let done = lab.sh("scripts/tg run --json report.json m.yaml").ok();
    assert!(
        done.err
            .contains("run solo-r1: ended as never_connected; retry 1 of 3"),
        "{}",
        done.err
    );
    assert!(
        done.err.contains("retry 2 of 3") && !done.err.contains("retry 3 of 3"),
        "{}",
        done.err
    );
    assert!(done.out.contains("1/1"), "{}", done.out);
    assert!(
        done.out
            .contains("solo: 3 attempts at 1 run, the machinery failed in 2"),
        "{}",
        done.out
    );
    assert!(
        !done.out.contains("more than once"),
        "attempts are no duplicates\n{}",
        done.out
    );
    let last = run_of(&lab, "solo-r1");
    assert_eq!(last["run"]["attempt"], 3);
    assert_eq!(
        last["run"]["earlier"],
        json!(["never_connected", "never_connected"])
    );
    let report: Value =
        serde_json::from_slice(&fs::read(lab.path("report.json")).unwrap()).unwrap();
    assert_eq!(
        report["arms"][0]["attempts"],
        json!({"made": 3, "machinery": 2})
    );
    // The snapshot alone has it too.
    let later = lab.sh("scripts/tg analyze results/test").ok();
    assert!(
        later.out.contains("solo: 3 attempts at 1 run"),
        "{}",
        later.out
    );
    assert_eq!(
        fs::read_to_string(lab.path("results/starts"))
            .unwrap()
            .lines()
            .count(),
        3
    );
}

#[test]
fn retries_end_and_a_bad_outcome_is_data() {
    let lab = Lab::new();
    // Never good: one attempt and one retry, then the row is left as it is, and the next call tries it again.
    let more = format!("retries: 1\n{}", flaky(1000));
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], &more));
    let done = lab.sh("scripts/tg run m.yaml");
    assert!(done.out.contains("0/1"), "{}\n{}", done.err, done.out);
    assert!(
        lab.path("results/test/solo-r1.try1").exists()
            && !lab.path("results/test/solo-r1.try2").exists()
    );
    assert_eq!(lab.sh("tg-instantiate --retry --plan m.yaml").ok().out, "");
    assert_eq!(
        lab.sh("tg-instantiate --retry m.yaml").status,
        1,
        "it was given up"
    );
    // Without `retries` nothing is tried again by itself.
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 1, &["solo"], &flaky(1000)),
    );
    lab.sh("scripts/tg run m.yaml");
    assert!(
        lab.path("results/test/solo-r1/run.json").exists()
            && !lab.path("results/test/solo-r1.try1").exists()
    );
    // What failed and is not a row of the manifest any more is not counted; a row that is unknown is an error.
    let fine = lab.sh("mv results/test/solo-r1 results/test/gone-r1 && tg-instantiate m.yaml");
    assert_eq!(fine.ok().status, 0);
    assert_eq!(lab.sh("tg-instantiate --retry m.yaml").status, 0);
    assert_eq!(lab.sh("tg-instantiate --retry --row x m.yaml").status, 2);
    // An agent that leaves its tasks open is not a failure of the machinery, with any `retries`.
    let lab = Lab::new();
    let gone = "retries: 5\nstand_in: {time_scale: 0.00005, fail: 1.0}\nlimits: {timeout: 20s}\n";
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], gone));
    lab.sh("scripts/tg run m.yaml").ok();
    assert_eq!(run_of(&lab, "solo-r1")["wait"]["outcome"], "failed_tasks");
    assert!(!lab.path("results/test/solo-r1.try1").exists());
}

#[test]
fn a_refused_login_is_not_tried_again() {
    let lab = Lab::new();
    let script =
        "echo x >> ../../../starts; echo '{\\\"fault\\\": \\\"auth\\\"}' > $0/usage.json; exit 1";
    let more = format!(
        "retries: 3\ncommand: [sh, -c, \"{script}\", '{{agent_dir}}']\nlimits: {{timeout: 20s}}\n"
    );
    let arms = ["solo", "swarm"];
    lab.write("m.yaml", &manifest("tiny-feature", 1, &arms, &more));
    let done = lab.sh("scripts/tg run m.yaml");
    let starts = fs::read_to_string(lab.path("results/starts")).unwrap();
    assert_eq!(
        (done.status, starts.lines().count()),
        (1, 1),
        "{}",
        done.err
    );
}
