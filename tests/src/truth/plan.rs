//! The static plan: the tasks, the edges between them, and the classes of the workflow's states.
//!
//! A plan is written as lines: `root > a b` (contains), `a -> b` (b follows a), `a => b` (a blocks b), `a ~ b` (related),
//! `a: 3 120` (points and estimate in milliseconds, `-` for none), `a @ design` (phase at creation), `a # tag tag` (tags a
//! worker must have). The classes of states are those of the shipped workflows as documented, by name.

use std::collections::BTreeMap;

/// A task as it was planned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Story points.
    pub points: Option<i64>,
    /// Estimate, in milliseconds.
    pub estimate_ms: Option<i64>,
    /// The phase it is created in.
    pub phase: Option<String>,
    /// Tags a worker must have.
    pub needs: Vec<String>,
}

/// The kind of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first holds the second.
    Contains,
    /// The second comes after the first.
    Follows,
    /// The first blocks the second.
    Blocks,
    /// No order.
    Related,
}

/// A connection of two tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Parent or predecessor.
    pub from: String,
    /// Child or successor.
    pub to: String,
    /// Which of the two.
    pub kind: Kind,
}

/// The class of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// New, or put back.
    Initial,
    /// Assigned, not begun.
    Assigned,
    /// Being worked on.
    Timed,
    /// Over, and well.
    Success,
    /// Over, failed or cancelled.
    Failure,
    /// Anything else.
    Parked,
}

/// The names of a workflow's states, class by class.
#[derive(Debug, Clone, PartialEq)]
struct States {
    initial: &'static str,
    assigned: &'static str,
    timed: Vec<&'static str>,
    success: &'static str,
    failure: &'static [&'static str],
}

/// Tasks, their order, and the workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The tasks by id, containers included.
    pub items: BTreeMap<String, Item>,
    /// The edges.
    pub edges: Vec<Edge>,
    /// Workers whose role is to hand out work.
    pub leads: Vec<String>,
    states: States,
    renamed: BTreeMap<String, String>,
}

impl Plan {
    /// The plan in `text`, under one of the shipped workflows, or `0.1` for the only one of the first hosts.
    ///
    /// # Panics
    /// If a line or the workflow is not known.
    pub fn new(workflow: &str, text: &str) -> Self {
        let mut plan = Self {
            items: BTreeMap::new(),
            edges: Vec::new(),
            leads: vec!["lead".into()],
            states: states(workflow),
            renamed: BTreeMap::new(),
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            plan.line(line);
        }
        plan
    }

    /// Give a task another id and title than its line has.
    ///
    /// # Panics
    /// If the plan has no such task.
    #[must_use]
    pub fn rename(mut self, name: &str, id: &str, title: &str) -> Self {
        let mut item = self.items.remove(name).expect("a task in the plan");
        (item.id, item.title) = (id.into(), title.into());
        self.items.insert(id.into(), item);
        for edge in &mut self.edges {
            for end in [&mut edge.from, &mut edge.to] {
                if end == name {
                    *end = id.into();
                }
            }
        }
        self.renamed.insert(name.into(), id.into());
        self
    }

    /// The id of the task called `name` in its lines.
    pub fn renamed<'p>(&'p self, name: &'p str) -> &'p str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (id, sign, rest) = match words.as_slice() {
            [id, sign, rest @ ..] if !id.ends_with(':') => (*id, *sign, rest),
            [id, rest @ ..] => (id.trim_end_matches(':'), ":", rest),
            [] => return,
        };
        let kind = match sign {
            ">" => Kind::Contains,
            "->" => Kind::Follows,
            "=>" => Kind::Blocks,
            "~" => Kind::Related,
            _ => return self.detail(id, sign, rest),
        };
        self.item(id);
        for to in rest {
            self.item(to);
            self.edges.push(Edge {
                from: id.into(),
                to: (*to).into(),
                kind,
            });
        }
    }

    fn detail(&mut self, id: &str, sign: &str, rest: &[&str]) {
        let item = self.item(id);
        match sign {
            ":" => {
                item.points = rest.first().and_then(|word| word.parse().ok());
                item.estimate_ms = rest.get(1).and_then(|word| word.parse().ok());
            }
            "@" => item.phase = rest.first().map(ToString::to_string),
            "#" => item.needs = rest.iter().map(ToString::to_string).collect(),
            _ => panic!("`{id} {sign}`: no such line in a plan"),
        }
    }

    fn item(&mut self, id: &str) -> &mut Item {
        self.items.entry(id.into()).or_insert_with(|| Item {
            id: id.into(),
            title: id.into(),
            ..Item::default()
        })
    }

    /// The tasks in `id`.
    pub fn children(&self, id: &str) -> impl Iterator<Item = &str> {
        self.of_kind(Kind::Contains)
            .filter(move |edge| edge.from == id)
            .map(|edge| edge.to.as_str())
    }

    /// The tasks that `id` waits for.
    pub fn predecessors(&self, id: &str) -> impl Iterator<Item = &str> {
        let ordering = self.edges.iter();
        ordering
            .filter(move |edge| edge.to == id && matches!(edge.kind, Kind::Follows | Kind::Blocks))
            .map(|edge| edge.from.as_str())
    }

    /// The edges of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.kind == kind)
    }

    /// The state of a new task, and of one whose worker left.
    pub fn initial(&self) -> &'static str {
        self.states.initial
    }

    /// The class of `state`.
    pub fn class(&self, state: &str) -> Class {
        let states = &self.states;
        if state == states.initial {
            Class::Initial
        } else if state == states.assigned {
            Class::Assigned
        } else if states.timed.contains(&state) {
            Class::Timed
        } else if state == states.success {
            Class::Success
        } else if states.failure.contains(&state) {
            Class::Failure
        } else {
            Class::Parked
        }
    }

    /// True if a task in a state of this class holds back those that wait for it: in every shipped workflow, exactly the
    /// states before the end that are not parked.
    pub fn blocks(class: Class) -> bool {
        matches!(class, Class::Initial | Class::Assigned | Class::Timed)
    }
}

fn states(workflow: &str) -> States {
    let (initial, assigned, timed, success) = match workflow {
        "solo" | "swarm" | "relay" | "hierarchical" | "push" => {
            ("pending", "assigned", vec!["working"], "completed")
        }
        "kanban" => ("backlog", "todo", vec!["in_progress", "review"], "done"),
        "sprint" => ("backlog", "planned", vec!["active", "review"], "done"),
        "0.1" => ("pending", "", vec!["in_progress"], "completed"),
        _ => panic!("{workflow}: no such workflow"),
    };
    States {
        initial,
        assigned,
        timed,
        success,
        failure: &["failed", "cancelled"],
    }
}
