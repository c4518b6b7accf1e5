//! The edges of a ledger. Edges that come before the history wait for it.

use super::names::{NONE, Name, Names};
use crate::snapshot;

/// An edge: `from` contains, blocks, or is followed by `to`; tasks by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Parent or predecessor.
    pub from: Name,
    /// Child or successor.
    pub to: Name,
    /// True if `to` waits for `from`.
    pub is_ordering: bool,
    /// True if `from` is the parent of `to`.
    pub is_containment: bool,
}

const ORDERS: u8 = 1;
const CONTAINS: u8 = 2;

/// Edges between tasks.
///
/// Ids are numbered in the order of the history, in which tasks follow each other: neighbours are then near in memory. So
/// edges that come before it wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    pub ends: Vec<(Name, Name)>,
    kinds: Vec<u8>,
    waiting: Waiting,
    /// If true, only containment is kept, and the edges that order tasks are counted.
    pub containment_only: bool,
    pub left_out: usize,
}

/// Edges by the texts of their ids.
#[derive(Debug, Clone, Default)]
struct Waiting {
    ids: Vec<u8>,
    /// The lengths of the two ids, and the kind.
    edges: Vec<(u32, u32, u8)>,
}

impl Edges {
    pub fn push(&mut self, edge: &snapshot::Dependency, names: &mut Names) {
        let kind = Self::kind(edge.dep_type.as_bytes());
        if !self.wants(kind) {
            return;
        }
        let (from, to) = (edge.from_task_id.as_bytes(), edge.to_task_id.as_bytes());
        if !self.waiting.edges.is_empty() {
            return self.wait(from, to, kind);
        }
        let mut end = |id: &[u8]| names.add(id).unwrap_or(NONE);
        self.add((end(from), end(to)), kind);
    }

    /// The number of an edge type.
    pub fn kind(name: &[u8]) -> u8 {
        match name {
            b"blocks" | b"follows" => ORDERS,
            b"contains" => CONTAINS,
            _ => 0,
        }
    }

    /// True if an edge of this kind must be kept; counts it if not.
    pub fn wants(&mut self, kind: u8) -> bool {
        let is_wanted = !self.containment_only || kind == CONTAINS;
        self.left_out += usize::from(!is_wanted && kind == ORDERS);
        is_wanted
    }

    pub fn add(&mut self, ends: (Name, Name), kind: u8) {
        self.ends.push(ends);
        self.kinds.push(kind);
    }

    /// Stores an edge until the history has been read.
    pub fn wait(&mut self, from: &[u8], to: &[u8], kind: u8) {
        let length = |id: &[u8]| id.len() as u32; // far below 64 MiB
        self.waiting.ids.extend(from);
        self.waiting.ids.extend(to);
        self.waiting.edges.push((length(from), length(to), kind));
    }

    /// Numbers the ids of the waiting edges.
    pub fn settle(&mut self, names: &mut Names) {
        let Waiting { ids, edges } = std::mem::take(&mut self.waiting);
        let (mut ids, mut last) = (ids.as_slice(), NONE);
        for (from, to, kind) in edges {
            let (one, rest) = ids.split_at(from as usize);
            let (other, rest) = rest.split_at(to as usize);
            ids = rest;
            let from = names.add(one).unwrap_or(NONE);
            if last == NONE || names.text(last).as_bytes() != other {
                last = names.add(other).unwrap_or(NONE);
            }
            self.add((from, last), kind);
        }
    }

    pub fn get(&self, at: usize) -> Edge {
        Edge {
            from: self.ends[at].0,
            to: self.ends[at].1,
            is_ordering: self.kinds[at] == ORDERS,
            is_containment: self.kinds[at] == CONTAINS,
        }
    }
}
