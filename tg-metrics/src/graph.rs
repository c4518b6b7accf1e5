//! The longest chain of work: how fast the run could have been with any number of agents.
//!
//! A task waits for its predecessors; a task that waits for a container waits for all tasks in it. The weight of a task is
//! the time that was really worked on it.

use crate::view::View;

/// The number of edges that name a missing task.
pub fn dangling(view: &View) -> usize {
    let is_missing = |task| view.place(task).is_none();
    let edges = view.edges();
    let dangling = edges.filter(|edge| is_missing(edge.from) || is_missing(edge.to));
    dangling.count()
}

/// The longest chain by time worked, in milliseconds; `None` if the edges form a circle. `work` holds the time worked on each
/// task, by its place.
pub fn longest(view: &View, work: &[i64]) -> Option<i64> {
    let arcs = Arcs::new(view);
    let mut waits_for = vec![0_u32; work.len()];
    for (target, _) in &arcs.targets {
        waits_for[*target as usize] += 1;
    }
    let mut ready: Vec<u32> = (0..work.len() as u32)
        .filter(|node| waits_for[*node as usize] == 0)
        .collect();
    // The longest chain that ends before each task can begin, and the longest inside it, if it is a container.
    let (mut before, mut inside) = (vec![0_i64; work.len()], vec![0_i64; work.len()]);
    let (mut done, mut longest) = (0, 0);
    while let Some(at) = ready.pop() {
        done += 1;
        let node = at as usize;
        let chain = before[node].saturating_add(work[node]).max(inside[node]);
        longest = longest.max(chain);
        for &(next, is_parent) in arcs.from(node) {
            let next = next as usize;
            let other = if is_parent { &mut inside } else { &mut before };
            other[next] = other[next].max(chain);
            waits_for[next] -= 1;
            if waits_for[next] == 0 {
                ready.push(next as u32);
            }
        }
    }
    (done == work.len()).then_some(longest)
}

/// Arcs from each task to its successors and to its parents; `true` marks a parent.
struct Arcs {
    /// The index of the first target of each task.
    begins: Vec<u32>,
    targets: Vec<(u32, bool)>,
}

impl Arcs {
    fn new(view: &View) -> Self {
        let arcs = || {
            view.edges().filter_map(|edge| {
                let (from, to) = (view.place(edge.from)?, view.place(edge.to)?);
                match (edge.is_ordering, edge.is_containment) {
                    (true, _) => Some((from, to as u32, false)),
                    (_, true) => Some((to, from as u32, true)),
                    _ => None,
                }
            })
        };
        let mut begins = vec![0_u32; view.len() + 1];
        for (source, _, _) in arcs() {
            begins[source + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut targets = vec![(0, false); begins[view.len()] as usize];
        let mut free = begins.clone();
        for (source, target, is_parent) in arcs() {
            targets[free[source] as usize] = (target, is_parent);
            free[source] += 1;
        }
        Self { begins, targets }
    }

    fn from(&self, node: usize) -> &[(u32, bool)] {
        &self.targets[self.begins[node] as usize..self.begins[node + 1] as usize]
    }
}
