//! Profiles: how they are read and refused, and the environment of an agent that one starts. The simulated agent, started by
//! a profile of the user, stands for a real one: own environment, own home, the host's server behind `tg-launch mcp`.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use tg_host::tools::TOOLS;
use tg_host::{Host, Seal};
use tg_tests::{Lab, manifest, records, refused};

/// An agent of the user: it keeps its environment's names and a digest of its key, and then runs the simulated agent.
const PROFILE: &str = "\
about: a test
program: bash
version: [--version]
pass_env: [MY_KEY, \"ABSENT?\"]
env: {MINE: \"{worker}\"}
files:
  \"{agent_dir}/mine.json\": {tools: \"{tools}\", args: \"{server_args}\", unknown: \"{temperature}\", \"t_{tool}\": allow}
command:
  - -c
  - |
    env | cut -d= -f1 | sort > names.txt
    printf %s \"$MY_KEY\" | sha256sum > digest.txt
    printf %s \"$0\" > prompt.txt
    exec tg-agent --mcp-config {mcp_config} --run {run} --worker {worker} --role {role} --tags {tags}
  - \"{prompt}\"
tools: [connect, claim]
";
const KEY: &str = "sk-test-4b1d0c77a1f24e02";

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("mine.yaml", PROFILE);
    let more = "agent: ./mine.yaml\nlimits: {timeout: 90s, stall: 60s}";
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["swarm"], more));
    lab
}

#[test]
fn an_agent_has_its_own_environment_and_its_key_is_nowhere_else() {
    let lab = lab();
    let secrets = lab.write("secrets", &format!("# mine\nMY_KEY='{KEY}'\n"));
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
    let line = "export SHELL_ONLY=1; tg-instantiate m.yaml | timeout 60 tg-launch --secrets secrets | tg-wait";
    let done = lab.sh(line).ok();
    let record = &records(&done.out)[0];
    assert_eq!(record["wait"]["outcome"], "completed", "{}", done.err);
    assert_eq!(record["run"]["profile"]["pass_env"][0], "MY_KEY");
    assert!(
        record["run"]["profile"]["found"]["version"]
            .as_str()
            .unwrap()
            .contains("bash")
    );
    assert!(record["run"]["prompts"]["swarm/worker.txt"].is_string());
    let run = lab.path("results/test/swarm-r1");
    let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
    let names = read("work/names.txt");
    let names: Vec<&str> = names.lines().collect();
    assert!(
        names.contains(&"MY_KEY") && names.contains(&"MINE") && names.contains(&"TG_RUN_DIR"),
        "{names:?}"
    );
    assert!(
        !names.contains(&"SHELL_ONLY") && !names.contains(&"ABSENT"),
        "{names:?}"
    );
    let digest = lab.sh(&format!("printf %s {KEY} | sha256sum")).out;
    assert_eq!(read("work/digest.txt"), digest);
    assert!(read("work/prompt.txt").contains("Your worker id is swarm-r1-w1\n"));
    let mine: serde_json::Value =
        serde_json::from_str(&read("agents/swarm-r1-w1/mine.json")).unwrap();
    assert_eq!(mine["tools"], serde_json::json!(["connect", "claim"]));
    assert_eq!(mine["args"][0], "mcp");
    assert!(
        mine.get("unknown").is_none() && mine["t_claim"] == "allow",
        "{mine}"
    );
    let calls = records(&read("agents/swarm-r1-w1/mcp.jsonl"));
    assert!(
        calls.iter().any(|call| call["tool"] == "claim"
            && call["task"].is_string()
            && call["ms"].is_number())
    );
    let found = lab.sh(&format!("grep -rlaF {KEY} results")).out;
    assert_eq!(found, "", "the key is in files");
    assert!(!done.out.contains(KEY) && !done.err.contains(KEY));
    assert_eq!(lab.settle(), Vec::<String>::new());
}

/// Writes a manifest with more keys; returns the command that reads it.
fn with_keys(lab: &Lab, more: &str) -> &'static str {
    lab.write("b.yaml", &manifest("tiny-feature", 1, &["swarm"], more));
    "tg-instantiate b.yaml"
}

#[test]
fn mistakes_in_profiles_are_reported_before_anything_is_made() {
    let lab = lab();
    let profile = |from: &str, to: &str| {
        assert!(PROFILE.contains(from), "{from}");
        lab.write("bad.yaml", &PROFILE.replacen(from, to, 1));
        with_keys(&lab, "agent: ./bad.yaml")
    };
    refused(
        &lab,
        profile("pass_env:", "pas_env:"),
        2,
        &[
            "bad.yaml: line 4",
            "unknown key `pas_env`",
            "did you mean `pass_env`?",
        ],
    );
    refused(
        &lab,
        profile("{worker}\"}", "{wrker}\"}"),
        2,
        &["bad.yaml", "{wrker}", "did you mean {worker}?"],
    );
    refused(
        &lab,
        profile("MINE:", "MY_TOKEN:"),
        2,
        &["looks like a secret", "pass_env"],
    );
    refused(
        &lab,
        profile("program: bash", "program: no-such-agent\ninstall: npm i it"),
        4,
        &["no-such-agent", "hint: npm i it"],
    );
    refused(
        &lab,
        profile("about:", "usage: gpt\nabout:"),
        2,
        &["unknown `gpt`", "codex"],
    );
    for (from, to, says) in [
        (
            "about:",
            "usage: cluade\nabout:",
            ["bad.yaml: usage", "did you mean `claude`?"],
        ),
        (
            "claim]",
            "clam]",
            ["bad.yaml: tools: unknown `clam`", "did you mean `claim`?"],
        ),
        (
            "about:",
            "connect: 0s\nabout:",
            ["bad.yaml: connect", "in no time"],
        ),
        (
            "about:",
            "stop: {signal: HUP}\nabout:",
            ["bad.yaml: stop: signal", "`HUP`"],
        ),
        (
            "{agent_dir}/mine",
            "{work}/mine",
            ["bad.yaml: files", "begin it with {agent_dir}"],
        ),
        (
            "{agent_dir}/mine",
            "{home}/../../mine",
            ["bad.yaml: files", "outside"],
        ),
        (
            "{agent_dir}/mine",
            "/tmp/mine",
            ["bad.yaml: files", "outside"],
        ),
    ] {
        refused(&lab, profile(from, to), 2, &says);
    }
    assert!(!lab.path("results").exists());
}

#[test]
fn mistakes_around_profiles_are_reported_before_anything_is_made() {
    let lab = lab();
    let with = |more: &str| with_keys(&lab, more);
    refused(
        &lab,
        with("agent: ./mine.yaml\ntools: [connect, clam]"),
        2,
        &["b.yaml: tools: unknown `clam`", "did you mean `claim`?"],
    );
    refused(
        &lab,
        with("agent: codx\nmodel: m"),
        2,
        &["unknown agent `codx`", "did you mean `codex`?"],
    );
    refused(
        &lab,
        with("agent: qwen\nmodel: m"),
        2,
        &["tg-launch --profile qwen > qwen.yaml"],
    );
    refused(
        &lab,
        with("agent: ./mine.yaml\nbase_url: http://x"),
        2,
        &["`base_url` is set", "would be ignored"],
    );
    refused(
        &lab,
        with("agent: ./mine.yaml\ntools: [claim]"),
        2,
        &["must have `connect`"],
    );
    refused(
        &lab,
        with("tools: [connect]"),
        2,
        &["needs an agent with a profile", "tg-launch --profiles"],
    );
    assert!(!lab.path("results").exists());
}

#[test]
fn a_secrets_file_that_others_can_read_and_a_missing_key_are_refused() {
    let lab = lab();
    let secrets = lab.write("secrets", &format!("MY_KEY={KEY}\n"));
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o644)).unwrap();
    refused(
        &lab,
        "tg-instantiate m.yaml | tg-launch --secrets secrets",
        2,
        &["others can read", "chmod 600 secrets"],
    );
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).unwrap();
    lab.write("secrets", "oops it is sk-1234\n");
    let done = lab.sh("tg-instantiate m.yaml | tg-launch --secrets secrets");
    assert!(
        done.status == 2 && done.err.contains("line 1") && !done.err.contains("sk-1234"),
        "{}",
        done.err
    );
    let done = lab.sh("tg-instantiate m.yaml | tg-launch; true");
    assert!(
        done.err.contains("MY_KEY") && done.err.contains("export MY_KEY=..."),
        "{}",
        done.err
    );
}

#[test]
fn a_changed_prompt_or_tool_makes_the_run_due_and_is_named() {
    let lab = lab();
    lab.sh("tg-launch --prompts own").ok();
    let with = |more: &str| {
        lab.write(
            "m.yaml",
            &manifest(
                "tiny-feature",
                1,
                &["swarm"],
                &format!("agent: ./mine.yaml\n{more}"),
            ),
        );
        let out = lab
            .sh("tg-instantiate --plan m.yaml >/dev/null; tg-instantiate --explain m.yaml")
            .ok();
        (records(&out.out)[0]["run"]["inputs"].clone(), out.err)
    };
    let (first, _) = with("");
    let (same, _) = with("prompts: own");
    assert_eq!(
        first, same,
        "the same texts are the same input, wherever they come from"
    );
    fs::write(lab.path("own/swarm/worker.txt"), "do it, {worker}").unwrap();
    let (other, said) = with("prompts: own");
    assert_ne!(first["prompts"], other["prompts"]);
    assert!(said.contains("prompts"), "{said}");
    let (other, said) = with("tools: [connect, claim, update]");
    assert_ne!(first["tools"], other["tools"]);
    assert_eq!(first["agent"], other["agent"]);
    assert!(said.contains("tools"), "{said}");
}

#[test]
fn every_profile_that_is_offered_can_be_read_and_copied() {
    let lab = Lab::new();
    let listed = lab.sh("tg-launch --profiles").ok().out;
    for line in listed.lines() {
        let name = line.split_whitespace().next().unwrap();
        lab.sh(&format!("tg-launch --profile {name} > {name}.yaml"))
            .ok();
        let program = lab.sh(&format!("sed -n 's/^program: //p' {name}.yaml")).out;
        // A program that prints a version, so that only the rest of the profile is judged.
        lab.sh(&format!(
            "mkdir -p bin; printf '#!/bin/sh\\necho 1.0\\n' > bin/{0}; chmod +x bin/{0}",
            program.trim()
        ))
        .ok();
        lab.write(
            "m.yaml",
            &manifest(
                "tiny-feature",
                1,
                &["swarm"],
                &format!("agent: ./{name}.yaml\nmodel: m"),
            ),
        );
        let done = lab.sh("PATH=$PWD/bin:$PATH tg-instantiate --again m.yaml");
        assert_eq!(done.status, 0, "{name}: {}", done.err);
        let run = &records(&done.out)[0]["run"];
        assert_eq!(run["profile"]["name"], name);
        assert!(
            run["prompts"]["foundation.txt"].is_string(),
            "{name} gives its agents no prompt"
        );
    }
    assert_eq!(listed.lines().count(), 7, "{listed}");
}

#[test]
fn the_tools_we_know_are_those_of_the_host() {
    let lab = Lab::new();
    let host = Host::find().unwrap();
    let seal = Seal::new(&lab.path("run"), &lab.path("tasks.db")).unwrap();
    seal.write("solo", &[]).unwrap();
    let mut server = seal.command(&host, "test");
    server.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut server = server.stderr(Stdio::null()).spawn().unwrap();
    let mut ask = server.stdin.take().unwrap();
    let hello = json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    for message in [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}),
    ] {
        writeln!(ask, "{message}").unwrap();
    }
    let answers = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut answers = answers.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let answer = answers.find(|answer| answer["id"] == 2).unwrap();
    drop(ask);
    server.wait().unwrap();
    let tools = answer["result"]["tools"].as_array().unwrap();
    let mut names: Vec<&str> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, TOOLS);
}
