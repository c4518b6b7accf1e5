//! The comparison for a terminal: blocks of columns that fit its width, each beginning with the arms.
//!
//! Widths are counted in characters; wide or combining ones are not measured, so such names may stand out of line.

use super::{human, notes, plain};
use crate::compare::Comparison;

const GAP: &str = "  ";

/// Title, table, ends, ratios, notes and warnings, in lines of at most `width` columns where the names allow it.
pub fn render(comparison: &Comparison, width: usize) -> String {
    let mut out = String::new();
    wrap(&mut out, "", &notes::title(comparison), width);
    if let Some(simulated) = notes::simulated(comparison) {
        wrap(&mut out, "", &simulated, width);
    }
    for block in blocks(table(comparison), arms(comparison), width) {
        out.push('\n');
        out += &block;
    }
    section(
        &mut out,
        "not completed",
        notes::not_completed(comparison),
        width,
    );
    section(&mut out, "", notes::table_notes(comparison), width);
    out.push('\n');
    wrap(&mut out, "", &notes::baseline(comparison), width);
    if comparison.arms.len() > 1 {
        ratios(&mut out, comparison, width);
    }
    section(&mut out, "", notes::ratio_notes(comparison), width);
    let warnings = comparison
        .warnings
        .iter()
        .map(|warning| warning.message.clone());
    section(&mut out, "warnings", warnings.collect(), width);
    out
}

/// A column of text: the head's lines first, all padded to one width.
struct Padded {
    lines: Vec<String>,
    width: usize,
}

impl Padded {
    fn new(lines: Vec<String>, to_the_right: bool) -> Self {
        let width = lines.iter().map(|line| chars(line)).max().unwrap_or(0);
        let pad = |line: String| {
            let space = " ".repeat(width - chars(&line));
            if to_the_right {
                space + &line
            } else {
                line + &space
            }
        };
        Self {
            lines: lines.into_iter().map(pad).collect(),
            width,
        }
    }
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// The column every block begins with: arm and completed runs.
fn arms(comparison: &Comparison) -> [Padded; 2] {
    let names = comparison.arms.iter().map(|arm| plain(&arm.label));
    let runs = comparison
        .arms
        .iter()
        .map(|arm| format!("{}/{}", arm.completed, arm.runs.len()));
    [
        Padded::new(
            ["arm".into(), String::new()]
                .into_iter()
                .chain(names)
                .collect(),
            false,
        ),
        Padded::new(
            ["runs".into(), "completed".into()]
                .into_iter()
                .chain(runs)
                .collect(),
            true,
        ),
    ]
}

/// One column per metric: name, unit and direction, cells.
fn table(comparison: &Comparison) -> Vec<Padded> {
    human::columns(comparison).into_iter().map(column).collect()
}

fn column(shown: human::Shown) -> Padded {
    let of = |part: fn(&(Option<String>, Option<String>)) -> Option<&String>| {
        shown
            .cells
            .iter()
            .filter_map(part)
            .map(|text| chars(text))
            .max()
            .unwrap_or(0)
    };
    let (mean, sd) = (
        of(|cell| cell.0.as_ref()).max(1),
        of(|cell| cell.1.as_ref()),
    );
    let unit = [shown.unit, shown.better]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(", ");
    let mut lines = vec![plain(&shown.title), unit];
    lines.extend(shown.cells.iter().map(|cell| match cell {
        (value, None) if sd == 0 => value.clone().unwrap_or_else(|| "-".into()),
        (value, None) => format!(
            "{:>mean$}{:w$}",
            value.as_deref().unwrap_or("-"),
            "",
            w = sd + 3
        ),
        (value, Some(spread)) => {
            format!("{:>mean$} ± {spread:>sd$}", value.as_deref().unwrap_or("-"))
        }
    }));
    Padded::new(lines, true)
}

/// As many columns to a block as fit, at least one.
fn blocks(columns: Vec<Padded>, first: [Padded; 2], width: usize) -> Vec<String> {
    let own: usize = first.iter().map(|column| column.width + GAP.len()).sum();
    let mut blocks: Vec<Vec<Padded>> = vec![Vec::new()];
    let mut filled = own;
    for column in columns {
        filled += column.width + GAP.len();
        match blocks.last_mut() {
            Some(block) if block.is_empty() || filled <= width + GAP.len() => block.push(column),
            _ => {
                filled = own + column.width + GAP.len();
                blocks.push(vec![column]);
            }
        }
    }
    blocks
        .into_iter()
        .map(|block| side_by_side(first.iter().chain(&block)))
        .collect()
}

fn side_by_side<'a>(columns: impl Iterator<Item = &'a Padded>) -> String {
    let columns: Vec<&Padded> = columns.collect();
    let height = columns.first().map_or(0, |column| column.lines.len());
    let line = |at: usize| {
        columns
            .iter()
            .map(|column| column.lines[at].as_str())
            .collect::<Vec<_>>()
            .join(GAP)
    };
    (0..height)
        .map(|at| line(at).trim_end().to_owned() + "\n")
        .collect()
}

fn ratios(out: &mut String, comparison: &Comparison, width: usize) {
    let rows = notes::ratios(comparison);
    let arms = rows.iter().map(|row| plain(row.0));
    let first = Padded::new(["arm".into()].into_iter().chain(arms).collect(), false);
    let none = Padded::new(vec![String::new(); rows.len() + 1], false);
    let column = |(at, head): (usize, &&str)| {
        let cells = rows.iter().map(|row| row.1[at].clone());
        Padded::new(
            [(*head).to_owned()].into_iter().chain(cells).collect(),
            true,
        )
    };
    let columns = notes::RATIOS.iter().enumerate().map(column).collect();
    *out += &blocks(columns, [first, none], width).join("\n");
}

/// A headed list, or lines of their own where there is no heading; nothing at all where there are no lines.
fn section(out: &mut String, heading: &str, lines: Vec<String>, width: usize) {
    if lines.is_empty() {
        return;
    }
    out.push('\n');
    if !heading.is_empty() {
        *out += &format!("{heading}\n");
    }
    for line in lines {
        wrap(out, if heading.is_empty() { "" } else { GAP }, &line, width);
    }
}

/// A sentence in lines that fit; further lines stand four columns in.
fn wrap(out: &mut String, indent: &str, sentence: &str, width: usize) {
    let sentence = plain(sentence);
    let mut line = indent.to_owned();
    let mut is_fresh = true;
    for word in sentence.split(' ') {
        if !is_fresh && chars(&line) + 1 + chars(word) > width {
            *out += &format!("{line}\n");
            line = "    ".to_owned();
            is_fresh = true;
        }
        if !is_fresh {
            line.push(' ');
        }
        line += word;
        is_fresh = false;
    }
    *out += &format!("{line}\n");
}
