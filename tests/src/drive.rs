//! Driving the real host by a script, with every call in a log.
//!
//! Sealed as the tools do it, one server process per worker, raw MCP over stdio. A script is a line for each call, `WHO
//! VERB ARGUMENTS`; a `!` in front says that the host must refuse it. The log has the format of [`crate::truth::log`]. Calls
//! come one after the other, so that what is uncertain about a moment is how long its call took; a pause after each makes
//! the times between longer than that.

use crate::Lab;
use crate::truth::{Plan, log, plan::Class, plan::Kind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tg_host::{Client, Host, Seal};

/// How long a driver waits after each call that changes a state.
pub const PAUSE: Duration = Duration::from_millis(25);

/// A host, its workers and their log.
pub struct Drive {
    /// The directory of it all; the database is `tasks.db` in it.
    pub lab: Lab,
    /// What is to be done.
    pub plan: Plan,
    /// The log so far.
    pub lines: Vec<Value>,
    workflow: String,
    overlays: Vec<String>,
    host: Host,
    seal: Seal,
    clients: BTreeMap<String, Client>,
}

/// Milliseconds since the epoch.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

impl Drive {
    /// A host with the tasks of `plan`, made by `lead`, who is connected.
    ///
    /// # Panics
    /// If the host is not there or refuses something; so do all calls below.
    pub fn new(workflow: &str, overlays: &[&str], plan: Plan) -> Self {
        let lab = Lab::new();
        let host = Host::find().expect("the host; scripts/install-host builds it");
        let seal = Seal::new(&lab.path(""), &lab.path("tasks.db")).expect("a seal");
        let overlays: Vec<String> = overlays.iter().map(ToString::to_string).collect();
        let files = tg_host::Workflow::load(&host, workflow, None, &overlays);
        seal.write(workflow, &files.expect("a workflow").texts())
            .expect("a configuration");
        tg_host::empty::create(&host, &lab.path("tasks.db")).expect("an empty database");
        let mut drive = Self {
            lab,
            plan,
            lines: Vec::new(),
            workflow: workflow.into(),
            overlays,
            host,
            seal,
            clients: BTreeMap::new(),
        };
        drive.start("lead");
        drive.step("lead connect");
        drive.make();
        drive
    }

    /// Start a worker's server.
    pub fn start(&mut self, who: &str) {
        let t0 = now();
        let client = Client::start(self.seal.command(&self.host, who)).expect("a server");
        self.clients.insert(who.into(), client);
        self.note(t0, who, "start", &json!({}));
    }

    /// Play a script; each worker connects before its first line.
    pub fn play(&mut self, script: &str) {
        for line in script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let who = line
                .trim_start_matches('!')
                .split(' ')
                .next()
                .unwrap_or_default();
            if !self.clients.contains_key(who) && !line.contains("replaces") {
                self.start(who);
                if !line.contains(" connect") {
                    self.step(&format!("{who} connect"));
                }
            }
            self.step(line);
            sleep(PAUSE);
        }
    }

    /// Make the planned tasks that no line of a script creates: those in a container or with tasks of their own.
    fn make(&mut self) {
        let inside: Vec<String> = self
            .plan
            .of_kind(Kind::Contains)
            .map(|edge| edge.to.clone())
            .collect();
        let tops: Vec<String> = self
            .plan
            .items
            .keys()
            .filter(|id| !inside.contains(id) && self.plan.children(id).next().is_some())
            .cloned()
            .collect();
        for top in tops {
            let tree = self.tree(&top);
            let answer = self.call(
                "lead",
                "create_tree",
                &json!({"tree": tree}),
                "create_tree",
                &json!({"task": top}),
            );
            answer.expect("create_tree");
        }
        for edge in self.plan.edges.clone() {
            let kind = match edge.kind {
                Kind::Contains => continue,
                Kind::Follows => "follows",
                Kind::Blocks => "blocks",
                Kind::Related => "relates-to",
            };
            let link = json!({"agent": "lead", "from": edge.from, "to": edge.to, "type": kind});
            self.call("lead", "link", &link, "link", &json!({}))
                .expect("link");
        }
        sleep(PAUSE);
    }

    fn tree(&self, id: &str) -> Value {
        let mut node = self.node(id);
        let children: Vec<Value> = self
            .plan
            .children(id)
            .map(|child| self.tree(child))
            .collect();
        if !children.is_empty() {
            node["children"] = children.into();
        }
        node
    }

    fn node(&self, id: &str) -> Value {
        let item = &self.plan.items[id];
        let mut node = json!({"id": id, "title": item.title});
        let known = [
            ("points", item.points.map(Value::from)),
            ("time_estimate_ms", item.estimate_ms.map(Value::from)),
            ("phase", item.phase.clone().map(Value::from)),
            (
                "needed_tags",
                (!item.needs.is_empty()).then(|| item.needs.clone().into()),
            ),
        ];
        for (key, value) in known {
            if let Some(value) = value {
                node[key] = value;
            }
        }
        node
    }

    /// One line of a script.
    fn step(&mut self, line: &str) {
        let is_refused = line.starts_with('!');
        let words: Vec<&str> = line.trim_start_matches('!').split_whitespace().collect();
        let [who, verb, rest @ ..] = words.as_slice() else {
            panic!("`{line}`: no such line in a script");
        };
        let answer = self.act(who, verb, rest);
        assert_eq!(answer.is_err(), is_refused, "`{line}`: {answer:?}");
    }

    fn act(&mut self, who: &str, verb: &str, rest: &[&str]) -> tg_host::Result<Value> {
        let words: Vec<String> = rest.iter().map(ToString::to_string).collect();
        let word = |at: usize| words.get(at).cloned().unwrap_or_default();
        let (first, second) = (word(0), word(1));
        let by = |more: Value| merged(json!({"worker_id": who, "task": first}), more);
        let as_agent = |more: Value| merged(json!({"agent": who, "task": first}), more);
        let task = json!({"task": first});
        let numbers: Vec<i64> = words
            .iter()
            .skip(2)
            .filter_map(|word| word.parse().ok())
            .collect();
        let cost: f64 = second.parse().unwrap_or(0.0);
        let (tool, arguments, kind, told) = match verb {
            "connect" => return self.connect(who, &first, false),
            "reconnect" => return self.connect(who, "1", true),
            "replaces" => return self.replace(who, &first),
            "falls" => return self.fall_silent(&first),
            "claim" => ("claim", by(json!({})), "status", task),
            "steals" => ("claim", by(json!({"force": true})), "status", task),
            "puts" => {
                let more = json!({"status": second, "force": true});
                (
                    "update",
                    by(more),
                    "status",
                    merged(task, json!({"status": second})),
                )
            }
            "hands" => {
                let more = json!({"status": self.plan.initial(), "phase": second, "force": true});
                ("update", by(more.clone()), "status", merged(task, more))
            }
            "cascades" => {
                let more = json!({"status": "cancelled", "cascade": true});
                (
                    "update",
                    by(more),
                    "status",
                    merged(task, json!({"status": "cancelled"})),
                )
            }
            "assigns" => {
                let more = json!({"status": "assigned", "worker": second});
                (
                    "update",
                    by(json!({"assignee": second})),
                    "status",
                    merged(task, more),
                )
            }
            "logs" => {
                let more = json!({"cost_usd": cost, "values": numbers});
                (
                    "log_metrics",
                    as_agent(more.clone()),
                    "log_metrics",
                    merged(task, more),
                )
            }
            "thinks" => {
                let thought = json!({"agent": who, "thought": "on it", "tasks": [first]});
                ("thinking", thought, "thinking", task)
            }
            "attaches" => {
                let more = json!({"type": second, "content": "done"});
                ("attach", as_agent(more), "attach", task)
            }
            "marks" => {
                let more = json!({"file": second});
                (
                    "mark_file",
                    as_agent(more.clone()),
                    "mark_file",
                    merged(task, more),
                )
            }
            "unmarks" => ("unmark_file", as_agent(json!({})), "unmark_file", task),
            "creates" => {
                let node = merged(self.node(&first), json!({"parent": second}));
                (
                    "create",
                    node,
                    "create",
                    merged(task, json!({"all_ids": [first]})),
                )
            }
            "deletes" => ("delete", by(json!({})), "delete", task),
            "obliterates" => (
                "delete",
                by(json!({"obliterate": true, "force": true})),
                "obliterate",
                task,
            ),
            "leaves" => return self.leave(who, &first),
            "expires" => (
                "cleanup_stale",
                json!({"worker_id": first}),
                "expire",
                json!({"worker": first}),
            ),
            _ => panic!("{verb}: no such verb"),
        };
        self.call(who, tool, &arguments, kind, &told)
    }

    fn connect(&mut self, who: &str, claims: &str, force: bool) -> tg_host::Result<Value> {
        let claims: i64 = claims.parse().unwrap_or(1);
        let arguments = json!({"worker_id": who, "tags": ["worker"], "workflow": self.workflow,
            "overlays": self.overlays, "max_claims": claims, "force": force});
        let kind = if force { "reconnect" } else { "connect" };
        self.call(who, "connect", &arguments, kind, &json!({"worker": who}))
    }

    fn leave(&mut self, who: &str, state: &str) -> tg_host::Result<Value> {
        let mut arguments = json!({"worker_id": who});
        let mut told = json!({"worker": who});
        if !state.is_empty() {
            arguments["final_status"] = state.into();
            told["status"] = state.into();
        }
        let answer = self.call(who, "disconnect", &arguments, "disconnect", &told);
        self.clients.remove(who);
        answer
    }

    /// Forge the silence of a worker: as if it had been heard last 400 s ago. No call is under way.
    fn fall_silent(&mut self, worker: &str) -> tg_host::Result<Value> {
        let db = rusqlite::Connection::open(self.lab.path("tasks.db")).expect("the database");
        let sql = "UPDATE workers SET last_heartbeat = last_heartbeat - 400000 WHERE id = ?1";
        assert_eq!(
            db.execute(sql, [worker]).expect("a heartbeat"),
            1,
            "{worker}"
        );
        Ok(Value::Null)
    }

    /// A new worker whose server, by starting, puts out the one that is silent.
    fn replace(&mut self, who: &str, silent: &str) -> tg_host::Result<Value> {
        let t0 = now();
        self.start(who);
        let answer = self.connect(who, "1", false);
        self.note(t0, who, "evicted", &json!({"worker": silent}));
        answer
    }

    /// Make a call and log it with what is `told` of it and what its answer adds.
    fn call(
        &mut self,
        who: &str,
        tool: &str,
        arguments: &Value,
        kind: &str,
        told: &Value,
    ) -> tg_host::Result<Value> {
        let client = self
            .clients
            .get_mut(who)
            .unwrap_or_else(|| panic!("{who} has no server"));
        let t0 = now();
        let answer = client.call(tool, arguments);
        let t1 = now();
        let mut line = json!({"t0": t0, "t1": t1, "actor": who, "tool": tool, "ok": answer.is_ok(), "kind": kind, "task": null});
        line = merged(line, told.clone());
        match &answer {
            Err(error) => line["error"] = error.cause.as_str().into(),
            Ok(answer) => {
                for key in [
                    "auto_completed",
                    "cascaded",
                    "all_ids",
                    "unblocked",
                    "gate_warnings",
                ] {
                    if let Some(value) = answer.get(key) {
                        line[key] = value.clone();
                    }
                }
                if let Some(state) = answer["task"]["status"].as_str() {
                    line["status"] = state.into(); // what a claim came to
                }
                let is_timed = line["status"]
                    .as_str()
                    .is_some_and(|state| self.plan.class(state) == Class::Timed);
                if kind == "status" && is_timed {
                    line["worker"] = who.into();
                }
            }
        }
        self.lines.push(line);
        answer
    }

    /// Log what was no call.
    fn note(&mut self, t0: i64, who: &str, kind: &str, told: &Value) {
        let line = json!({"t0": t0, "t1": now(), "actor": who, "tool": null, "ok": true, "kind": kind, "task": null});
        self.lines.push(merged(line, told.clone()));
    }

    /// End all servers; the calls that succeeded, read back from the log's file.
    pub fn end(&mut self) -> Vec<log::Call> {
        self.clients.clear();
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        let path = self.lab.write("truth.jsonl", &text);
        log::read(&std::fs::read_to_string(path).expect("the log"))
    }

    /// The workflow configuration as the tools keep it with a run.
    pub fn config(&self) -> Value {
        let workflow = tg_host::Workflow::load(&self.host, &self.workflow, None, &self.overlays);
        workflow.expect("a workflow").snapshot(&self.host)
    }
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}
