//! The longest chain of work: how fast the run could have been with any number of agents.
//!
//! A task waits for its predecessors; whoever waits for a container waits for everything in it. Each task weighs the
//! time that was really worked on it.

use crate::intervals::Story;
use crate::view::View;
use std::collections::BTreeMap;

/// One task of the graph; times in milliseconds.
#[derive(Default, Clone)]
struct Node {
    work: i64,
    /// The longest chain that must be over before it begins.
    before: i64,
    /// The longest chain inside it, if it is a container.
    inside: i64,
    successors: Vec<usize>,
    parents: Vec<usize>,
    waits_for: usize,
}

/// What the edges tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Graph {
    /// The longest chain by time worked, in milliseconds; none where the edges go round in a circle.
    pub critical_path: Option<i64>,
    /// Edges that name a task which is not there.
    pub dangling: usize,
}

impl Graph {
    /// The graph of a run with these tasks in scope.
    pub fn of(view: &View, tasks: &[Story]) -> Self {
        let (nodes, dangling) = nodes(view, tasks);
        Self {
            critical_path: longest(nodes),
            dangling,
        }
    }
}

fn longest(mut nodes: Vec<Node>) -> Option<i64> {
    let mut ready: Vec<usize> = (0..nodes.len())
        .filter(|node| nodes[*node].waits_for == 0)
        .collect();
    let mut done = 0;
    let mut longest = 0;
    while let Some(at) = ready.pop() {
        done += 1;
        let node = std::mem::take(&mut nodes[at]);
        let chain = node.before.saturating_add(node.work).max(node.inside);
        longest = longest.max(chain);
        for &next in &node.successors {
            nodes[next].before = nodes[next].before.max(chain);
        }
        for &parent in &node.parents {
            nodes[parent].inside = nodes[parent].inside.max(chain);
        }
        for next in node.successors.into_iter().chain(node.parents) {
            nodes[next].waits_for -= 1;
            if nodes[next].waits_for == 0 {
                ready.push(next);
            }
        }
    }
    (done == nodes.len()).then_some(longest)
}

/// The tasks as nodes, and how many edges lead nowhere.
fn nodes(view: &View, tasks: &[Story]) -> (Vec<Node>, usize) {
    let place: BTreeMap<&str, usize> = view
        .tasks
        .iter()
        .enumerate()
        .map(|(at, task)| (task.id.as_str(), at))
        .collect();
    let mut nodes = vec![Node::default(); view.tasks.len()];
    for story in tasks {
        if let Some(&at) = place.get(story.task.id.as_str()) {
            nodes[at].work = story.timed_ms();
        }
    }
    let mut dangling = 0;
    for edge in &view.edges {
        let (Some(&from), Some(&to)) = (
            place.get(edge.from_task_id.as_str()),
            place.get(edge.to_task_id.as_str()),
        ) else {
            dangling += 1;
            continue;
        };
        if edge.is_ordering() {
            nodes[from].successors.push(to);
            nodes[to].waits_for += 1;
        } else if edge.is_containment() {
            nodes[to].parents.push(from);
            nodes[from].waits_for += 1;
        }
    }
    (nodes, dangling)
}
