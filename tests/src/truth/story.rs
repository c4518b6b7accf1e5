//! What each task went through, call by call.
//!
//! This is what happened, also where the host writes no row for it: a stolen task changes hands at that moment, and who
//! leaves or is put out stops working then. How the host books such moments is another matter; [`Story::booked`] follows
//! its rules where a metric is defined by its books.

use super::bound::Bound;
use super::log::Call;
use super::plan::{Class, Item, Plan};
use std::collections::BTreeMap;

/// How a task came into a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Somebody called for it.
    Asked,
    /// The host completed a container whose children were over.
    RolledUp,
    /// Its holder left.
    Left,
    /// Its holder was put out for silence.
    Evicted,
    /// Another worker took it from its holder; the state stayed.
    Stolen,
}

/// A change of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// When.
    pub at: Bound,
    /// Number of the call in the log; tells what was before what.
    pub call: usize,
    /// The state.
    pub state: String,
    /// What it means.
    pub class: Class,
    /// Who holds the task from then on.
    pub who: Option<String>,
    /// The phase it is in.
    pub phase: Option<String>,
    /// How it came about.
    pub how: How,
}

/// A task in one state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span<'a> {
    /// How it began.
    pub moment: &'a Moment,
    /// From.
    pub from: Bound,
    /// To.
    pub to: Bound,
}

impl Span<'_> {
    /// Its length, in milliseconds.
    pub fn length(&self) -> Bound {
        (self.to - self.from).not_negative()
    }
}

/// A task and all its changes.
#[derive(Debug, Clone)]
pub struct Story<'a> {
    /// The task as planned.
    pub item: &'a Item,
    /// Its changes, in order; the first is its creation.
    pub moments: Vec<Moment>,
    /// Whether it was deleted, and can still be seen.
    pub is_deleted: bool,
}

impl Story<'_> {
    /// When it was made.
    pub fn created(&self) -> Bound {
        self.moments[0].at
    }

    /// The state it is in at the end.
    pub fn now(&self) -> &Moment {
        &self.moments[self.moments.len() - 1]
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.now().class, Class::Success | Class::Failure)
    }

    /// Whether it came to a good end.
    pub fn is_completed(&self) -> bool {
        self.now().class == Class::Success
    }

    /// Its states one after the other; the last lasts until `end` unless the task is over.
    pub fn spans(&self, end: Bound) -> Vec<Span<'_>> {
        let next = |at: usize| match self.moments.get(at + 1) {
            Some(moment) => moment.at,
            None if self.is_over() => self.now().at,
            None => end.max(self.now().at),
        };
        let moments = self.moments.iter().enumerate();
        moments
            .map(|(at, moment)| Span {
                moment,
                from: moment.at,
                to: next(at),
            })
            .collect()
    }

    /// The spans of work.
    pub fn timed(&self, end: Bound) -> Vec<Span<'_>> {
        let mut spans = self.spans(end);
        spans.retain(|span| span.moment.class == Class::Timed);
        spans
    }

    /// The first start of work.
    pub fn first_start(&self) -> Option<&Moment> {
        self.moments
            .iter()
            .find(|moment| moment.class == Class::Timed)
    }

    /// Neighbouring spans to which `key` gives the same answer, joined: what lies between two moments within a stretch is
    /// then no longer uncertain.
    pub fn stretches<'s, K: PartialEq>(
        &'s self,
        end: Bound,
        key: impl Fn(&'s Moment) -> Option<K>,
    ) -> Vec<(K, Bound, Bound)> {
        let mut stretches: Vec<(K, Bound, Bound)> = Vec::new();
        let mut is_open = false;
        for span in self.spans(end) {
            let found = key(span.moment);
            match (found, stretches.last_mut()) {
                (Some(found), Some(last)) if is_open && last.0 == found => last.2 = span.to,
                (Some(found), _) => stretches.push((found, span.from, span.to)),
                (None, _) => {
                    is_open = false;
                    continue;
                }
            }
            is_open = true;
        }
        stretches
    }

    /// The stints that the host books into `time_actual_ms`: from a row of work to the next row, whatever happened without
    /// a row in between, but not a stint whose worker was put out. In milliseconds; none where it books nothing.
    pub fn booked(&self) -> Option<Bound> {
        let rows: Vec<&Moment> = self
            .moments
            .iter()
            .filter(|moment| !matches!(moment.how, How::Left | How::Stolen))
            .collect();
        let closed = rows.windows(2).filter(|pair| pair[0].class == Class::Timed);
        let booked = closed.filter(|pair| pair[1].how != How::Evicted);
        let stints: Vec<Bound> = booked
            .map(|pair| (pair[1].at - pair[0].at).not_negative())
            .collect();
        (!stints.is_empty()).then(|| stints.into_iter().sum())
    }
}

/// The stories of the tasks in a log, by id; obliterated ones are gone.
pub fn stories<'a>(plan: &'a Plan, calls: &[Call]) -> BTreeMap<String, Story<'a>> {
    let mut stories = BTreeMap::new();
    let mut first_names: BTreeMap<&str, &str> = BTreeMap::new();
    for (number, call) in calls.iter().enumerate() {
        let name = call.task.as_deref();
        let name = name.map(|name| first_names.get(name).copied().unwrap_or(name));
        if let (Some(new), Some(name)) = (&call.id, name) {
            first_names.insert(new, name);
        }
        Telling {
            plan,
            stories: &mut stories,
            number,
            call,
            task: name.map(String::from),
        }
        .tell();
    }
    stories
}

/// One call, being told.
struct Telling<'t, 'a> {
    plan: &'a Plan,
    stories: &'t mut BTreeMap<String, Story<'a>>,
    number: usize,
    call: &'t Call,
    /// The task that is meant, by the name it was planned under.
    task: Option<String>,
}

impl Telling<'_, '_> {
    fn tell(&mut self) {
        for id in &self.call.made {
            self.create(id);
        }
        match self.call.kind.as_str() {
            "status" => self.status(),
            "phase" => self.phase(),
            "disconnect" | "reconnect" | "expire" => self.release(How::Left),
            "evicted" => self.release(How::Evicted),
            "delete" => {
                for id in self.meant().iter().chain(&self.call.cascaded) {
                    if let Some(story) = self.stories.get_mut(id) {
                        story.is_deleted = true;
                    }
                }
            }
            "obliterate" => {
                self.meant().and_then(|id| self.stories.remove(&id));
            }
            _ => {}
        }
    }

    fn meant(&self) -> Option<String> {
        self.task.clone()
    }

    fn create(&mut self, id: &str) {
        let item = self.plan.items.get(id);
        let item = item.unwrap_or_else(|| panic!("{id} was created, and is not in the plan"));
        let story = Story {
            item,
            moments: Vec::new(),
            is_deleted: false,
        };
        self.stories.insert(id.into(), story);
        self.add(id, self.plan.initial(), None, How::Asked);
        let phase = item.phase.clone();
        if let Some(moment) = self
            .stories
            .get_mut(id)
            .and_then(|story| story.moments.last_mut())
        {
            moment.phase = phase;
        }
    }

    fn status(&mut self) {
        let (Some(id), Some(state)) = (self.meant(), self.call.status.as_deref()) else {
            return;
        };
        let now = self.stories[&id].now();
        let how = match now.state == state {
            true if now.who == self.call.worker => return, // the host writes no row either
            true => How::Stolen,
            false => How::Asked,
        };
        self.add(&id, state, self.call.worker.clone(), how);
        for id in &self.call.cascaded {
            self.add(id, "cancelled", None, How::Asked);
        }
        for id in &self.call.rolled_up {
            self.add(id, "completed", None, How::RolledUp);
        }
        self.phase();
    }

    fn phase(&mut self) {
        let (Some(id), Some(phase)) = (self.meant(), &self.call.phase) else {
            return;
        };
        let story = self.stories.get_mut(&id);
        if let Some(moment) = story.and_then(|story| story.moments.last_mut()) {
            moment.phase = Some(phase.clone());
        }
    }

    /// Everything a worker holds goes back.
    fn release(&mut self, how: How) {
        let worker = self.call.worker.as_ref().unwrap_or(&self.call.actor);
        let state = self.call.status.as_deref().unwrap_or(self.plan.initial());
        let held = self.stories.iter().filter(|(_, story)| {
            let now = story.now();
            now.who.as_ref() == Some(worker) && matches!(now.class, Class::Assigned | Class::Timed)
        });
        let held: Vec<String> = held.map(|(id, _)| id.clone()).collect();
        for id in held {
            self.add(&id, state, None, how);
        }
    }

    fn add(&mut self, id: &str, state: &str, who: Option<String>, how: How) {
        let story = self.stories.get_mut(id);
        let story = story.unwrap_or_else(|| panic!("{id} has a state, and was never created"));
        let phase = story.moments.last().and_then(|moment| moment.phase.clone());
        story.moments.push(Moment {
            at: self.call.at(),
            call: self.number,
            state: state.into(),
            class: self.plan.class(state),
            who,
            phase,
            how,
        });
    }
}
