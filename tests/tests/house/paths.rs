//! The paths that CONTRIBUTING.md names exist, and each change it lists touches at most three source files.

use std::fs;
use tg_tests::document;
use tg_tests::root;

/// Pieces of code in a text that are paths.
fn paths(text: &str) -> Vec<&str> {
    let code = text.split('`').skip(1).step_by(2);
    let is_path = |code: &str| code.contains('/') && !code.contains(' ') && !code.starts_with('/');
    code.filter(|code| is_path(code)).collect()
}

#[test]
fn every_path_exists() {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let missing: Vec<&str> = paths(&text)
        .into_iter()
        .filter(|path| !root().join(path).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn each_change_touches_at_most_three_source_files() {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let changes = document::tables(&text, "change").concat();
    assert_eq!(changes.len(), 15);
    for row in changes {
        assert!(paths(&row[1]).len() <= 3, "{}: {}", row[0], row[1]);
    }
}
