//! Lines that are not records, or records that no stage wrote, given to every stage of the chain.

use crate::{run, shown};
use std::fs;
use tg_tests::Lab;

/// The stages that read records.
const STAGES: [&str; 5] = [
    "tg-launch",
    "tg-wait",
    "tg-export",
    "tg-metrics",
    "tg-report",
];

#[test]
fn lines_that_are_not_records() {
    let lab = Lab::new();
    let deep = "{\"type\":\"run\",\"v\":1,\"run\":".to_string()
        + &"[".repeat(100_000)
        + &"]".repeat(100_000)
        + "}";
    let long = format!(
        "{{\"type\":\"run\",\"v\":1,\"run\":{{\"id\":\"{}\"}}}}",
        "x".repeat(20_000_000)
    );
    let values = format!(
        "{{\"type\":\"run\",\"v\":1,\"run\":[{}[]]}}",
        "[],".repeat(5_000_000)
    );
    let lines: [(&str, &[u8], &str); 12] = [
        ("noise", b"\xff\xfe\0", "line 1: not a JSON object"),
        ("nul", b"\0\0\0", "line 1: not a JSON object"),
        (
            "utf8",
            b"{\"type\":\"run\",\"v\":1,\"run\":{\"id\":\"\xff\"}}",
            "line 1: not a JSON object",
        ),
        ("list", b"[1,2]", "line 1: not a JSON object"),
        ("number", b"1e999", "line 1: not a JSON object"),
        (
            "cut",
            b"{\"type\":\"run\",\"v\":1,\"run\":{\"id\":\"a",
            "line 1: not a JSON object",
        ),
        (
            "typeless",
            b"{\"v\":1}",
            "line 1: an object without a \"type\" is not a record",
        ),
        (
            "version",
            b"{\"type\":\"run\",\"v\":18446744073709551616}",
            "line 1: record version 1.844674407370955",
        ),
        (
            "versionless",
            b"{\"type\":\"run\"}",
            "line 1: record without a version",
        ),
        (
            "deep",
            deep.as_bytes(),
            "line 1: not a JSON object: recursion limit",
        ),
        ("long", long.as_bytes(), "line 1: is longer than 16 MiB"),
        (
            "values",
            values.as_bytes(),
            "line 1: not a record: it holds more than a million values",
        ),
    ];
    for (name, line, says) in lines {
        fs::write(lab.path("x.jsonl"), [line, b"\n"].concat()).unwrap();
        for stage in STAGES {
            let done = run(&lab, &format!("{stage} < x.jsonl"));
            assert_eq!(done.status, 3, "{stage} {name}: {}", shown(&done.err));
            assert!(
                done.err.contains(says),
                "{stage} {name}: {}",
                shown(&done.err)
            );
        }
    }
}

#[test]
fn records_that_no_stage_wrote() {
    let lab = Lab::new();
    let records = [
        r#"{"type":"run","v":1}"#,
        r#"{"type":"run","v":1,"run":7,"instantiate":7,"launch":7,"wait":7,"export":7,"metrics":7}"#,
        r#"{"type":"run","v":1,"run":{"id":["a"],"arm":{},"replicate":-1}}"#,
        r#"{"type":"run","v":1,"run":{"id":"a","arm":"x","agents":1e300,"seed":-1,"dir":"/dev/null"}}"#,
        r#"{"type":"run","v":1,"run":{"id":"a","arm":"x","dir":"../../.."},"instantiate":{"db":"/dev/zero"},"export":{"path":"/dev/zero"}}"#,
        r#"{"type":"run","v":1,"run":{"id":"../a","arm":"x"},"instantiate":{"db":"."},"export":{"path":"."},"metrics":{"a":1e308,"b":-0.0,"c":[],"":null}}"#,
        r#"{"type":"run","v":1,"run":{"id":"a","arm":"\u0000\u001b[2J"},"instantiate":{"db":"\u0000"},"export":{"path":"\u0000"},"metrics":{}}"#,
        r#"{"type":"run","v":1,"run":{"id":"a","arm":"x"},"instantiate":{"error":0},"metrics":{"error":[]}}"#,
    ];
    for record in records {
        fs::write(lab.path("x.jsonl"), format!("{record}\n")).unwrap();
        for stage in STAGES {
            let done = run(&lab, &format!("{stage} < x.jsonl"));
            // A stage passes on records that later stages have written.
            let is_passed = stage == "tg-launch"
                && (record.contains("\"wait\"") || record.contains("\"error\""));
            assert!(
                done.status > 0 || is_passed || stage == "tg-report",
                "{stage}: {record}"
            );
        }
    }
}

#[test]
fn manifests_that_grow() {
    let lab = Lab::new();
    let mut laughs = String::from("a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (name, of) in ('b'..='j').zip('a'..) {
        let line = format!(
            "{name}: &{name} [*{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}]\n"
        );
        laughs.push_str(&line);
    }
    let deep = format!("name: {}", "[".repeat(5000));
    for (name, text) in [
        ("laughs.yaml", laughs),
        ("deep.yaml", deep),
        ("nul.yaml", "\0".repeat(1000)),
        ("empty.yaml", String::new()),
    ] {
        fs::write(lab.path(name), text).unwrap();
        let done = run(&lab, &format!("tg-instantiate {name}"));
        assert_eq!(done.status, 2, "{name}: {}", shown(&done.err));
        assert!(done.err.contains(name), "{}", shown(&done.err));
    }
}
