//! A run as its log has it: the tasks that count, its begin and end, and sums over its stories.

use super::bound::Bound;
use super::log::Call;
use super::plan::{Class, Plan};
use super::replay::stories;
use super::story::{Moment, Span, Story};
use super::waits::{Wait, waits};
use std::collections::{BTreeMap, BTreeSet};

/// Facts recorded beside the host's own tables; milliseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub struct Recorded {
    /// The first agent's start.
    pub started: i64,
    /// When the run was over or given up.
    pub ended: i64,
}

/// A run as its log has it.
pub struct Run<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// All tasks that can still be seen, by id.
    pub stories: BTreeMap<String, Story<'a>>,
    /// The tasks that count as work.
    pub work: Vec<Story<'a>>,
    /// The workers that connected.
    pub workers: BTreeSet<String>,
    /// The moment it ended.
    pub end: Bound,
    /// The end of its last task; none while one is open.
    pub done: Option<Bound>,
    /// The creation of its first task.
    pub created: Option<Bound>,
    /// The waits of the tasks that were started.
    pub waits: Vec<Wait>,
    /// The log.
    pub calls: &'a [Call],
    /// The facts recorded beside the host's tables.
    pub recorded: Option<Recorded>,
}

impl<'a> Run<'a> {
    /// The run of `plan` that `calls` made.
    pub fn of(plan: &'a Plan, calls: &'a [Call], recorded: Option<Recorded>) -> Self {
        let stories = stories(plan, calls);
        let connected = calls.iter().filter(|call| call.kind == "connect");
        let mut run = Self {
            plan,
            work: Vec::new(),
            workers: connected.map(|call| call.actor.clone()).collect(),
            end: recorded.map_or_else(|| last_event(calls), |run| Bound::exactly(run.ended as f64)),
            done: None,
            created: None,
            waits: Vec::new(),
            calls,
            recorded,
            stories,
        };
        let work = run.stories.values().filter(|story| run.is_work(story));
        run.work = work.cloned().collect();
        run.created = run.work.iter().map(Story::created).reduce(Bound::min);
        if run.work.iter().all(Story::is_over) {
            run.done = run
                .work
                .iter()
                .map(|story| story.now().at)
                .reduce(Bound::max);
        }
        run.waits = waits(plan, &run.stories, &run.work);
        run
    }

    /// True if a worker's role is to hand out work.
    pub fn leads(&self, worker: &str) -> bool {
        self.plan.leads.iter().any(|lead| lead == worker)
    }

    /// Neither deleted, nor a container without work of its own, nor part of the machinery.
    fn is_work(&self, story: &Story) -> bool {
        let by_worker = |moment: &Moment| {
            let worker = moment.worker.as_deref();
            moment.class == Class::Timed && worker.is_some_and(|worker| !self.leads(worker))
        };
        let id = story.item.id.as_str();
        let is_container = self.plan.children(id).next().is_some();
        !story.is_deleted
            && !id.starts_with("_lock:")
            && (!is_container || story.moments.iter().any(by_worker))
    }

    /// The wall clock, in milliseconds; none where no task counts.
    pub fn wall(&self) -> Option<Bound> {
        Some((self.done.unwrap_or(self.end) - self.created?).not_negative())
    }

    /// Tasks that came to a good end.
    pub fn completed(&self) -> impl Iterator<Item = &Story<'a>> {
        self.work.iter().filter(|story| story.is_completed())
    }

    /// The share of tasks of which `is_one` is true.
    pub fn share(&self, is_one: impl Fn(&Story) -> bool) -> Option<Bound> {
        let ones = self.work.iter().filter(|story| is_one(story));
        Bound::count(ones.count()).over(Bound::count(self.work.len()))
    }

    /// So many in the wall clock, by the hour.
    pub fn per_hour(&self, things: f64) -> Option<Bound> {
        Bound::exactly(things * 3_600_000.0).over(self.wall()?)
    }

    /// Time in the spans that `is_meant` picks from each story, in milliseconds.
    pub fn spent(&self, is_meant: impl Fn(&Story, &Span) -> bool) -> Bound {
        let of = |story: &Story| -> Bound {
            let spans = story.spans(self.end);
            let meant = spans.iter().filter(|span| is_meant(story, span));
            meant.map(Span::length).sum()
        };
        self.work.iter().map(of).sum()
    }

    /// Time in states of the classes that `is_meant` picks, in milliseconds.
    pub fn stretched(&self, is_meant: impl Fn(Class) -> bool) -> Bound {
        let key = |moment: &Moment| is_meant(moment.class).then_some(());
        let stretches = self
            .work
            .iter()
            .flat_map(|story| story.stretches(self.end, key));
        stretches
            .map(|((), from, to)| (to - from).not_negative())
            .sum()
    }

    /// Cost logged on any task, in USD; none where nothing was logged.
    pub fn cost(&self) -> Option<Bound> {
        let logged: f64 = self.calls.iter().map(|call| call.cost_usd).sum();
        (logged > 0.0).then_some(Bound::exactly(logged))
    }

    /// The sum of a slot over all that was logged.
    pub fn slot(&self, slot: usize) -> Option<Bound> {
        let logged = self.calls.iter().filter_map(|call| call.values.get(slot));
        Some(Bound::exactly(logged.sum::<i64>() as f64))
    }

    /// Tokens in and out; none where none were logged.
    pub fn tokens(&self) -> Option<Bound> {
        let tokens = self.slot(0)? + self.slot(1)?;
        (tokens.low > 0.0).then_some(tokens)
    }

    /// The longest chain of work, in milliseconds; a task that waits for a container waits for all in it.
    pub fn critical_path(&self) -> Bound {
        let mut known = BTreeMap::new();
        let chains = self.plan.items.keys().map(|id| self.chain(id, &mut known));
        chains
            .collect::<Vec<_>>()
            .into_iter()
            .fold(Bound::ZERO, Bound::max)
    }

    /// The longest chain that ends with this task or in this container.
    fn chain(&self, id: &'a str, known: &mut BTreeMap<&'a str, Bound>) -> Bound {
        if let Some(chain) = known.get(id) {
            return *chain;
        }
        let before: Vec<&str> = self.plan.predecessors(id).collect();
        let before = before.into_iter().map(|id| self.chain(id, known));
        let before = before
            .collect::<Vec<_>>()
            .into_iter()
            .fold(Bound::ZERO, Bound::max);
        let own = self.work.iter().filter(|story| story.item.id == id);
        let own = own.flat_map(|story| {
            story
                .timed(self.end)
                .iter()
                .map(Span::length)
                .collect::<Vec<_>>()
        });
        let mut chain = before + own.sum();
        for child in self.plan.children(id).collect::<Vec<_>>() {
            chain = chain.max(self.chain(child, known));
        }
        known.insert(id, chain);
        chain
    }
}

/// The last call that touched a task. A thought that names no task may have touched those its worker holds.
fn last_event(calls: &[Call]) -> Bound {
    let touches = |call: &&Call| {
        let by_kind = matches!(
            call.kind.as_str(),
            "status" | "phase" | "log_metrics" | "thinking" | "delete"
        );
        (by_kind && call.task.is_some()) || !call.made.is_empty() || call.kind == "evicted"
    };
    let may_touch = |call: &&Call| touches(call) || call.kind == "thinking";
    let last = calls.iter().filter(touches).map(|call| call.t0).max();
    let latest = calls.iter().filter(may_touch).map(|call| call.t1).max();
    Bound::between(last.unwrap_or(0) as f64, latest.unwrap_or(0) as f64)
}
