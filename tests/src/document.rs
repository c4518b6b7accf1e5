//! Documents as tests read them: console blocks, each a command with its output, and tables.

use crate::root;
use std::fs;

/// The document at a path in the workspace.
///
/// # Panics
/// If it cannot be read.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a document")
}

/// The fenced blocks of one language, without their fences.
pub fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_string())
        .collect()
}

/// The commands of a console block, each with its expected output. A command continues after a backslash and within quotes.
///
/// # Panics
/// If the block does not begin with a command.
pub fn commands(block: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        let goes_on = |command: &str| {
            command.ends_with('\\') || !command.matches('\'').count().is_multiple_of(2)
        };
        match found.last_mut() {
            Some((command, _)) if goes_on(command) => command.extend(["\n", line]),
            last => match (line.strip_prefix("$ "), last) {
                (Some(command), _) => found.push((command.into(), String::new())),
                (None, Some((_, output))) => output.extend([line, "\n"]),
                (None, None) => panic!("the block does not begin with a command: {line}"),
            },
        }
    }
    found
}

/// The rows of each table in `text` whose first column is called `first`.
///
/// # Panics
/// If there is no such table.
pub fn tables(text: &str, first: &str) -> Vec<Vec<Vec<String>>> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with(&format!("| {first} |")) {
            continue;
        }
        let rows = lines.by_ref().skip(1).map_while(|line| {
            let cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
            Some(cells.map(|cell| cell.trim().to_string()).collect())
        });
        found.push(rows.collect());
    }
    assert!(!found.is_empty(), "no table of {first}");
    found
}

/// A cell that is one piece of code, without its marks.
///
/// # Panics
/// If the cell is not one.
pub fn code(cell: &str) -> &str {
    let code = cell
        .strip_prefix('`')
        .and_then(|rest| rest.strip_suffix('`'));
    code.unwrap_or_else(|| panic!("`...` expected: {cell}"))
}
