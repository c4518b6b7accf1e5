//! The scratch directory in which real agents are tested: a user's home that must stay as it is, a key that must not
//! leak, and the scripted model.

use crate::program::Program;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use tg_tests::{Done, Lab, find_processes, records, root};

/// Looks like a key, and is one of its kind.
pub const CANARY: &str = "sk-tg-canary-7f3d9c51e8a24b06";

/// Installs the programs, and returns their directory; `None` without npm.
pub fn install() -> Option<PathBuf> {
    let done = Command::new(root().join("scripts/install-agents"))
        .stderr(Stdio::inherit())
        .output();
    let out = done.expect("scripts/install-agents").stdout;
    let dir = String::from_utf8_lossy(&out).trim().to_string();
    (!dir.is_empty()).then(|| dir.into())
}

/// A scripted model that is running.
pub struct Model {
    child: Child,
    dir: tempfile::TempDir,
    /// Its address.
    pub port: u16,
}

impl Model {
    /// Start one with more arguments.
    pub fn start(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let ready = dir.path().join("ready");
        let child = Command::new("python3")
            .arg(root().join("tests/stub-model/stub_model.py"))
            .arg("--ready")
            .arg(&ready)
            .arg("--log")
            .arg(dir.path().join("served.jsonl"))
            .args(args)
            .spawn()
            .expect("python3");
        let begun = Instant::now();
        let port = loop {
            if let Ok(port) = fs::read_to_string(&ready).unwrap_or_default().parse() {
                break port;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "the scripted model does not start"
            );
            sleep(Duration::from_millis(20));
        };
        Self { child, dir, port }
    }

    /// The log of the requests it served.
    pub fn log(&self) -> Vec<Value> {
        records(&fs::read_to_string(self.dir.path().join("served.jsonl")).unwrap_or_default())
    }

    /// Tokens served to each worker; requests without a prompt of ours are under the empty name.
    pub fn served(&self) -> BTreeMap<String, Served> {
        let mut all: BTreeMap<String, Served> = BTreeMap::new();
        for entry in self
            .log()
            .iter()
            .filter(|entry| entry["tokens_in"].is_i64())
        {
            let one = all
                .entry(entry["worker"].as_str().unwrap_or_default().into())
                .or_default();
            one.last = (
                entry["tokens_in"].as_i64().unwrap_or(0),
                entry["tokens_out"].as_i64().unwrap_or(0),
            );
            one.tokens_in += one.last.0;
            one.tokens_out += one.last.1;
            one.requests += 1;
        }
        all
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The tokens served to a worker.
#[derive(Debug, Default, Clone)]
pub struct Served {
    pub tokens_in: i64,
    pub tokens_out: i64,
    pub requests: usize,
    /// Tokens of the last answer.
    pub last: (i64, i64),
}

/// The scratch directory of one program.
pub struct Bench<'p> {
    pub program: &'p Program,
    pub lab: Lab,
    path: String,
}

/// A chain that is running or has ended.
pub struct Chain {
    pub done: Done,
    /// Command lines with the key in them, seen while it ran.
    pub leaks: Vec<String>,
}

impl<'p> Bench<'p> {
    pub fn new(program: &'p Program, bin: Option<&Path>) -> Self {
        let lab = Lab::new();
        fs::create_dir(lab.path("user")).expect("a home");
        let bin = bin
            .map(|bin| bin.to_string_lossy().into_owned())
            .unwrap_or_default();
        Self {
            program,
            lab,
            path: bin,
        }
    }

    /// Writes a manifest called `name`.
    pub fn manifest(&self, name: &str, workflow: &str, agents: u32, model: &Model, more: &str) {
        let Program {
            name: agent, path, ..
        } = self.program;
        let text = format!(
            "name: {name}\ntemplate: templates/tiny-feature.json\nagent_count: {agents}\nruns_per_config: 1\n\
             configs: [{{workflow: {workflow}}}]\nagent: {agent}\nmodel: stub-model\n\
             base_url: http://127.0.0.1:{}{path}\n{more}\n",
            model.port
        );
        self.lab.write(&format!("{name}.yaml"), &text);
    }

    /// A command line with the programs on PATH, the key in the environment and an empty home.
    fn command(&self, line: &str) -> Command {
        let mut command = self.lab.command(line);
        // Before /usr/bin: Claude Code wants a newer node than some machines have.
        let path = std::env::var("PATH").unwrap_or_default();
        let tools = std::env::current_exe().unwrap_or_default();
        let tools = tools.ancestors().nth(2).unwrap_or(Path::new("/"));
        command
            .env("PATH", format!("{}:{}:{path}", tools.display(), self.path))
            .env("HOME", self.lab.path("user"))
            .env("XDG_CACHE_HOME", self.lab.path("cache")) // our own tools'
            .env("UNRELATED", CANARY)
            .env(self.program.key, CANARY);
        command
    }

    /// Runs the chain over a manifest to its end, and searches all command lines for the key meanwhile.
    pub fn chain(&self, name: &str) -> Chain {
        let line =
            format!("tg-instantiate {name}.yaml | tg-launch | tg-wait | tg-export | tg-metrics");
        let over = Arc::new(AtomicBool::new(false));
        let watch = thread::spawn({
            let over = over.clone();
            move || {
                let mut leaks = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    leaks.extend(find_processes(|(line, _)| line.contains(CANARY)));
                    sleep(Duration::from_millis(100));
                }
                leaks
            }
        });
        let output = self.command(&line).output().expect("bash");
        over.store(true, Ordering::Relaxed);
        Chain {
            done: tg_tests::done(&output),
            leaks: watch.join().expect("a thread"),
        }
    }

    /// The records of a manifest that is not launched.
    pub fn instantiate(&self, name: &str) -> String {
        let output = self
            .command(&format!("tg-instantiate {name}.yaml"))
            .output();
        tg_tests::done(&output.expect("bash")).ok().out
    }

    /// Starts the chain over a manifest.
    pub fn start(&self, name: &str) -> Child {
        let line = format!(
            "tg-instantiate {name}.yaml | tg-launch | tg-wait | tg-export >{name}.jsonl 2>{name}.err"
        );
        self.command(&line).spawn().expect("bash")
    }

    /// `end.json` of every agent of a run.
    pub fn ends(&self, run: &str) -> Vec<Value> {
        let agents = self.lab.path(&format!("results/{run}/agents"));
        let mut ends: Vec<Value> = fs::read_dir(agents)
            .expect("agents")
            .flatten()
            .map(|entry| {
                let text = fs::read(entry.path().join("end.json")).expect("end.json");
                serde_json::from_slice(&text).expect("JSON")
            })
            .collect();
        ends.sort_by_key(|end| end["worker_id"].as_str().map(String::from));
        ends
    }

    /// Files in the results that have the key in them, as paths.
    pub fn files_with_key(&self) -> Vec<String> {
        let done = self.lab.sh(&format!(
            "grep -rlaF '{CANARY}' results *.jsonl *.err user 2>/dev/null"
        ));
        done.out.lines().map(String::from).collect()
    }

    /// Processes that any run in this place started.
    pub fn leftovers(&self) -> Vec<String> {
        let here = self.lab.path("results").to_string_lossy().into_owned();
        let is_ours = |pid: &str| {
            let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environ).contains(&format!("TG_RUN_DIR={here}"))
        };
        let all = find_processes(|_| true);
        all.into_iter()
            .filter(|line| is_ours(line.split(':').next().unwrap_or_default()))
            .collect()
    }
}

/// The model that all checks but those of faults use.
pub fn quick() -> Model {
    Model::start(&[])
}

/// Long enough for the slowest program on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(2);
