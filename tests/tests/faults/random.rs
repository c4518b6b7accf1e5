//! Seeded random numbers, so that a fault strikes at the same moment again.

/// The next number of a seeded sequence (splitmix64).
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The seed of one fault: its own, independent of the other faults.
pub fn seed_of(seed: u64, name: &str) -> u64 {
    name.bytes()
        .fold(seed, |seed, byte| next(&mut (seed ^ u64::from(byte))))
}
