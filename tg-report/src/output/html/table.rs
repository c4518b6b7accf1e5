//! Tables: a caption, heads with scope, and a frame that scrolls by hand and by keyboard if the table is too wide.

use super::markup::breakable;
use crate::chart::svg::escape;
use std::fmt::{Display, Write};

/// A table; the first cell of each row is its head.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub caption: String,
    /// The name of each column, and its second line (unit, direction).
    pub heads: Vec<(String, String)>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone)]
pub enum Cell {
    /// A number or short text, and a note in a softer tone.
    Value(String, String),
    /// A sentence.
    Words(String),
}

impl Cell {
    /// A number or short text without a note.
    pub fn plain(text: impl Display) -> Self {
        Self::Value(text.to_string(), String::new())
    }

    /// Several cells without notes.
    pub fn row(cells: &[&dyn Display]) -> Vec<Self> {
        cells.iter().map(Self::plain).collect()
    }
}

impl Table {
    pub fn new(caption: impl Into<String>, heads: &[&str], rows: Vec<Vec<Cell>>) -> Self {
        Self {
            caption: caption.into(),
            heads: Self::heads(heads),
            rows,
        }
    }

    /// The columns' names, without second lines.
    pub fn heads(names: &[&str]) -> Vec<(String, String)> {
        let heads = names.iter().map(|name| ((*name).to_owned(), String::new()));
        heads.collect()
    }

    pub fn html(&self) -> String {
        let caption = escape(&self.caption);
        let mut out = format!(
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n<table>\n\
             <caption><span>{caption}</span></caption>\n<thead><tr>"
        );
        for (at, (name, about)) in self.heads.iter().enumerate() {
            let first = self.rows.first().and_then(|row| row.get(at));
            let is_words = matches!(first, Some(Cell::Words(_)));
            let class = if is_words { " class=\"words\"" } else { "" };
            let name = breakable(name);
            let about = match about.as_str() {
                "" => String::new(),
                about => format!(" <small>{}</small>", escape(about)),
            };
            _ = write!(out, "<th scope=\"col\"{class}>{name}{about}</th>");
        }
        out += "</tr></thead>\n<tbody>\n";
        for row in &self.rows {
            out += "<tr>";
            for (at, cell) in row.iter().enumerate() {
                cell.write(&mut out, at == 0);
            }
            out += "</tr>\n";
        }
        out + "</tbody>\n</table>\n</div>\n"
    }

    /// As HTML that opens on a click.
    pub fn folded(&self, summary: &str) -> String {
        let summary = escape(summary);
        format!(
            "<details><summary>{summary}</summary>\n{}</details>\n",
            self.html()
        )
    }
}

impl Cell {
    fn write(&self, out: &mut String, is_head: bool) {
        let (class, text) = match self {
            Self::Words(text) => (" class=\"words\"", escape(text)),
            Self::Value(text, soft) if soft.is_empty() => (" class=\"num\"", escape(text)),
            Self::Value(text, soft) => (
                " class=\"num\"",
                format!("{} <small>{}</small>", escape(text), escape(soft)),
            ),
        };
        _ = if is_head {
            write!(out, "<th scope=\"row\">{text}</th>")
        } else {
            write!(out, "<td{class}>{text}</td>")
        };
    }
}
