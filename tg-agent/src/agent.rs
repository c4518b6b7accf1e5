//! One agent at the host: the calls that all roles share.

use crate::args::Args;
use crate::brief::{Brief, PAGE, literal, query};
use crate::path::{self, Path};
use crate::script::{LEGS, Step, tag_of};
use crate::server;
use crate::task::Task;
use crate::usage::{Spent, Usage};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
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
    /// The way of a task through the workflow's states.
    pub path: Path,
    /// Tasks that contain others, on which nobody works.
    pub containers: BTreeSet<String>,
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
        let client = Client::start(server::command(&args.mcp_config)?).map_err(outside)?;
        let mut host = Caller::new(client);
        let brief = Brief::ask(&mut host, args.run.as_deref(), &args.workflow)?;
        let path = path::find(&brief.rules, &brief.states).ok_or_else(|| {
            Error::usage(
                format!("workflow {}", brief.workflow),
                "has no way from its initial state over work to success",
            )
        })?;
        let beside = args
            .mcp_config
            .parent()
            .map(PathBuf::from)
            .unwrap_or_default();
        let mut agent = Self {
            containers: containers(&mut host)?,
            host,
            me: args.worker.clone(),
            brief,
            path,
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

    /// Change a task that is ours.
    pub fn update(&mut self, task: &str, mut change: Value) -> Result<()> {
        change["worker_id"] = json!(self.me);
        change["task"] = json!(task);
        self.call("update", &change).map(|_| ())
    }

    /// Attach an artifact.
    pub fn attach(&mut self, task: &str, kind: &str, content: &str) -> Result<()> {
        let arguments = json!({"agent": self.me, "task": task, "type": kind, "content": content});
        self.call("attach", &arguments).map(|_| ())
    }

    /// Whether the launcher wants us gone.
    pub fn is_told_to_stop(&self) -> bool {
        self.told_to_stop.load(Ordering::Relaxed)
    }

    /// Whether nothing of this run waits and nothing is being worked on. Containers do not count: under some workflows
    /// nobody ever closes them.
    pub fn is_over(&mut self) -> Result<bool> {
        let states = &self.brief.states;
        let live: Vec<String> = [&states.initial, &states.assigned, &states.timed]
            .into_iter()
            .flatten()
            .map(|state| literal(state))
            .collect();
        let sql = format!(
            "SELECT id FROM tasks WHERE status IN ({}) AND deleted_at IS NULL {} AND id NOT IN
             (SELECT from_task_id FROM dependencies WHERE dep_type = 'contains') LIMIT 1",
            live.join(","),
            self.brief.scope()
        );
        Ok(query(&mut self.host, &sql).map_err(outside)?.is_empty())
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

    /// Having found nothing to do, wait a little before looking again, not in step with the others.
    pub fn poll(&mut self) -> Result<()> {
        let model = &self.brief.model;
        let spent = Spent::reading(model, model.poll_tokens); // of no task: only our own report has it
        self.usage.add(&spent);
        self.usage.polls += 1;
        let mean = model.poll_ms;
        self.rest(mean * jitter(500, 1500) as f64 / 1000.0)
            .map(|_| ())
    }

    /// The heartbeat, and what others see us doing.
    pub fn think(&mut self, thought: &str) -> Result<()> {
        self.heard = Instant::now();
        let arguments = json!({"agent": self.me, "thought": format!("simulated: {thought}")});
        self.call("thinking", &arguments).map(|_| ())
    }

    /// Take a task that is in `state` and begin to work on it; false if somebody else was quicker, which costs time.
    ///
    /// Where a workflow has several timed states the host's `claim` picks one at random, so the task is moved state by
    /// state there.
    pub fn take(&mut self, task: &str, state: &str) -> Result<bool> {
        self.heard = Instant::now();
        let taken = if self.brief.states.timed.len() == 1 {
            self.host
                .call("claim", &json!({"worker_id": self.me, "task": task}))
        } else {
            self.move_on(task, state)
        };
        match taken {
            Ok(_) => Ok(true),
            Err(error) if is_infrastructure(&error.cause) => Err(outside(error)),
            Err(error) => {
                if error.cause.contains("Agent not found") {
                    self.register()?; // evicted meanwhile
                }
                self.usage.lost_claims += 1;
                self.rest(self.brief.model.lost_claim_s * 1000.0 * self.brief.model.time_scale)?;
                Ok(false)
            }
        }
    }

    fn move_on(&mut self, task: &str, state: &str) -> Result<Value, tg_host::Error> {
        let at = self
            .path
            .waiting
            .iter()
            .position(|waiting| waiting == state);
        let skipped = at.map_or(self.path.waiting.len(), |at| at + 1);
        let waiting = self.path.waiting.iter().skip(skipped);
        let states: Vec<String> = waiting.chain(self.path.timed.first()).cloned().collect();
        let mut answer = Value::Null;
        let mut left = state.to_string();
        for next in states {
            self.satisfy(task, &format!("status:{left}"))
                .map_err(|error| tg_host::Error::new("attach", error))?;
            answer = self.host.call(
                "update",
                &json!({"worker_id": self.me, "task": task, "status": next}),
            )?;
            left = next;
        }
        Ok(answer)
    }

    /// Attach what the gates under `key` (`status:working`, `phase:design`) ask for, advisory ones too.
    pub fn satisfy(&mut self, task: &str, key: &str) -> Result<()> {
        let mut kinds: Vec<String> = self
            .brief
            .rules
            .gates
            .get(key)
            .into_iter()
            .flatten()
            .map(|gate| gate.kind.clone())
            .collect();
        if !self.brief.knows_gates {
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
            self.attach(task, &kind, &content)?;
        }
        Ok(())
    }

    /// How much faster than an average agent we are at a step: a specialist is one who has just one of the tags.
    pub fn speed(&self, task: &Task, step: &Step) -> f64 {
        let is_special = |tag: &&String| LEGS.iter().any(|(_, special)| special == tag);
        let mut ours = self.tags.iter().filter(is_special);
        let (Some(special), None) = (ours.next(), ours.next()) else {
            return 1.0;
        };
        let asked = step.phase.and_then(tag_of);
        let matches = asked.map_or_else(|| task.needed.contains(special), |asked| asked == special);
        if matches {
            self.brief.model.specialist_speedup
        } else {
            1.0
        }
    }

    /// Log what a piece of work cost, and faults made (or, negative, found), on `task`, on which nobody else logs now.
    pub fn log(&mut self, task: &str, spent: &Spent, faults: i64) -> Result<()> {
        self.usage.add(spent);
        let Spent {
            tokens_in,
            tokens_out,
            tokens_cached,
            cost_usd,
        } = *spent;
        let values = [tokens_in, tokens_out, tokens_cached, 0, 0, 0, faults];
        let arguments =
            json!({"agent": self.me, "task": task, "cost_usd": cost_usd, "values": values});
        self.call("log_metrics", &arguments).map(|_| ())
    }

    /// Mark the file this task is about and write a few simulated words into it; free it with [`Agent::free_file`].
    pub fn edit_file(&mut self, task: &Task) -> Result<String> {
        let fine = |c: char| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        };
        let safe: String = task.origin.chars().take(100).map(fine).collect();
        let path = std::path::absolute(format!("{}.md", safe.trim_start_matches('.')))
            .map_err(|cause| Error::outside("working directory", cause))?;
        let name = path.to_string_lossy().into_owned();
        self.call(
            "mark_file",
            &json!({"agent": self.me, "file": name, "task": task.id, "reason": "simulated edit"}),
        )?;
        let state = if task.script.faulty {
            "with a fault"
        } else {
            "without a fault"
        };
        file::write(
            &path,
            format!("simulated: nothing was done for {}, {state}\n", task.origin).as_bytes(),
        )?;
        Ok(name)
    }

    /// Free a file marked before.
    pub fn free_file(&mut self, name: &str) -> Result<()> {
        self.call("unmark_file", &json!({"agent": self.me, "file": name}))
            .map(|_| ())
    }

    /// The tasks of this run.
    pub fn task_ids(&mut self) -> Result<Vec<String>> {
        let mut ids: Vec<String> = Vec::new();
        loop {
            let after = ids
                .last()
                .map_or_else(String::new, |last| format!("AND id > {}", literal(last)));
            let scope = self.brief.scope();
            let sql = format!(
                "SELECT id FROM tasks WHERE deleted_at IS NULL {scope} {after} ORDER BY id"
            );
            let rows = query(&mut self.host, &sql).map_err(outside)?;
            ids.extend(
                rows.iter()
                    .filter_map(|row| Some(row["id"].as_str()?.to_string())),
            );
            if rows.len() < PAGE {
                return Ok(ids);
            }
        }
    }

    /// Keep `usage.json`.
    pub fn report(&mut self) -> Result<()> {
        self.usage.calls = self.host.calls;
        self.usage.locked = self.host.locked;
        self.usage.keep(&self.dir)
    }

    /// Leave the host; only with nothing claimed, or the host would put it back without a trace.
    pub fn leave(mut self) -> Result<()> {
        self.call("disconnect", &json!({"worker_id": self.me}))
            .map(|_| ())
    }
}

fn containers(host: &mut Caller) -> Result<BTreeSet<String>> {
    let sql = "SELECT DISTINCT from_task_id AS id FROM dependencies WHERE dep_type = 'contains'";
    let rows = query(host, sql).map_err(outside)?;
    Ok(rows
        .iter()
        .filter_map(|row| Some(row["id"].as_str()?.to_string()))
        .collect())
}

/// Failures that say nothing about the task.
fn is_infrastructure(cause: &str) -> bool {
    let signs = [
        "database is locked",
        "the host ended",
        "no answer from the host",
        "the host is gone",
    ];
    signs.iter().any(|sign| cause.contains(sign))
}
