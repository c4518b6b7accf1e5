//! What a fault is: data, and three short acts.

use crate::scene::Scene;
use std::ops::Range;

/// What somebody does to a scene; the error is a fault of the suite itself, as where a mount is refused.
pub type Act = Box<dyn Fn(&Scene) -> Result<(), String> + Send + Sync>;

/// Something that goes wrong with an experiment, and what must hold after.
pub struct Fault {
    /// What goes wrong; unique.
    pub name: String,
    /// Replicates of each of the two arms.
    pub replicates: u32,
    /// Agents of each run.
    pub agents: u32,
    /// More keys of the manifest.
    pub more: String,
    /// Words put before the command line of the first pass, as `LD_PRELOAD=...`.
    pub under: String,
    /// From when to when it may strike, in milliseconds after the first pass was started.
    pub moment: Range<u64>,
    /// Why it cannot be done here.
    pub skip: Option<String>,
    /// Before the first pass is started.
    pub before: Act,
    /// While it runs, at a random moment.
    pub strike: Act,
    /// When it has ended: that the fault did strike can be seen, else an error.
    pub trace: Act,
    /// After that, before the second.
    pub heal: Act,
    /// What must hold.
    pub then: Then,
}

/// What must hold after the first pass, beyond what must hold after every fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Then {
    /// How runs may have ended; empty: in any way.
    pub first: &'static [&'static str],
    /// What stderr must hold one of where the first pass failed.
    pub says: &'static [&'static str],
    /// It exits 0, as if nothing had been.
    pub unharmed: bool,
    /// Processes may be left until the second pass: who would have ended them was killed too.
    pub lingers: bool,
    /// Every run is due again, because an input changed.
    pub all_again: bool,
    /// No run may need a second attempt.
    pub once: bool,
    /// What is shown of runs that are done changes, and so their `run.json` and nothing else.
    pub shown_anew: bool,
    /// A file that the fault tore, relative to the results; it is made anew, or kept as it is with an earlier attempt.
    pub torn: &'static str,
    /// It stays torn, because nobody needs it any more.
    pub stays: bool,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            name: String::new(),
            replicates: 1,
            agents: 2,
            more: QUICK.into(),
            under: String::new(),
            moment: 0..1,
            skip: None,
            before: nothing(),
            strike: nothing(),
            trace: nothing(),
            heal: nothing(),
            then: Then::default(),
        }
    }
}

/// The stand-in at work for half a second to a second a run.
pub const QUICK: &str =
    "stand_in: {time_scale: 0.0002, poll_ms: 20}\nlimits: {timeout: 60s, stall: 30s}\n";

/// Why a strike hit nobody: on a quick machine the pass was over before its moment. It is tried again at half of it.
pub const TOO_LATE: &str = "the pass was over before the fault could strike";

/// The act of doing nothing.
pub fn nothing() -> Act {
    Box::new(|_| Ok(()))
}

/// The next number of a seeded sequence (splitmix64).
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The seed of one fault: its own, whichever others are injected.
pub fn seed_of(seed: u64, name: &str) -> u64 {
    name.bytes()
        .fold(seed, |seed, byte| next(&mut (seed ^ u64::from(byte))))
}
