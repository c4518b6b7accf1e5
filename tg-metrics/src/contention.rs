//! Two workers on one file: claims of a file that began while another worker's claim of it was open.
//!
//! The host records each claim (`claim_sequence`), but for a second claim of a file it only warns the caller and writes no
//! row (measured, 0.2.2 to 0.5.0). So an empty table means nothing: the value is known only if overlapping rows exist all
//! the same, and is then a lower bound. A claim that was never released lasts to the run's end.

use crate::view::View;
use std::collections::BTreeMap;
use tg_host::snapshot::FileClaim;

/// The number of claims that began while another worker's claim of the same file was open; `None` if no row shows one.
pub fn overlapping(view: &View) -> Option<usize> {
    let mut files: BTreeMap<&str, Vec<&FileClaim>> = BTreeMap::new();
    let claims = view.claims.as_ref()?.iter();
    for claim in claims.filter(|claim| claim.event == "claimed") {
        files.entry(&claim.file_path).or_default().push(claim);
    }
    let claims = files.into_values().map(|mut claims| {
        claims.sort_by_key(|claim| (claim.timestamp, claim.id));
        contested(&claims)
    });
    Some(claims.sum()).filter(|contested| *contested > 0)
}

/// The same number for one file's claims, in their order.
fn contested(claims: &[&FileClaim]) -> usize {
    // The longest open claim, and the longest of all other workers: one of the two is not the claimant's.
    let mut holders: [Option<(i64, &str)>; 2] = [None; 2];
    let mut count = 0;
    for claim in claims {
        let worker = claim.worker_id.as_str();
        let mut others = holders.iter().flatten().filter(|(_, who)| *who != worker);
        count += usize::from(others.any(|(end, _)| *end > claim.timestamp));
        let end = claim.end_timestamp.unwrap_or(i64::MAX);
        let [first, second] = holders;
        holders = match first {
            Some((until, who)) if who == worker => [Some((until.max(end), who)), second],
            Some((until, _)) if until >= end => [first, second.max(Some((end, worker)))],
            _ => [Some((end, worker)), first],
        };
    }
    count
}
