//! A figure on the page: its heading, the sentence that says how to read it, the drawing, its values one click away.
//!
//! Where there is nothing to draw, the frame is not left empty: what is missing is said, and how to get it.

use super::markup::sentence;
use super::table::Table;
use crate::chart::svg::escape;

/// One figure.
#[derive(Debug, Default)]
pub struct Figure {
    /// What it shows, in a few words.
    pub title: String,
    /// How to read it.
    pub says: String,
    /// The drawing.
    pub svg: Option<String>,
    /// What to say in its place.
    pub missing: String,
    /// What was drawn, as numbers.
    pub values: Option<Table>,
}

impl Figure {
    /// As HTML.
    pub fn html(&self) -> String {
        let Some(svg) = &self.svg else {
            return self.absence();
        };
        let values = self.values.as_ref().map(|table| table.folded("values"));
        format!(
            "<figure>\n<figcaption><h3>{}</h3>\n<p>{}</p></figcaption>\n{svg}\n{}</figure>\n",
            escape(&self.title),
            sentence(&self.says),
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

/// The same for anything.
pub fn grid(blocks: &[String], is_wide: bool) -> String {
    if blocks.iter().all(String::is_empty) {
        return String::new();
    }
    let class = if is_wide { "figures wide" } else { "figures" };
    format!("<div class=\"{class}\">\n{}</div>\n", blocks.concat())
}
