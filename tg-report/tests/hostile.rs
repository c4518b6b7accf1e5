//! Names may contain anything; every format keeps them inside their cell.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{lines, report, run};
use serde_json::json;

#[test]
fn hostile_names() {
    let evil = "a|b`c`\u{1b}[31m<script>[x](http://y)\n# z\u{202e}*_";
    let input = lines(&[run(
        evil,
        1,
        json!({"wall_clock_time_ms": 10, "=cmd()": 1, "x\u{7}|y": 2}),
    )]);
    let text = report(&[], &input).out;
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text:?}");
    assert!(
        text.contains(r"a|b`c`\u{1b}[31m<script>[x](http://y)\n# z\u{202e}*_"),
        "{text}"
    );
    let markdown = report(&["--format", "markdown", "--metric", "x\u{7}|y"], &input).out;
    let row = markdown
        .lines()
        .find(|line| line.starts_with(r"| a\|"))
        .unwrap();
    assert!(
        row.starts_with(
            r"| a\|b\`c\`\\u{1b}\[31m\<script\>\[x\](http://y)\\n\# z\\u{202e}\*\_ | 1/1 (2-100 %) |"
        ),
        "{row}"
    );
    assert!(markdown.contains(r"x\\u{7}\|y"), "{markdown}");
    let csv = report(&["--format", "csv"], &input).out;
    assert!(csv.contains(",'=cmd(),"), "{csv}");
}

#[test]
fn csv_cells_are_no_formulas_and_numbers_stay_numbers() {
    for (arm, cell) in [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "\"'\rx\""),
        (" =1", "' =1"),
        ("a,b\"c", "\"a,b\"\"c\""),
        ("plain", "plain"),
    ] {
        let input = lines(&[run(arm, 1, json!({"delta": -3.5, "tiny": 1e-300}))]);
        let out = report(&["--format", "csv"], &input).out;
        assert!(
            out.contains(&format!(
                "e,{cell},true,false,1,1,delta,,,,ended,1,-3.5,,-3.5,-3.5,-3.5"
            )),
            "{out}"
        );
        assert!(out.contains(",1e-300,"), "{out}");
    }
}
