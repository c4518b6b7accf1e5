//! A snapshot made of a snapshot: the same rows, or the shape that the host's own `import` reads.
//!
//! What the file says of itself is kept: that the host wrote it tells that deletions are unknown, whatever shape its rows
//! have now.

use crate::failure::Failure;
use crate::writer::{Shape, Writer};
use std::io::{Read, Write};
use tg_host::snapshot::scan::{Event, Scanner};

/// Copy the (plain) text of a snapshot to `out`.
pub fn copy(text: impl Read, for_import: bool, out: &mut impl Write) -> Result<(), Failure> {
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
                    writer = Some(Writer::begin(out, shape, &at, &by)?);
                }
                if let Some(writer) = &mut writer {
                    writer.table(&name)?;
                }
            }
            Event::Row(json) => {
                if let Some(writer) = &mut writer {
                    writer.row(|out| Ok(out.write_all(json)?))?;
                }
            }
        }
    }
    match writer {
        Some(mut writer) => {
            writer.is_cut_to(resolution_ms);
            Ok(writer.finish()?)
        }
        None => Err(Failure::Content("not a snapshot: it has no tables".into())),
    }
}
