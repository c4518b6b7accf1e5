//! A figure on the page: its heading, an explanation, the drawing, its values one click away.
//!
//! Without a drawing the frame is not left empty: it names the missing records, and the way to get them.

use super::markup::sentence;
use super::table::Table;
use crate::chart::rows::Head;
use crate::chart::svg::escape;
use crate::compare::Comparison;
use crate::text::{join, list};

#[derive(Debug, Default)]
pub struct Figure {
    pub title: String,
    /// The explanation.
    pub explanation: String,
    pub svg: Option<String>,
    /// The sentence in the place of the drawing.
    pub missing: String,
    /// The values drawn.
    pub values: Option<Table>,
}

impl Figure {
    pub fn html(&self) -> String {
        let Some(svg) = &self.svg else {
            return self.absence();
        };
        let values = self.values.as_ref().map(|table| table.folded("values"));
        format!(
            "<figure>\n<figcaption><h3>{}</h3>\n<p>{}</p></figcaption>\n{svg}\n{}</figure>\n",
            escape(&self.title),
            sentence(&self.explanation),
            values.unwrap_or_default()
        )
    }

    fn absence(&self) -> String {
        let (title, missing) = (escape(&self.title), sentence(&self.missing));
        format!("<div>\n<h3>{title}</h3>\n<p class=\"missing\">{missing}</p>\n</div>\n")
    }
}

/// Figures side by side, as many as fit; wide ones two at most.
pub fn side_by_side(figures: &[Figure], is_wide: bool) -> String {
    let blocks: Vec<String> = figures.iter().map(Figure::html).collect();
    grid(&blocks, is_wide)
}

/// Blocks side by side, as many as fit.
pub fn grid(blocks: &[String], is_wide: bool) -> String {
    if blocks.iter().all(String::is_empty) {
        return String::new();
    }
    let class = if is_wide { "figures wide" } else { "figures" };
    format!("<div class=\"{class}\">\n{}</div>\n", blocks.concat())
}

/// The head of the row of an arm.
pub fn head(at: usize, name: &str, note: String) -> Head {
    Head {
        name: name.to_owned(),
        look: at,
        note,
    }
}

/// Names and notes of rows, for the text alternative of a figure.
pub fn spoken<'a>(heads: impl Iterator<Item = &'a Head>) -> String {
    join(
        heads.map(|head| format!("{} {}", head.name, head.note)),
        "; ",
    )
}

/// The arms with a known inside, for the text alternatives of its figures.
pub fn names(comparison: &Comparison) -> String {
    list(comparison.insides().map(|arm| arm.1))
}
