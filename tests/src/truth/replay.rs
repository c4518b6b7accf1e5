//! From calls to stories: the effect of each call on each task.

use super::log::Call;
use super::plan::{Class, Plan};
use super::story::{How, Moment, Story};
use std::collections::BTreeMap;

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

/// The call being applied.
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
            true if now.worker == self.call.worker => return, // the host writes no row either
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

    /// Puts back every task that a worker holds.
    fn release(&mut self, how: How) {
        let worker = self.call.worker.as_ref().unwrap_or(&self.call.actor);
        let state = self.call.status.as_deref().unwrap_or(self.plan.initial());
        let held = self.stories.iter().filter(|(_, story)| {
            let now = story.now();
            now.worker.as_ref() == Some(worker)
                && matches!(now.class, Class::Assigned | Class::Timed)
        });
        let held: Vec<String> = held.map(|(id, _)| id.clone()).collect();
        for id in held {
            self.add(&id, state, None, how);
        }
    }

    fn add(&mut self, id: &str, state: &str, worker: Option<String>, how: How) {
        let story = self.stories.get_mut(id);
        let story = story.unwrap_or_else(|| panic!("{id} has a state, and was never created"));
        let phase = story.moments.last().and_then(|moment| moment.phase.clone());
        story.moments.push(Moment {
            at: self.call.at(),
            call: self.number,
            state: state.into(),
            class: self.plan.class(state),
            worker,
            phase,
            how,
        });
    }
}
