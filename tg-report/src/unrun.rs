//! Rows of an experiment that have not been run.
//!
//! A comparison of what is there looks finished, also where somebody stopped half way. `tg-instantiate` lists all rows beside
//! the runs, in rows.json; a row that is neither among the records nor has an end of its own is missing. Where the
//! records come from another machine there is no such list, and nothing is said.

use crate::row::Row;
use crate::words::list;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tg_stage::{Record, rundir};

/// A sentence for each experiment that lacks rows.
pub fn sentences(rows: &[Row]) -> Vec<String> {
    let mut experiments: BTreeMap<&Path, BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        if let Some(dir) = Path::new(&row.run.dir).parent() {
            experiments.entry(dir).or_default().insert(&row.run.id);
        }
    }
    let named = experiments.len() > 1;
    let sentence = |(dir, there): (&Path, BTreeSet<&str>)| {
        let planned = rundir::planned(dir)?;
        let has_run = |run: &String| {
            there.contains(run.as_str())
                || Record::load(&dir.join(run).join("run.json")).is_ok_and(|kept| kept.has("wait"))
        };
        let all = planned.len();
        let missing: Vec<String> = planned.into_iter().filter(|run| !has_run(run)).collect();
        let name = dir.file_name().filter(|_| named);
        let of = name.map_or_else(String::new, |name| {
            format!(" of {}", name.to_string_lossy())
        });
        let count = missing.len();
        let (have, names) = (if count == 1 { "has" } else { "have" }, list(missing));
        (count > 0).then(|| format!("{count} of {all} rows{of} {have} not been run ({names})"))
    };
    experiments.into_iter().filter_map(sentence).collect()
}
