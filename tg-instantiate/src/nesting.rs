//! The nesting of tasks in containers, at any depth.
//!
//! Containers are numbered once, as a walk enters and leaves them; then each question costs two lookups. A walk up from
//! each edge instead takes hours for a chain of 100,000 containers.

use std::collections::{BTreeMap, HashMap};
use tg_host::snapshot::Dependency;

/// The containers among tasks. Each is in at most one other container: if the edges name several, in the last.
pub struct Nesting<'a>(HashMap<&'a str, (usize, usize)>);

impl<'a> Nesting<'a> {
    /// Numbers the containers of `edges`, which must not contain each other.
    pub fn new(edges: &'a [Dependency]) -> Self {
        let contains = edges.iter().filter(|edge| edge.is_containment());
        let parents: HashMap<&str, &str> = contains
            .map(|edge| (edge.to_task_id.as_str(), edge.from_task_id.as_str()))
            .collect();
        let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for edge in edges {
            let (from, to) = (edge.from_task_id.as_str(), edge.to_task_id.as_str());
            if edge.is_containment() && parents.get(to) == Some(&from) {
                children.entry(from).or_default().push(to);
            }
        }
        let mut open: Vec<(&str, Option<usize>)> = Vec::new();
        let mut spans = HashMap::new();
        let mut count = 0;
        for root in children.keys().filter(|id| !parents.contains_key(*id)) {
            open.push((root, None));
            while let Some((id, entered)) = open.pop() {
                if let Some(entered) = entered {
                    spans.insert(id, (entered, count));
                    continue;
                }
                open.push((id, Some(count)));
                count += 1;
                let inner = children.get(id).into_iter().flatten();
                open.extend(inner.map(|id| (*id, None)));
            }
        }
        Self(spans)
    }

    /// True if `inner` is in `outer`, at any depth.
    pub fn is_in(&self, inner: &str, outer: &str) -> bool {
        let (Some(inner), Some(outer)) = (self.0.get(inner), self.0.get(outer)) else {
            return false;
        };
        outer.0 < inner.0 && inner.1 <= outer.1
    }
}
