//! One agent at the host: the calls that all roles share.

use crate::args::Args;
use crate::brief::{Brief, literal, query};
use crate::draw::{Fate, fate};
use crate::usage::{Spent, Usage};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_host::call::jitter;
use tg_host::{Caller, Client};
use tg_stage::error::outside;
use tg_stage::{Error, Result, file};

/// The host evicts a worker it has not heard of for 300 s, and only `claim` and `thinking` count as heard.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// An agent that is connected.
pub struct Agent {
    /// The connection.
    pub host: Caller,
    /// Worker id.
    pub me: String,
    /// What it knows of the run.
    pub brief: Brief,
    /// What it has used.
    pub usage: Usage,
    /// Where `usage.json` goes.
    dir: PathBuf,
    tags: Vec<String>,
    heard: Instant,
    told_to_stop: Arc<AtomicBool>,
}

impl Agent {
    /// Start the server that the MCP configuration describes and connect.
    pub fn connect(args: &Args, told_to_stop: Arc<AtomicBool>) -> Result<Self> {
        let client = Client::start(server(args)?).map_err(outside)?;
        let mut host = Caller::new(client);
        let brief = Brief::ask(&mut host, args.run.as_deref(), &args.workflow)?;
        let beside = args
            .mcp_config
            .parent()
            .map(PathBuf::from)
            .unwrap_or_default();
        let mut agent = Self {
            host,
            me: args.worker.clone(),
            brief,
            usage: Usage::begin(),
            dir: args.dir.clone().unwrap_or(beside),
            tags: args.tags.clone(),
            heard: Instant::now(),
            told_to_stop,
        };
        agent.register()?;
        agent.usage = Usage::begin();
        agent.report()?;
        Ok(agent)
    }

    fn register(&mut self) -> Result<()> {
        let Brief {
            workflow, overlays, ..
        } = &self.brief;
        let mut arguments = json!({"worker_id": self.me, "tags": self.tags, "workflow": workflow});
        if !overlays.is_empty() {
            arguments["overlays"] = json!(overlays);
        }
        self.call("connect", &arguments).map(|_| ())
    }

    /// Call a tool of the host.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        self.host.call(tool, arguments).map_err(outside)
    }

    /// The tasks of a list.
    pub fn tasks(&mut self, filter: &Value) -> Result<Vec<Value>> {
        Ok(self.call("list_tasks", filter)?["tasks"]
            .as_array()
            .cloned()
            .unwrap_or_default())
    }

    /// Whether the launcher wants us gone.
    pub fn is_told_to_stop(&self) -> bool {
        self.told_to_stop.load(Ordering::Relaxed)
    }

    /// Whether no task holds others back any more: nothing waits, nothing is being worked on.
    pub fn is_over(&mut self) -> Result<bool> {
        let counts = self.call("status_summary", &json!({}))?["counts"].clone();
        let blocking = &self.brief.rules.settings.blocking_states;
        let usual = ["pending", "assigned", "working"].map(String::from);
        let blocking = if blocking.is_empty() {
            usual.as_slice()
        } else {
            blocking
        };
        Ok(blocking
            .iter()
            .all(|state| counts[state].as_i64().unwrap_or(0) == 0))
    }

    /// Sleep for some of the clock's time, keeping the heartbeat; false if told to stop meanwhile.
    pub fn rest(&mut self, clock_ms: f64) -> Result<bool> {
        let until = Instant::now() + Duration::from_secs_f64(clock_ms.max(0.0) / 1000.0);
        while !self.is_told_to_stop() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(true);
            }
            if self.heard.elapsed() > HEARTBEAT {
                self.think("still at it")?;
            }
            sleep(left.min(Duration::from_millis(10)));
        }
        Ok(false)
    }

    /// Wait a little before looking again, not in step with the others.
    pub fn poll(&mut self) -> Result<bool> {
        let mean = self.brief.model.poll_ms;
        self.rest(mean * jitter(500, 1500) as f64 / 1000.0)
    }

    /// The heartbeat, and what others see us doing.
    pub fn think(&mut self, thought: &str) -> Result<()> {
        self.heard = Instant::now();
        let arguments = json!({"agent": self.me, "thought": format!("simulated: {thought}")});
        self.call("thinking", &arguments).map(|_| ())
    }

    /// Claim a task; false if somebody else was quicker. An evicted agent connects again.
    pub fn claim(&mut self, task: &str) -> Result<bool> {
        let arguments = json!({"worker_id": self.me, "task": task});
        self.heard = Instant::now();
        match self.host.call("claim", &arguments) {
            Ok(_) => Ok(true),
            Err(error) if error.cause.contains("Agent not found") => {
                self.register()?;
                Ok(false)
            }
            Err(error) if is_infrastructure(&error.cause) => Err(outside(error)),
            Err(_) => {
                self.usage.lost_claims += 1;
                Ok(false)
            }
        }
    }

    /// Where the claimed task came from and what it turns out to be, and the number of this attempt.
    pub fn fate(&mut self, task: &str) -> Result<(String, Fate, i64)> {
        let timed: Vec<String> = self
            .brief
            .states
            .timed
            .iter()
            .map(|state| literal(state))
            .collect();
        let sql = format!(
            "SELECT (SELECT template_task_id FROM experiment_tasks WHERE task_id = t.id) AS origin, t.time_estimate_ms AS
             estimate, (SELECT count(*) FROM task_sequence WHERE task_id = t.id AND status IN ({})) AS attempt
             FROM tasks t WHERE t.id = {}",
            timed.join(","),
            literal(task)
        );
        let row = query(&mut self.host, &sql)
            .map_err(outside)?
            .into_iter()
            .next()
            .unwrap_or_default();
        let origin = row["origin"].as_str().unwrap_or(task).to_string();
        let fate = fate(
            &self.brief.model,
            self.brief.seed,
            &origin,
            row["estimate"].as_i64(),
        );
        Ok((origin, fate, row["attempt"].as_i64().unwrap_or(1)))
    }

    /// Attach what the gates of leaving `state` ask for.
    pub fn satisfy(&mut self, task: &str, state: &str) -> Result<()> {
        let key = format!("status:{state}");
        let mut kinds: Vec<String> = self
            .brief
            .rules
            .gates
            .get(&key)
            .into_iter()
            .flatten()
            .map(|gate| gate.kind.clone())
            .collect();
        if self.brief.rules.states.is_empty() {
            let open = self.call("check_gates", &json!({"task": task}))?;
            kinds = open["gates"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|gate| Some(gate["type"].as_str()?.into()))
                .collect();
        }
        for kind in kinds {
            let content = format!("simulated: {kind} by {} in run {}", self.me, self.brief.run);
            self.call(
                "attach",
                &json!({"agent": self.me, "task": task, "type": kind, "content": content}),
            )?;
        }
        Ok(())
    }

    /// Log what a piece of work cost on `task`, which nobody else logs on at this time.
    pub fn log(&mut self, task: &str, spent: &Spent) -> Result<()> {
        self.usage.add(spent);
        let arguments = json!({"agent": self.me, "task": task, "cost_usd": spent.cost_usd, "values": spent.slots()});
        self.call("log_metrics", &arguments).map(|_| ())
    }

    /// Mark the file this task is about, write a few simulated words into it, and free it with [`Agent::free_file`].
    pub fn edit_file(&mut self, task: &str, origin: &str) -> Result<String> {
        let safe: String = origin
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let path = std::path::absolute(format!("{}.md", safe.trim_start_matches('.')))
            .map_err(|cause| Error::outside("working directory", cause))?;
        let name = path.to_string_lossy().into_owned();
        self.call(
            "mark_file",
            &json!({"agent": self.me, "file": name, "task": task, "reason": "simulated edit"}),
        )?;
        file::write(
            &path,
            format!("simulated: nothing was done for {origin}\n").as_bytes(),
        )?;
        Ok(name)
    }

    /// Free a file marked before.
    pub fn free_file(&mut self, name: &str) -> Result<()> {
        self.call("unmark_file", &json!({"agent": self.me, "file": name}))
            .map(|_| ())
    }

    /// Keep `usage.json`.
    pub fn report(&mut self) -> Result<()> {
        self.usage.calls = self.host.calls;
        self.usage.locked = self.host.locked;
        self.usage.keep(&self.dir)
    }

    /// Leave the host; only with nothing claimed, or the host would put it back without a trace.
    pub fn leave(mut self) -> Result<()> {
        self.call("disconnect", &json!({"worker_id": self.me}))?;
        self.report()
    }
}

/// Failures that say nothing about the task.
fn is_infrastructure(cause: &str) -> bool {
    [
        "database is locked",
        "the host ended",
        "no answer from the host",
        "the host is gone",
    ]
    .iter()
    .any(|sign| cause.contains(sign))
}

fn server(args: &Args) -> Result<Command> {
    let path = &args.mcp_config;
    let wrong = |cause: &dyn std::fmt::Display| {
        Error::usage(path.display(), format!("no MCP configuration: {cause}"))
    };
    let config: Value = serde_json::from_str(&file::read(path)?).map_err(|cause| wrong(&cause))?;
    let servers = config["mcpServers"]
        .as_object()
        .ok_or_else(|| wrong(&"it has no `mcpServers`"))?;
    let server = servers
        .values()
        .next()
        .ok_or_else(|| wrong(&"`mcpServers` is empty"))?;
    let program = server["command"]
        .as_str()
        .ok_or_else(|| wrong(&"the server has no `command`"))?;
    let mut command = Command::new(program);
    command.args(
        server["args"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str),
    );
    for (name, value) in server["env"].as_object().into_iter().flatten() {
        command.env(name, value.as_str().unwrap_or_default());
    }
    Ok(command)
}
