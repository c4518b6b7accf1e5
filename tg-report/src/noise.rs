//! The noise floor: how far two arms of one and the same configuration lie apart.
//!
//! A manifest with `null_arms: true` runs the baseline's configuration under a second name. What lies between those two
//! is noise by construction; an effect that lies inside its 95 % interval is no larger than what nothing at all made. Which
//! of the two is called the baseline is chance, so the interval counts in both directions.

use crate::against::Against;
use crate::arm::Arm;
use crate::stats::Interval;

/// The noise of one report.
#[derive(Debug)]
pub struct Noise {
    /// The place of the A/A arm among the arms.
    pub arm: usize,
    /// One for each column: the 95 % interval of the difference between the two, in the metric's unit; `None` where it
    /// is undefined.
    pub differences: Vec<Option<Interval>>,
}

/// The noise between the baseline and its A/A arm, if there is one, and which effects lie inside it.
pub fn noise(arms: &[Arm], against: &mut [Vec<Against>]) -> Option<Noise> {
    let baseline = arms.first()?.name();
    let is_null = |arm: &Arm| arm.null_of() == Some(baseline);
    let at = arms.iter().position(is_null).filter(|at| *at > 0)?;
    let interval = |against: &Against| Some(against.versus.as_ref()?.welch?.interval);
    let differences: Vec<Option<Interval>> = against[at].iter().map(interval).collect();
    for (place, list) in against.iter_mut().enumerate() {
        if place == at {
            continue;
        }
        for (against, noise) in list.iter_mut().zip(&differences) {
            let difference = against.versus.as_ref().and_then(|versus| versus.difference);
            let known = noise.zip(difference);
            against.within_noise =
                known.map(|(noise, effect)| noise.contains(effect) || noise.contains(-effect));
        }
    }
    Some(Noise {
        arm: at,
        differences,
    })
}
