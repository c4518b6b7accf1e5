//! The page around its parts: head, styles, the shapes that all figures use, headings with ids for links.
//!
//! The page contains everything. Its content policy allows nothing to be fetched or run, so that even a mistake in this
//! code could not load anything.

use crate::chart::svg::escape;
use std::fmt::Write;

const STYLE: &str = include_str!("style.css");

/// Nothing is fetched, nothing runs; the empty icon keeps browsers from asking the server for one.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// One marker a series, about 8 pixels wide around its origin, and the stripes of stacked bars.
const SHAPES: &str = r#"<svg class="defs" aria-hidden="true" focusable="false"><defs>
<circle id="m0" r="3.6"/>
<rect id="m1" x="-3.3" y="-3.3" width="6.6" height="6.6"/>
<path id="m2" d="M0-4.2 4 3-4 3Z"/>
<path id="m3" d="M0-4.6 4.6 0 0 4.6-4.6 0Z"/>
<path id="m4" d="M0 4.2 4-3-4-3Z"/>
<path id="m5" d="M-1.3-4.2H1.3V-1.3H4.2V1.3H1.3V4.2H-1.3V1.3H-4.2V-1.3H-1.3Z"/>
<path id="m6" d="M-4.2-4.2 0-2 4.2-4.2 2 0 4.2 4.2 0 2-4.2 4.2-2 0Z"/>
<path id="m7" d="M-2.2-3.8H2.2L4.4 0 2.2 3.8H-2.2L-4.4 0Z"/>
<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V5"/></pattern>
</defs></svg>
"#;

#[derive(Debug, Default)]
pub struct Page {
    links: String,
    body: String,
}

impl Page {
    /// Adds a section unless it is empty; `id` must be unique.
    pub fn section(&mut self, id: &str, heading: &str, content: &str) {
        if content.is_empty() {
            return;
        }
        let heading = escape(heading);
        _ = writeln!(self.links, "<a href=\"#{id}\">{heading}</a>");
        _ = write!(
            self.body,
            "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n{content}</section>\n"
        );
    }

    /// The document: `opening` is above the contents, `closing` at the end.
    pub fn finish(self, title: &str, opening: &str, closing: &str) -> String {
        let title = escape(title);
        let Self { links, body } = self;
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n{SHAPES}\
             <header>\n<h1>{title}</h1>\n{opening}<nav aria-label=\"Contents\">\n{links}</nav>\n</header>\n\
             <main>\n{body}</main>\n<footer>\n{closing}</footer>\n</body>\n</html>\n"
        )
    }
}

pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", sentence(text))
}

pub fn classed(class: &str, text: &str) -> String {
    format!("<p class=\"{class}\">{}</p>\n", sentence(text))
}

/// A list of sentences of a class; empty without sentences.
pub fn list(class: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let items = lines
        .iter()
        .map(|line| format!("<li>{}</li>\n", sentence(line)));
    let items: String = items.collect();
    format!("<ul class=\"{class}\">\n{items}</ul>\n")
}

/// A heading inside a section.
pub fn heading(text: &str) -> String {
    format!("<h3>{}</h3>\n", escape(text))
}

/// Terms with their definitions; a term without a definition is left out.
pub fn terms(pairs: &[(&str, String)]) -> String {
    let given = pairs.iter().filter(|pair| !pair.1.is_empty());
    let items =
        given.map(|(term, text)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(term), escape(text)));
    format!("<dl>\n{}</dl>\n", items.collect::<String>())
}

/// A fragment as a sentence. Its first letter stays as it is: it may belong to a name.
pub fn sentence(text: &str) -> String {
    let is_ended = text.ends_with(['.', ':', '?', '!']) || text.is_empty();
    escape(text) + if is_ended { "" } else { "." }
}

/// A name that may break after its underscores, for narrow heads.
pub fn breakable(name: &str) -> String {
    escape(name).replace('_', "_<wbr>")
}
