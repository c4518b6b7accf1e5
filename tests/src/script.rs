//! Scripts of workers' calls, one line per call.
//!
//! `WORKER VERB ARGUMENTS`, such as `w1 claims a`. A `!` in front says that the host must refuse it. A worker that is named
//! for the first time gets a server and connects. After each line comes a pause, so that the times between calls are longer
//! than their uncertainty. Ids have no blanks here; a task that a plan renamed keeps its old name.

use crate::drive::{Drive, below, merged, now};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;
use tg_host::Result;

/// The pause after each line.
pub const PAUSE: Duration = Duration::from_millis(25);

/// Connects `lead`, makes the planned tasks, and plays `script`.
///
/// # Panics
/// If the host refuses a call it must accept, or accepts one it must refuse.
pub fn play(drive: &mut Drive, script: &str) {
    drive.start("lead");
    line(drive, "lead connects");
    drive.make();
    sleep(PAUSE);
    for text in script
        .lines()
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        let worker = text
            .trim_start_matches('!')
            .split(' ')
            .next()
            .unwrap_or_default();
        if !drive.is_here(worker) && !text.contains(" replaces ") {
            drive.start(worker);
            if !text.contains(" connects") {
                line(drive, &format!("{worker} connects"));
            }
        }
        line(drive, text);
        sleep(PAUSE);
    }
}

fn line(drive: &mut Drive, text: &str) {
    let words: Vec<&str> = text.trim_start_matches('!').split_whitespace().collect();
    let [worker, verb, rest @ ..] = words.as_slice() else {
        panic!("`{text}`: no such line in a script");
    };
    let answer = Line {
        drive,
        worker,
        rest,
    }
    .act(verb);
    assert_eq!(
        answer.is_err(),
        text.starts_with('!'),
        "`{text}`: {answer:?}"
    );
}

/// The line being played.
struct Line<'d> {
    drive: &'d mut Drive,
    worker: &'d str,
    rest: &'d [&'d str],
}

impl Line<'_> {
    fn word(&self, at: usize) -> String {
        let word = self.rest.get(at).copied().unwrap_or_default();
        self.drive.plan.renamed(word).to_string()
    }

    fn act(&mut self, verb: &str) -> Result<Value> {
        let second = self.word(1);
        match verb {
            "connects" => self.connect(self.word(0).parse().unwrap_or(1)),
            "reconnects" => {
                let again = merged(self.drive.as_worker(self.worker), json!({"force": true}));
                let known = json!({"worker": self.worker});
                self.call("connect", &again, "reconnect", &known)
            }
            "leaves" => self.leave(),
            "expires" => {
                let worker = json!({"worker_id": self.word(0)});
                let known = json!({"worker": self.word(0)});
                self.call("cleanup_stale", &worker, "expire", &known)
            }
            "fades" => {
                self.drive.silence(self.worker);
                Ok(Value::Null)
            }
            "waits" => {
                sleep(PAUSE * 3);
                Ok(Value::Null)
            }
            "replaces" => self.replace(),
            "claims" => self.change("claim", &json!({}), &json!({})),
            "steals" => self.change("claim", &json!({"force": true}), &json!({})),
            "puts" => self.change(
                "update",
                &json!({"status": second, "force": true}),
                &json!({"status": second}),
            ),
            "hands" => {
                let known = json!({"status": self.drive.plan.initial(), "phase": second});
                self.change(
                    "update",
                    &merged(known.clone(), json!({"force": true})),
                    &known,
                )
            }
            "cascades" => {
                let known = json!({"status": "cancelled"});
                self.change(
                    "update",
                    &merged(known.clone(), json!({"cascade": true})),
                    &known,
                )
            }
            "assigns" => self.change(
                "update",
                &json!({"assignee": second}),
                &json!({"status": "assigned", "worker": second}),
            ),
            "reassigns" => {
                let more = json!({"assignee": second, "force": true});
                let known = json!({"status": "assigned", "worker": second});
                self.change("update", &more, &known)
            }
            "renames" => {
                let names =
                    json!({"worker_id": self.worker, "task": self.word(0), "new_id": second});
                self.call(
                    "rename",
                    &names,
                    "rename",
                    &json!({"task": self.word(0), "id": second}),
                )
            }
            "creates" => {
                let node = merged(self.drive.node(&self.word(0)), json!({"parent": second}));
                self.call(
                    "create",
                    &node,
                    "create",
                    &json!({"task": self.word(0), "all_ids": [self.word(0)]}),
                )
            }
            "links" => {
                let edge = json!({"agent": self.worker, "from": self.word(0), "to": second, "type": "blocks"});
                self.call("link", &edge, "link", &json!({}))
            }
            "deletes" if second == "cascade" => {
                let all = below(&self.drive.plan, &self.word(0));
                let task = json!({"worker_id": self.worker, "task": self.word(0), "cascade": true});
                self.call(
                    "delete",
                    &task,
                    "delete",
                    &json!({"task": self.word(0), "cascaded": all}),
                )
            }
            "deletes" => self.delete("delete", &json!({"force": second == "force"})),
            "obliterates" => self.delete("obliterate", &json!({"obliterate": true, "force": true})),
            _ => self.by_agent(verb),
        }
    }

    /// Calls that change no state.
    fn by_agent(&mut self, verb: &str) -> Result<Value> {
        let agent = json!({"agent": self.worker, "task": self.word(0)});
        let (tool, more) = match verb {
            "logs" => {
                let values: Vec<i64> = self
                    .rest
                    .iter()
                    .skip(2)
                    .filter_map(|word| word.parse().ok())
                    .collect();
                let cost: f64 = self.word(1).parse().unwrap_or(0.0);
                ("log_metrics", json!({"cost_usd": cost, "values": values}))
            }
            "attaches" => ("attach", json!({"type": self.word(1), "content": "done"})),
            "marks" => ("mark_file", json!({"file": self.word(1)})),
            "unmarks" => ("unmark_file", json!({})),
            "thinks" => (
                "thinking",
                json!({"thought": "on it", "tasks": [self.word(0)]}),
            ),
            _ => panic!("{verb}: no such verb"),
        };
        let known = merged(json!({"task": self.word(0)}), more.clone());
        self.call(tool, &merged(agent, more), tool, &known)
    }

    fn change(&mut self, tool: &str, more: &Value, known: &Value) -> Result<Value> {
        let task = json!({"worker_id": self.worker, "task": self.word(0)});
        let known = merged(json!({"task": self.word(0)}), known.clone());
        self.call(tool, &merged(task, more.clone()), "status", &known)
    }

    fn delete(&mut self, kind: &str, more: &Value) -> Result<Value> {
        let task = json!({"worker_id": self.worker, "task": self.word(0)});
        self.call(
            "delete",
            &merged(task, more.clone()),
            kind,
            &json!({"task": self.word(0)}),
        )
    }

    fn connect(&mut self, claims: i64) -> Result<Value> {
        let new = merged(
            self.drive.as_worker(self.worker),
            json!({"max_claims": claims}),
        );
        self.call("connect", &new, "connect", &json!({"worker": self.worker}))
    }

    fn leave(&mut self) -> Result<Value> {
        let (mut left, mut known) = (
            json!({"worker_id": self.worker}),
            json!({"worker": self.worker}),
        );
        if let Some(state) = self.rest.first() {
            left["final_status"] = (*state).into();
            known["status"] = (*state).into();
        }
        let answer = self.call("disconnect", &left, "disconnect", &known);
        self.drive.stop(self.worker);
        answer
    }

    /// A new worker, whose server evicts a silent one by starting.
    fn replace(&mut self) -> Result<Value> {
        let t0 = now();
        self.drive.start(self.worker);
        let answer = self.connect(1);
        let silent = self.word(0);
        self.drive
            .note(t0, self.worker, "evicted", &json!({"worker": silent}));
        answer
    }

    fn call(&mut self, tool: &str, arguments: &Value, kind: &str, known: &Value) -> Result<Value> {
        self.drive.call(self.worker, tool, arguments, kind, known)
    }
}
