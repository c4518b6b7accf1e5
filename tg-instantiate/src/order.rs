//! The order of execution: blocks, and who comes when in each.
//!
//! A block holds one run of each arm: replicate k of all. Within a block the order is drawn, so that what drifts with time
//! (a machine that warms up, a provider whose load changes) meets the arms by chance and not by their names. It is drawn
//! by hash and not from a stream: the place of two arms to each other depends on their names, the block and the seed
//! alone, so that a manifest with one arm more, or one replicate more, keeps the order of the others.

use crate::matrix::Row;
use serde::Deserialize;
use tg_stage::file::sha256;

/// In which order the runs of a block are done: drawn with the manifest's seed, or with another one, or as the manifest
/// has its configurations.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "order is neither `fixed` nor `{seed: NUMBER}`")]
pub enum Order {
    #[default]
    Drawn,
    Seeded(Seeded),
    Fixed(Fixed),
}

/// `order: {seed: N}`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeded {
    pub seed: u64,
}

/// `order: fixed`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fixed {
    Fixed,
}

impl Order {
    /// The seed to draw with; none where nothing is drawn.
    pub fn seed(self, manifests: u64) -> Option<u64> {
        match self {
            Self::Drawn => Some(manifests),
            Self::Seeded(Seeded { seed }) => Some(seed),
            Self::Fixed(Fixed::Fixed) => None,
        }
    }
}

/// Put the rows, which come block by block, into the order in which they are run, and number them.
pub fn arrange(rows: &mut [Row], seed: Option<u64>) {
    if let Some(seed) = seed {
        rows.sort_by_cached_key(|row| {
            let run = &row.run;
            let drawn = format!("{seed}/{}/{}", run.replicate, run.arm);
            (run.replicate, sha256(drawn.as_bytes()))
        });
    }
    let mut position = 0;
    let mut block = 0;
    for (at, row) in rows.iter_mut().enumerate() {
        position = if row.run.replicate == block {
            position + 1
        } else {
            1
        };
        block = row.run.replicate;
        row.number = at + 1;
        (row.run.block, row.run.position, row.run.order_seed) = (block, position, seed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each of three arms comes first in 600 blocks.
    #[test]
    fn every_arm_comes_first_about_as_often() {
        let arms = ["swarm", "push", "relay"];
        let mut firsts = [0_u32; 3];
        for block in 1..=600 {
            let key = |arm: &&str| sha256(format!("7/{block}/{arm}").as_bytes());
            let first = arms.iter().min_by_key(|arm| key(arm)).expect("three arms");
            let at = arms
                .iter()
                .position(|arm| arm == first)
                .expect("one of them");
            firsts[at] += 1;
        }
        // 200 each expected; five standard deviations are 58.
        assert!(
            firsts.iter().all(|first| first.abs_diff(200) < 58),
            "{firsts:?}"
        );
    }
}
