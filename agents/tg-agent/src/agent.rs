//! One agent at the host, with the calls that all roles share.

use crate::args::Args;
use crate::brief::Brief;
use crate::mcp_config;
use crate::state_path::StatePath;
use crate::usage::{Usage, WorkCost};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tg_host::{Caller, Client, jitter, schema};
use tg_stage::error::outside;
use tg_stage::{Error, Result};

/// The host removes a worker without a heartbeat for 300 s, and only `claim` and `thinking` count as heartbeats.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// A connected agent.
pub struct Agent {
    pub host: Caller,
    /// Its worker id.
    pub me: String,
    pub brief: Brief,
    /// The path of a task through the workflow's states.
    pub path: StatePath,
    /// Tasks that contain others, on which no agent works.
    pub containers: BTreeSet<String>,
    pub usage: Usage,
    pub tags: Vec<String>,
    /// The directory of `usage.json`.
    dir: PathBuf,
    heartbeat: Instant,
    stopping: Arc<AtomicBool>,
}

impl Agent {
    /// Starts the server that the MCP configuration describes and connects.
    pub fn connect(args: &Args, stopping: Arc<AtomicBool>) -> Result<Self> {
        let server = mcp_config::server_command(&args.mcp_config)?;
        let mut host = Caller::new(Client::start(server).map_err(outside)?);
        let brief = Brief::ask(&mut host, args.run.as_deref(), &args.workflow)?;
        let path = StatePath::shortest(&brief.rules, &brief.states).ok_or_else(|| {
            Error::usage(
                format!("workflow {}", brief.workflow),
                "has no path from its initial state over work to success",
            )
        })?;
        let beside = args.mcp_config.parent().map(PathBuf::from);
        let mut agent = Self {
            containers: schema::agent::containers(&mut host).map_err(outside)?,
            host,
            me: args.worker.clone(),
            brief,
            path,
            usage: Usage::new(),
            tags: args.tags.clone(),
            dir: args.dir.clone().or(beside).unwrap_or_default(),
            heartbeat: Instant::now(),
            stopping,
        };
        agent.register()?;
        agent.usage = Usage::new();
        agent.report()?;
        Ok(agent)
    }

    fn register(&mut self) -> Result<()> {
        let (workflow, overlays) = (&self.brief.workflow, &self.brief.overlays);
        let mut arguments = json!({"worker_id": self.me, "tags": self.tags, "workflow": workflow});
        if !overlays.is_empty() {
            arguments["overlays"] = json!(overlays);
        }
        self.call("connect", &arguments).map(|_| ())
    }

    /// Calls a tool of the host.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        self.host.call(tool, arguments).map_err(outside)
    }

    /// The host's list of tasks that match `filter`.
    pub fn tasks(&mut self, filter: &Value) -> Result<Vec<Value>> {
        let answer = self.call("list_tasks", filter)?;
        Ok(answer["tasks"].as_array().cloned().unwrap_or_default())
    }

    /// Changes a task that this agent holds.
    pub fn update(&mut self, task: &str, mut change: Value) -> Result<()> {
        change["worker_id"] = json!(self.me);
        change["task"] = json!(task);
        self.call("update", &change).map(|_| ())
    }

    pub fn attach(&mut self, task: &str, kind: &str, content: &str) -> Result<()> {
        let arguments = json!({"agent": self.me, "task": task, "type": kind, "content": content});
        self.call("attach", &arguments).map(|_| ())
    }

    /// True once a signal asked this agent to exit.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// True if no task of this run waits or is in work. Containers do not count: under some workflows no agent ever
    /// closes them.
    pub fn is_over(&mut self) -> Result<bool> {
        let states = &self.brief.states;
        let open = [&states.initial, &states.assigned, &states.timed];
        let open = open.into_iter().flatten();
        let is_open = schema::agent::has_task_in(&mut self.host, &self.brief.run, open);
        Ok(!is_open.map_err(outside)?)
    }

    /// Sleeps for a time on the clock, keeping the heartbeat; false if stopped meanwhile.
    pub fn rest(&mut self, clock_ms: f64) -> Result<bool> {
        let until = Instant::now() + Duration::from_secs_f64(clock_ms.max(0.0) / 1000.0);
        while !self.is_stopping() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(true);
            }
            if self.heartbeat.elapsed() > HEARTBEAT {
                self.think("still at it")?;
            }
            sleep(left.min(Duration::from_millis(10)));
        }
        Ok(false)
    }

    /// Waits a little after finding no work, for a random time, so that agents do not look in step.
    pub fn poll(&mut self) -> Result<()> {
        let model = &self.brief.model;
        let cost = WorkCost::of_reading(model, model.poll_tokens); // of no task: only `usage.json` has it
        self.usage.add(&cost);
        self.usage.polls += 1;
        let mean = model.poll_ms;
        self.rest(mean * jitter(500, 1500) as f64 / 1000.0)
            .map(|_| ())
    }

    /// Sends the heartbeat with a thought, which other agents can read.
    pub fn think(&mut self, thought: &str) -> Result<()> {
        self.heartbeat = Instant::now();
        let arguments = json!({"agent": self.me, "thought": format!("simulated: {thought}")});
        self.call("thinking", &arguments).map(|_| ())
    }

    /// Claims a task that is in `state`, so that it is in work; false if another agent was faster, which costs time.
    ///
    /// If a workflow has several timed states the host's `claim` picks one at random, so the task is moved state by
    /// state there.
    pub fn claim(&mut self, task: &str, state: &str) -> Result<bool> {
        self.heartbeat = Instant::now();
        let claimed = if self.brief.states.timed.len() == 1 {
            let arguments = json!({"worker_id": self.me, "task": task});
            self.host.call("claim", &arguments)
        } else {
            self.move_to_work(task, state)
        };
        match claimed {
            Ok(_) => Ok(true),
            Err(error) if is_infrastructure(&error.cause) => Err(outside(error)),
            Err(error) => {
                if error.cause.contains("Agent not found") {
                    self.register()?; // the host removed it meanwhile
                }
                self.usage.lost_claims += 1;
                self.rest(self.brief.model.lost_claim_s * 1000.0 * self.brief.model.time_scale)?;
                Ok(false)
            }
        }
    }

    fn move_to_work(&mut self, task: &str, state: &str) -> Result<Value, tg_host::Error> {
        let waiting = &self.path.waiting;
        let at = waiting.iter().position(|waiting| waiting == state);
        let skipped = at.map_or(waiting.len(), |at| at + 1);
        let waiting = waiting.iter().skip(skipped);
        let states: Vec<String> = waiting.chain(self.path.timed.first()).cloned().collect();
        let mut answer = Value::Null;
        let mut left = state.to_string();
        for next in states {
            self.satisfy(task, &format!("status:{left}"))
                .map_err(|error| tg_host::Error::new("attach", error))?;
            let arguments = json!({"worker_id": self.me, "task": task, "status": next});
            answer = self.host.call("update", &arguments)?;
            left = next;
        }
        Ok(answer)
    }

    /// Attaches what the gates under `key` (`status:working`, `phase:design`) ask for, advisory gates too.
    pub fn satisfy(&mut self, task: &str, key: &str) -> Result<()> {
        let gates = self.brief.rules.gates.get(key).into_iter().flatten();
        let mut kinds: Vec<String> = gates.map(|gate| gate.kind.clone()).collect();
        if !self.brief.knows_gates {
            let open = self.call("check_gates", &json!({"task": task}))?;
            let gates = open["gates"].as_array().into_iter().flatten();
            kinds = gates
                .filter_map(|gate| Some(gate["type"].as_str()?.into()))
                .collect();
        }
        for kind in kinds {
            let content = format!("simulated: {kind} by {} in run {}", self.me, self.brief.run);
            self.attach(task, &kind, &content)?;
        }
        Ok(())
    }

    /// Logs the cost of some work, and the faults made (or, negative, found), on `task`, on which no other agent logs now.
    pub fn log(&mut self, task: &str, cost: &WorkCost, faults: i64) -> Result<()> {
        self.usage.add(cost);
        let WorkCost {
            tokens_in,
            tokens_out,
            tokens_cached,
            cost_usd,
        } = *cost;
        let values = [tokens_in, tokens_out, tokens_cached, 0, 0, 0, faults];
        let arguments =
            json!({"agent": self.me, "task": task, "cost_usd": cost_usd, "values": values});
        self.call("log_metrics", &arguments).map(|_| ())
    }

    /// Writes `usage.json`.
    pub fn report(&mut self) -> Result<()> {
        self.usage.calls = self.host.calls;
        self.usage.locked = self.host.locked;
        self.usage.save(&self.dir)
    }

    /// Disconnects; only with nothing claimed, or the host would put it back without a trace.
    pub fn leave(mut self) -> Result<()> {
        self.call("disconnect", &json!({"worker_id": self.me}))
            .map(|_| ())
    }
}

/// True for failures that say nothing about the task.
fn is_infrastructure(cause: &str) -> bool {
    let signs = [
        "database is locked",
        "the host ended",
        "no answer from the host",
        "the host is gone",
    ];
    signs.iter().any(|sign| cause.contains(sign))
}
