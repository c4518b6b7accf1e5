//! `scripts/check-words`, which `make check` runs, finds the words we do not use and leaves the others alone.

use std::process::Command;
use tg_tests::{Lab, root};

/// The output of the checker on one file.
fn check(name: &str, text: &str) -> String {
    let lab = Lab::new();
    lab.write(name, text);
    let done = lab.sh(&format!("scripts/check-words {name}"));
    assert_eq!(
        done.status == 0,
        done.out.is_empty(),
        "{}{}",
        done.out,
        done.err
    );
    done.out
}

#[test]
fn comments_and_messages_are_searched() {
    for (name, text, places) in [
        (
            "a.rs",
            "fn f() {}\n/// What it does.\nfn g() {}\n",
            "a.rs:2:",
        ),
        ("a.rs", "//! Whether so.\n", "a.rs:1:"),
        ("a.rs", "/// Where it lives.\n", "a.rs:1:"),
        ("a.rs", "    /// How a run ends.\n", "a.rs:1:"),
        ("a.rs", "// Nobody reads this.\n", "a.rs:1:"),
        ("a.rs", "let a = \"told by somebody\";\n", "a.rs:1:"),
        ("a.md", "good\n\nWhoever reads\n", "a.md:3:"),
        ("a.yaml", "# nobody\n", "a.yaml:1:"),
    ] {
        assert!(check(name, text).starts_with(places), "{name}: {text}");
    }
}

#[test]
fn other_words_pass() {
    for (name, text) in [
        (
            "a.rs",
            "/// The run directory.\n/// What follows a first line may begin so.\nfn f() {}\n",
        ),
        (
            "a.rs",
            "// What is allowed in a plain comment.\nlet wherever = \"Who\";\n",
        ),
        ("a.rs", "/// Whatever and However are other words.\n"),
        ("a.md", "What a report says.\n"),
    ] {
        assert_eq!(check(name, text), "", "{name}: {text}");
    }
}

#[test]
fn the_repository_passes() {
    let checker = root().join("scripts/check-words");
    let done = Command::new(checker).current_dir(root()).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
}
