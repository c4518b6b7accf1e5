//! Usage read from the recorded output and session files of real programs (`recorded/PROGRAM/CASE`), compared with the
//! tokens that the scripted model had served (`served.json` beside it): run to the end, killed in the middle, refused.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tg_launch::{Usage, UsageReader};
use tg_stage::Profile;
use tg_stage::profile::Price;

const PROGRAMS: [&str; 4] = ["claude", "codex", "gemini", "opencode"];
const PRICE: Price = Price {
    input: 3.0,
    output: 15.0,
    cached: Some(0.3),
    cache_write: None,
};

fn recorded(program: &str, case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recorded")
        .join(program)
        .join(case)
}

fn reader(program: &str, dir: &Path, price: Option<Price>) -> UsageReader {
    let profile = Profile {
        usage: Some(program.into()),
        price,
        ..Profile::default()
    };
    UsageReader::new(dir, Some(&profile))
}

fn read(program: &str, case: &str, price: Option<Price>) -> Usage {
    reader(program, &recorded(program, case), price).read()
}

/// The served tokens: in, out and cached.
fn served(program: &str, case: &str) -> [Option<i64>; 3] {
    let text = fs::read(recorded(program, case).join("served.json")).unwrap();
    let served: Value = serde_json::from_slice(&text).unwrap();
    ["tokens_in", "tokens_out", "tokens_cached"].map(|key| served[key].as_i64())
}

fn tokens(usage: &Usage) -> [Option<i64>; 3] {
    [usage.tokens_in, usage.tokens_out, usage.tokens_cached]
}

#[test]
fn tokens_are_those_served_to_the_end_and_after_a_kill() {
    for program in PROGRAMS {
        for case in ["whole", "killed"] {
            let usage = read(program, case, Some(PRICE));
            assert_eq!(tokens(&usage), served(program, case), "{program} {case}");
            assert_eq!(usage.fault, None, "{program} {case}");
            assert!(
                usage.cost_usd.is_some_and(|usd| usd > 0.0),
                "{program} {case}"
            );
        }
    }
}

#[test]
fn the_cost_is_reported_priced_or_unknown() {
    for (program, with, without) in [
        ("claude", "reported", Some("reported")),
        ("codex", "priced", None),
        ("gemini", "priced", None),
    ] {
        let usage = read(program, "whole", Some(PRICE));
        assert_eq!(usage.cost_source.as_deref(), Some(with), "{program}");
        let usage = read(program, "whole", None);
        assert_eq!(usage.cost_source.as_deref(), without, "{program}");
        assert_eq!(usage.cost_usd.is_some(), without.is_some(), "{program}");
    }
    let [input, output, cached] = served("codex", "whole").map(Option::unwrap);
    let usd = PRICE.cost_usd(input, cached, 0, output);
    assert_eq!(read("codex", "whole", Some(PRICE)).cost_usd, Some(usd));
    // A killed program could not report its cost.
    assert_eq!(
        read("claude", "killed", Some(PRICE)).cost_source.as_deref(),
        Some("priced")
    );
    assert_eq!(read("claude", "killed", None).cost_usd, None);
}

#[test]
fn a_refused_program_has_a_fault_and_keeps_its_earlier_usage() {
    for program in PROGRAMS {
        let away = read(program, "away", Some(PRICE));
        assert_eq!(away.fault.as_deref(), Some("auth"), "{program}");
        assert_eq!(tokens(&away), served(program, "away"), "{program}");
        let throttled = read(program, "throttled", Some(PRICE));
        assert_eq!(throttled.fault.as_deref(), Some("quota"), "{program}");
        assert_eq!(
            tokens(&throttled),
            served(program, "throttled"),
            "{program}"
        );
    }
}

#[test]
fn nothing_yet_is_unknown_and_not_zero() {
    let dir = tempfile::tempdir().unwrap();
    for program in PROGRAMS {
        let usage = reader(program, dir.path(), Some(PRICE)).read();
        assert_eq!(usage, Usage::default(), "{program}");
    }
}

#[test]
fn read_while_it_grows_it_never_shrinks_and_ends_as_read_at_once() {
    for program in PROGRAMS {
        let (from, to) = (recorded(program, "killed"), tempfile::tempdir().unwrap());
        let mut reader = reader(program, to.path(), Some(PRICE));
        let mut before = 0;
        for name in tg_stage::file::tree(&from).unwrap() {
            let source = from.join(&name);
            if !source.is_file() {
                continue;
            }
            let (bytes, target) = (fs::read(&source).unwrap(), to.path().join(&name));
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            for end in (0..=bytes.len())
                .step_by(bytes.len().div_ceil(9).max(1))
                .chain([bytes.len()])
            {
                fs::write(&target, &bytes[..end]).unwrap();
                let now = reader.read().tokens_in.unwrap_or(0);
                assert!(now >= before, "{program}: {now} after {before}");
                before = now;
            }
        }
        assert_eq!(
            tokens(&reader.read()),
            served(program, "killed"),
            "{program}"
        );
    }
}
