//! The states of each task, call by call.
//!
//! This is the course of events, also where the host writes no row for it: a stolen task changes hands at that moment, and
//! a worker that leaves or is evicted stops working then. The host may book such moments otherwise; [`Story::booked`]
//! follows its rules where a metric is defined by its books.

use super::bound::Bound;
use super::plan::{Class, Item};

/// The cause of a task's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A call of a worker.
    Asked,
    /// The host completed a container whose children were over.
    RolledUp,
    /// Its holder left.
    Left,
    /// Its holder was evicted for silence.
    Evicted,
    /// Another worker took it from its holder; the state stayed.
    Stolen,
}

/// A change of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// The moment.
    pub at: Bound,
    /// Number of the call in the log; gives the order.
    pub call: usize,
    /// The state.
    pub state: String,
    /// Its class.
    pub class: Class,
    /// The holder of the task from then on.
    pub worker: Option<String>,
    /// The phase it is in.
    pub phase: Option<String>,
    /// The cause.
    pub how: How,
}

/// A task in one state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span<'a> {
    /// The change that began it.
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
    /// True if it was deleted, and can still be seen.
    pub is_deleted: bool,
}

impl Story<'_> {
    /// The moment it was made.
    pub fn created(&self) -> Bound {
        self.moments[0].at
    }

    /// The state it is in at the end.
    pub fn now(&self) -> &Moment {
        &self.moments[self.moments.len() - 1]
    }

    /// True if it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.now().class, Class::Success | Class::Failure)
    }

    /// True if it ended well.
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
    /// a row in between, but not a stint whose worker was evicted. In milliseconds; none where it books nothing.
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
