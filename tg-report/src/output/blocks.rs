//! Text layout: padded columns, blocks of columns that fit a width, sentences broken into lines.
//!
//! Widths are counted in characters; wide or combining ones are not measured, so such names may be out of line.

use crate::text::join;

/// The space between two columns.
pub const GAP: &str = "  ";

/// A column of text, all lines padded to one width.
pub struct Column {
    lines: Vec<String>,
    width: usize,
}

impl Column {
    pub fn left(lines: Vec<String>) -> Self {
        Self::new(lines, |line, space| line + &space)
    }

    pub fn right(lines: Vec<String>) -> Self {
        Self::new(lines, |line, space| space + &line)
    }

    fn new(lines: Vec<String>, join: fn(String, String) -> String) -> Self {
        let width = lines.iter().map(|line| chars(line)).max().unwrap_or(0);
        let pad = |line: String| {
            let space = " ".repeat(width - chars(&line));
            join(line, space)
        };
        Self {
            lines: lines.into_iter().map(pad).collect(),
            width,
        }
    }

    /// Colours lines: green for better, red for worse.
    pub fn paint(mut self, better: &[Option<bool>]) -> Self {
        for (line, better) in self.lines.iter_mut().zip(better) {
            let Some(better) = better else { continue };
            let text = line.trim_end().to_owned();
            let colour = if *better { 32 } else { 31 };
            *line = format!("\u{1b}[{colour}m{text}\u{1b}[0m{}", &line[text.len()..]);
        }
        self
    }
}

pub fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Blocks of columns that fit `width`, each beginning with `first`; a column wider than that has a block of its own.
pub fn blocks(first: &[Column], columns: &[Column], width: usize) -> String {
    let own: usize = first.iter().map(|column| column.width + GAP.len()).sum();
    let mut blocks = Vec::new();
    let mut rest = columns;
    while !rest.is_empty() {
        let mut filled = own;
        let fits = |column: &&Column| {
            filled += column.width + GAP.len();
            filled <= width + GAP.len()
        };
        let fitting = rest.iter().take_while(fits).count().max(1);
        let (block, after) = rest.split_at(fitting);
        blocks.push(side_by_side(&first.iter().chain(block).collect::<Vec<_>>()));
        rest = after;
    }
    blocks.join("\n")
}

fn side_by_side(columns: &[&Column]) -> String {
    let height = columns.first().map_or(0, |column| column.lines.len());
    let mut out = String::new();
    for at in 0..height {
        let line = join(columns.iter().map(|column| &column.lines[at]), GAP);
        out += line.trim_end();
        out.push('\n');
    }
    out
}

/// Writes a sentence in lines that fit `width`, further lines four columns in; `p < 0.05`, `a = b` and `95 %` stay together.
pub fn wrap(out: &mut String, indent: &str, sentence: &str, width: usize) {
    const GLUE: &str = "\u{a0}";
    let mut glued = sentence.to_owned();
    glued = glued.replace(" %", &format!("{GLUE}%"));
    for sign in ["<", "=", "±", "/"] {
        glued = glued.replace(&format!(" {sign} "), &format!("{GLUE}{sign}{GLUE}"));
    }
    let mut line = String::new();
    for word in glued.split(' ') {
        let indent = if line.is_empty() { indent } else { "" };
        let gap = if line.trim().is_empty() { "" } else { " " };
        if !gap.is_empty() && chars(&line) + 1 + chars(word) > width {
            *out += &line.replace(GLUE, " ");
            out.push('\n');
            line = format!("    {word}");
            continue;
        }
        line = format!("{line}{indent}{gap}{word}");
    }
    *out += &line.replace(GLUE, " ");
    out.push('\n');
}
