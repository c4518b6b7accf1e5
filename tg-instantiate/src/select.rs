//! The selection of rows by `--row` and `--arm`.

use crate::args::Args;
use crate::row::Row;
use tg_stage::{Error, Result};

/// The rows that `--row` and `--arm` name; a name without a row is an error.
pub fn choose(mut rows: Vec<Row>, args: &Args) -> Result<Vec<Row>> {
    for wanted in &args.row {
        if !rows.iter().any(|row| is_row(row, wanted)) {
            return Err(Error::usage(format!("--row {wanted}"), "no such row")
                .hint("tg-instantiate --plan MANIFEST lists them"));
        }
    }
    for wanted in &args.arm {
        if !rows.iter().any(|row| row.run.arm == *wanted) {
            let mut arms: Vec<&str> = rows.iter().map(|row| row.run.arm.as_str()).collect();
            arms.sort_unstable();
            arms.dedup();
            return Err(Error::usage(format!("--arm {wanted}"), "no such arm")
                .hint(format!("the arms are {}", arms.join(", "))));
        }
    }
    rows.retain(|row| {
        (args.row.is_empty() || args.row.iter().any(|wanted| is_row(row, wanted)))
            && (args.arm.is_empty() || args.arm.contains(&row.run.arm))
    });
    Ok(rows)
}

fn is_row(row: &Row, wanted: &str) -> bool {
    row.run.id == wanted || row.number.to_string() == wanted
}
