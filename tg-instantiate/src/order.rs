//! The order of execution: blocks, and the order of the arms within each.
//!
//! A block holds one run of each arm: replicate k of all. Within a block the order is drawn, so that a drift over time
//! (a machine that warms up, a provider whose load changes) affects the arms by chance and not by their names. The order
//! is drawn by hash and not from a stream: the relative order of two arms depends on their names, the block and the seed
//! alone. A manifest with one more arm, or one more replicate, therefore keeps the order of the others.

use crate::row::Row;
use tg_stage::file::sha256;

/// The sort key of an arm within a block.
fn draw(seed: u64, block: u32, arm: &str) -> String {
    sha256(format!("{seed}/{block}/{arm}").as_bytes())
}

/// Sorts the rows, which come block by block, into the order of execution, and numbers them.
pub fn arrange(rows: &mut [Row], seed: Option<u64>) {
    if let Some(seed) = seed {
        rows.sort_by_cached_key(|row| {
            let run = &row.run;
            (run.replicate, draw(seed, run.replicate, &run.arm))
        });
    }
    let (mut position, mut block) = (0, 0);
    for (at, row) in rows.iter_mut().enumerate() {
        let is_same = row.run.replicate == block;
        position = if is_same { position + 1 } else { 1 };
        block = row.run.replicate;
        row.number = at + 1;
        (row.run.block, row.run.position, row.run.order_seed) = (block, position, seed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts how often each of three arms comes first in 600 blocks.
    #[test]
    fn every_arm_comes_first_about_as_often() {
        let arms = ["swarm", "push", "relay"];
        let mut firsts = [0_u32; 3];
        for block in 1..=600 {
            let first = (0..3).min_by_key(|at| draw(7, block, arms[*at])).unwrap();
            firsts[first] += 1;
        }
        // 200 each expected; five standard deviations are 58.
        assert!(
            firsts.iter().all(|first| first.abs_diff(200) < 58),
            "{firsts:?}"
        );
    }
}
