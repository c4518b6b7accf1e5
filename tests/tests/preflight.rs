//! `--check`: missing things are reported before anything is made, each in its line, with a remedy.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use tg_tests::{FAST, Lab, manifest, refused};

fn lines_of<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(word)).collect()
}

#[test]
fn a_complete_setup_passes_and_the_plan_has_a_price() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm", "push"], FAST),
    );
    let done = lab.sh("scripts/tg check m.yaml").ok();
    assert_eq!(lines_of(&done.out, "fail"), [""; 0], "{}", done.out);
    assert!(lines_of(&done.out, "ok").len() >= 8, "{}", done.out);
    assert!(
        done.out.contains("expected swarm: 1 runs of at least")
            && done.out.contains("(simulated, from the estimates)"),
        "{}",
        done.out
    );
    assert!(!lab.path("results").exists(), "it touches nothing");
    lab.sh("scripts/tg run m.yaml").ok();
    let again = lab.sh("tg-instantiate --check --again m.yaml").ok();
    assert_eq!(
        again.out.matches("(mean of 1 run)").count(),
        4,
        "{}",
        again.out
    );
    // Of a command only its limit is known.
    let own = "command: [cat, '{mcp_config}']\nlimits: {timeout: 30m, run_cost_usd: 2}\n";
    lab.write(
        "m.yaml",
        &manifest("tiny-feature", 2, &["swarm"], own).replace("name: test", "name: own"),
    );
    let done = lab.sh("tg-instantiate --check m.yaml").ok();
    assert!(
        done.out
            .contains("at most 30 min (its limit) and at most 2.00 USD (its limit)"),
        "{}",
        done.out
    );
    assert!(
        lines_of(&done.out, "unknown")[0].contains("holds only if your command writes cost_usd"),
        "{}",
        done.out
    );
}

#[test]
fn missing_parts_fail_before_anything_is_made() {
    let lab = Lab::new();
    let write = |more: &str| lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], more));
    write("command: [no-such-agent]\n");
    refused(
        &lab,
        "scripts/tg run m.yaml",
        4,
        &["agent no-such-agent: no such program"],
    );
    let done = lab.sh("tg-instantiate --check m.yaml");
    assert_eq!(
        (done.status, lines_of(&done.out, "fail").len()),
        (4, 1),
        "{}",
        done.out
    );
    assert!(done.out.contains("hint: put it on PATH"), "{}", done.out);
    // An empty directory.
    let done = lab
        .sh("sed -i s/command:.*// m.yaml; tg-instantiate --check --results /sys/results m.yaml");
    assert_eq!(done.status, 4, "{}", done.out);
    assert!(
        lines_of(&done.out, "fail")
            .iter()
            .any(|line| line.contains("MiB needed for 1 runs")),
        "{}",
        done.out
    );
    // A directory in which nothing can be made; root may write anywhere.
    fs::create_dir(lab.path("closed")).unwrap();
    fs::set_permissions(lab.path("closed"), fs::Permissions::from_mode(0o555)).unwrap();
    write(FAST);
    let done = lab.sh("tg-instantiate --check --results closed/results m.yaml");
    if lab.sh("test $(id -u) = 0").status != 0 {
        assert_eq!(done.status, 4, "{}", done.out);
        assert!(done.out.contains("cannot be written"), "{}", done.out);
    }
    let done = lab.sh("tg-instantiate --check --results m.yaml/results m.yaml");
    assert_eq!(done.status, 4, "{}", done.out);
    assert!(done.out.contains("fail     results"), "{}", done.out);
    // The host.
    refused(
        &lab,
        "TG_HOST=/bin/true tg-instantiate --check --quiet m.yaml",
        4,
        &["/bin/true"],
    );
    assert!(!lab.path("results").exists(), "something was made");
}

#[test]
fn credentials_and_prices_of_a_profile_are_checked_by_name() {
    let lab = Lab::new();
    lab.write("fake", "#!/bin/sh\necho fake 1.2.3\n");
    fs::set_permissions(lab.path("fake"), fs::Permissions::from_mode(0o755)).unwrap();
    lab.write("own.yaml", "about: a test\ninstall: make fake\nprogram: ./fake\nversion: [--version]\npass_env: [TG_TEST_KEY, 'OTHER?']\nusage: codex\ncommand: ['{mcp_config}', '{model}']\n");
    let with = |more: &str| {
        let more = format!("agent: ./own.yaml\nmodel: m\n{more}");
        lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], &more))
    };
    with("");
    let done = lab.sh("tg-instantiate --check m.yaml");
    assert_eq!(done.status, 4, "{}\n{}", done.out, done.err);
    assert!(
        done.out.contains("TG_TEST_KEY is not set")
            && done.out.contains("hint: export TG_TEST_KEY="),
        "{}",
        done.out
    );
    assert!(done.out.contains("fake 1.2.3"), "{}", done.out);
    let done = lab
        .sh("TG_TEST_KEY=s3cr3t tg-instantiate --check m.yaml")
        .ok();
    assert!(
        done.out.contains("TG_TEST_KEY is set") && !done.out.contains("s3cr3t"),
        "{}",
        done.out
    );
    with("limits: {run_cost_usd: 1}\n");
    let done = lab.sh("TG_TEST_KEY=s3cr3t tg-instantiate --check m.yaml");
    assert_eq!(done.status, 2, "{}", done.out);
    assert!(
        done.out.contains("reports only tokens") && done.out.contains("hint: set `prices`"),
        "{}",
        done.out
    );
    with("limits: {run_cost_usd: 1}\nprices: {m: {usd_per_mtok_in: 1, usd_per_mtok_out: 2}}\n");
    lab.sh("TG_TEST_KEY=s3cr3t tg-instantiate --check m.yaml")
        .ok();
}

#[test]
fn unusable_secrets_and_budgets_are_found_before_a_run() {
    let lab = Lab::new();
    lab.write("fake", "#!/bin/sh\necho fake 1.2.3\n");
    fs::set_permissions(lab.path("fake"), fs::Permissions::from_mode(0o755)).unwrap();
    lab.write("own.yaml", "about: a test\ninstall: make fake\nprogram: ./fake\nversion: [--version]\npass_env: [TG_TEST_KEY]\nusage: claude\ncommand: ['{mcp_config}', '{model}']\n");
    let with = |more: &str| {
        let more = format!("agent: ./own.yaml\nmodel: m\n{more}");
        lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], &more))
    };
    with("limits: {run_cost_usd: 1}\n");
    let secrets = |text: &str, mode: u32| {
        let path = lab.write("secrets", text);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        lab.sh("tg-instantiate --check --secrets secrets m.yaml")
    };
    let open = secrets("TG_TEST_KEY=s3cr3t\n", 0o644);
    assert!(
        open.status != 0 && open.out.contains("hint: chmod 600 secrets"),
        "{} {}",
        open.status,
        open.out
    );
    let torn = secrets("TG_TEST_KEY=s3cr3t\ns3cr3t\n", 0o600);
    assert!(
        torn.status != 0 && torn.out.contains("line 2") && !torn.out.contains("s3cr3t"),
        "{}",
        torn.out
    );
    let good = secrets("TG_TEST_KEY=s3cr3t\n", 0o600).ok();
    assert!(
        good.out.contains("secrets: 1 variables") && !good.out.contains("s3cr3t"),
        "{}",
        good.out
    );
    let cannot = "run_cost_usd cannot be held during a run without `prices`";
    assert!(good.out.contains(cannot), "{}", good.out);
    with("limits: {run_cost_usd: 1}\nprices: {m: {usd_per_mtok_in: 1, usd_per_mtok_out: 2}}\n");
    let priced = secrets("TG_TEST_KEY=s3cr3t\n", 0o600).ok();
    assert!(!priced.out.contains("cannot be held"), "{}", priced.out);
}

#[test]
fn a_mistake_in_the_last_stages_arguments_is_found_before_anything_is_made() {
    let lab = Lab::new();
    let own = "metrics: [{name: reviews, jq: '1'}]\n";
    lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], own));
    for (typed, says) in [
        ("--timeout 5x", "--timeout"),
        ("--stall soon", "--stall"),
        ("--metric wall_clok_time", "did you mean wall_clock_time?"),
        ("--primary zzz", "hint: tg-metrics --list names them all"),
        ("--format pdf", "--format"),
        ("--width wide", "--width"),
        ("--baseline push", "no such arm; the arms are swarm"),
        ("--by wrkflow", "did you mean workflow?"),
        ("--where '.run.agents >'", "--where .run.agents >"),
        ("--fail-if wall_clock_time", "--fail-if"),
        (
            "--fail-if 'wall_clok: worse > 10%'",
            "no such metric in these records",
        ),
        (
            "--html nowhere/x.html",
            "nowhere/x.html: nowhere is not a directory",
        ),
    ] {
        let line = format!("scripts/tg run {typed} m.yaml");
        refused(&lab, &line, 2, &[says]);
        assert!(!lab.path("results").exists(), "{typed}");
    }
    // Names that only a run can resolve are not errors: custom metrics, and filters over later keys.
    let good = "--metric reviews,wall_clock_time --primary reviews --baseline swarm --by workflow --where '.wait.why | test(\"x\")'";
    let line = format!("tg-instantiate --check --quiet m.yaml -- tg-report --check-args {good}");
    let done = lab.sh(&line).ok();
    assert_eq!((done.out.as_str(), done.err.as_str()), ("", ""));
}

#[test]
fn a_run_asks_for_the_hosts_version_once_and_a_retry_needs_a_failure() {
    let lab = Lab::new();
    let more = format!("retries: 2\n{FAST}");
    lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], &more));
    let real = tg_host::Host::find().unwrap().path;
    let asks = "tr '\\0' ' ' </proc/$PPID/cmdline >>asked; echo $* >>asked";
    let host = format!(
        "#!/bin/sh\n[ $1 != --version ] || (cd {}; {asks})\nexec {} \"$@\"\n",
        lab.path("").display(),
        real.display()
    );
    let path = lab.write("host", &host);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    lab.sh("TG_HOST=$PWD/host scripts/tg run m.yaml").ok();
    let asked = fs::read_to_string(lab.path("asked")).unwrap();
    assert_eq!(lines_of(&asked, "tg-instantiate").len(), 1, "{asked}");
}

#[test]
fn the_script_explains_its_usage() {
    let lab = Lab::new();
    lab.write("m.yaml", &manifest("tiny-feature", 2, &["swarm"], ""));
    for (typed, says) in [
        ("run -j m.yaml", "tg: -j needs a number, not 'm.yaml'"),
        ("run -j 0 m.yaml", "-j needs a number, not '0'"),
        ("rnu m.yaml", "tg: unknown verb rnu\nhint: tg --help"),
        (
            "analyse results",
            "unknown verb analyse\nhint: did you mean analyze?",
        ),
        (
            "run --timout 5s m.yaml",
            "unknown option --timout\nhint: did you mean --timeout?",
        ),
        ("run", "run needs a manifest\nhint: tg run my.yaml"),
        ("check", "check needs a manifest\nhint: tg check my.yaml"),
        (
            "recheck",
            "recheck needs the results of an experiment\nhint: tg recheck results/NAME",
        ),
        ("run none.yaml", "none.yaml: no such file"),
        ("run m.yaml --row", "--row needs a value"),
        ("recheck m.yaml", "m.yaml: is a manifest"),
    ] {
        refused(&lab, &format!("scripts/tg {typed}"), 2, &[says]);
    }
    assert!(!lab.path("results").exists());
    let plan = lab.sh("scripts/tg run --plan m.yaml").ok();
    assert!(plan.out.contains("swarm-r1"), "{}", plan.out);
    assert!(!lab.path("results").exists());
    // A word after `tg` is one of the tools; the older names of the script are links to it.
    let help = lab.sh("tg-metrics --help").ok().out;
    for line in [
        "scripts/tg metrics --help",
        "scripts/experiment metrics --help",
        "scripts/tg-experiment metrics --help",
    ] {
        assert_eq!(lab.sh(line).ok().out, help, "{line}");
    }
    let done = lab.sh("scripts/tg watch --listen nowhere results");
    assert_eq!(done.status, 2, "passed on: {}", done.err);
    assert!(done.err.contains("--listen"), "{}", done.err);
}
