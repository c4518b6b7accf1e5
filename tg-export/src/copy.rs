//! A snapshot copied from a snapshot: the same rows, or rows in the form that the host's own `import` reads.
//!
//! The header is kept: that the host wrote the file means that deletions are unknown, whatever form its rows have now.

use crate::writer::{Failure, Shape, Writer};
use std::io::{Read, Write};
use tg_host::snapshot::scan::{Event, Scanner};

/// Copies the (plain) text of a snapshot to `out`.
pub fn copy_snapshot(
    text: impl Read,
    for_import: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut scanner = Scanner::new(text);
    let (mut at, mut by) = (String::new(), String::new());
    let mut resolution_ms = 1;
    let mut out = Some(out);
    let mut writer: Option<Writer<_>> = None;
    while let Some(event) = scanner.event().map_err(Failure::Content)? {
        match event {
            Event::Head(key, json) => match key.as_str() {
                "exported_at" => at = serde_json::from_slice(json).unwrap_or_default(),
                "exported_by" => by = serde_json::from_slice(json).unwrap_or_default(),
                "resolution_ms" => resolution_ms = serde_json::from_slice(json).unwrap_or(1),
                _ => {}
            },
            Event::Table(name) => {
                if let Some(out) = out.take() {
                    let is_old = by.starts_with("task-graph-mcp v0.1.");
                    let shape = Shape::new(for_import, is_old);
                    writer = Some(Writer::new(out, shape, &at, &by)?);
                }
                if let Some(writer) = &mut writer {
                    writer.begin_table(&name)?;
                }
            }
            Event::Row(json) => {
                if let Some(writer) = &mut writer {
                    writer.row(|out| Ok(out.write_all(json)?))?;
                }
            }
        }
    }
    let Some(mut writer) = writer else {
        let cause = "not a snapshot: it has no tables";
        return Err(Failure::Content(cause.into()));
    };
    writer.coarsen_to(resolution_ms);
    Ok(writer.finish()?)
}
