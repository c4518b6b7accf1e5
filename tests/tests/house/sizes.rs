//! Files and functions stay short enough to be read at once.

use tg_tests::sources;

#[test]
fn no_file_is_over_400_lines() {
    let sources = sources::all();
    let long = sources
        .iter()
        .filter(|(_, text)| text.lines().count() > 400);
    let long: Vec<String> = long
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_function_is_over_100_lines() {
    let mut long = Vec::new();
    let mut lengths = Vec::new();
    for (path, text) in sources::all() {
        for function in sources::functions(&path, &text) {
            if function.length > 100 {
                let (line, name, length) = (function.line, function.name, function.length);
                long.push(format!("{path}:{line}: {name} has {length} lines"));
            }
            if sources::is_shipped(&path) {
                lengths.push(function.length);
            }
        }
    }
    lengths.sort_unstable();
    assert!(
        lengths[lengths.len() / 2] < 10,
        "the median is {}",
        lengths[lengths.len() / 2]
    );
    assert!(long.is_empty(), "{}", long.join("\n"));
}
