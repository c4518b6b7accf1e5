//! The README is true: every console block in it is run, in order, and prints the shown output.
//!
//! Figures that depend on the clock of this machine are compared by their place, not by their digits: a number with a
//! decimal point, of three digits or more, or beside a `±`. Everything else is compared as it stands, up to a last line `...`.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use tg_tests::document::{blocks, commands};
use tg_tests::{Lab, done, root};

/// The text without the figures that depend on the clock, and with spaces folded.
fn shape(text: &str) -> Vec<String> {
    let is_number =
        |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<f64>().is_ok();
    let line = |line: &str| {
        let words: Vec<&str> = line
            .split([' ', '\t', ','])
            .filter(|word| !word.is_empty())
            .collect();
        let by_clock = |index: usize| {
            let word = words[index];
            let beside = |other: Option<&&str>| other.is_some_and(|other| *other == "±");
            is_number(word)
                && (word.contains('.')
                    || word.len() >= 3
                    || beside(words.get(index + 1))
                    || beside(words.get(index.wrapping_sub(1))))
        };
        let shown: Vec<&str> = (0..words.len())
            .map(|index| if by_clock(index) { "#" } else { words[index] })
            .collect();
        shown.join(" ")
    };
    text.trim().lines().map(line).collect()
}

#[test]
fn every_console_block_prints_the_shown_output() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let lab = Lab::new();
    let blocks = blocks(&readme, "console");
    assert!(blocks.len() >= 4, "the README shows its commands");
    for (command, expected) in blocks.iter().flat_map(|block| commands(block)) {
        let mut process = lab.command(&command);
        if command.starts_with("make ") {
            // From the workspace, as a reader would, but into this directory; not as a part of the make that runs us.
            for variable in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS"] {
                process.env_remove(variable);
            }
            process
                .current_dir(root())
                .env("RESULTS", lab.path("results"));
        }
        let done = done(&process.output().unwrap()).ok();
        let (mut printed, mut shown) = (shape(&done.out), shape(&expected));
        // A last line of three dots stands for the rest.
        if shown.last().is_some_and(|last| last == "...") {
            shown.pop();
            assert!(
                printed.len() > shown.len(),
                "$ {command}: that is all of it"
            );
            printed.truncate(shown.len());
        }
        assert_eq!(printed, shown, "$ {command}\n{}", done.err);
    }
}

#[test]
fn the_manifest_it_shows_is_the_one_that_is_run() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let manifest = fs::read_to_string(root().join("experiments/push-vs-pull.yaml")).unwrap();
    assert!(blocks(&readme, "yaml").contains(&manifest));
}

#[test]
fn every_tool_it_names_is_there_and_explains_itself() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let lab = Lab::new();
    for tool in [
        "tg-instantiate",
        "tg-launch",
        "tg-agent",
        "tg-wait",
        "tg-export",
        "tg-merge",
        "tg-metrics",
        "tg-report",
        "tg-watch",
    ] {
        assert!(
            readme.contains(&format!("| `{tool}` |")),
            "{tool} is not in the table"
        );
        let help = lab.sh(&format!("COLUMNS=100 {tool} --help")).ok().out;
        for part in ["Usage:", "Reads:", "Writes:", "Exit status:", "Examples:"] {
            assert!(help.contains(part), "{tool} --help has no {part}");
        }
        assert!(
            help.lines().next().is_some_and(|line| line.len() < 80),
            "{tool}: first line"
        );
        let wide: Vec<&str> = help
            .lines()
            .filter(|line| line.chars().count() > 100)
            .collect();
        assert!(wide.is_empty(), "{tool}: {wide:?}");
    }
}
