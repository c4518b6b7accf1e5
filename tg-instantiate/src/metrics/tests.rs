//! Tests of the `metrics` section through the whole manifest, for the lines in its errors.

use crate::manifest::Manifest;
use crate::metrics::Entry;
use std::io::Write;
use tg_stage::Error;

/// A manifest with `metrics` as its seventh line and what follows.
fn load(metrics: &str) -> Result<Manifest, Error> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = "name: x\ntemplate: t.json\nagent_count: 2\nruns_per_config: 1\nconfigs:\n  - workflow: swarm\n";
    file.write_all(format!("{text}{metrics}\nseed: 3\n").as_bytes())
        .unwrap();
    let path = file.path().to_path_buf();
    Manifest::load(&path).map_err(|mut error| {
        error.subject = error.subject.replace(&path.display().to_string(), "m.yaml");
        error
    })
}

#[test]
fn names_and_definitions_stand_side_by_side() {
    let manifest = load(
        "metrics:\n  - wall_clock_time_ms\n  - {name: merges, unit: count, better: higher, jq: '.tables.tasks | length'}\n  - name: spread_ms\n    jq: |\n      [.tables.tasks[].updated_at]\n      | max - min\nprimary: merges",
    )
    .unwrap();
    let names: Vec<&str> = manifest.metrics.iter().map(Entry::name).collect();
    assert_eq!(names, ["wall_clock_time_ms", "merges", "spread_ms"]);
    let custom: Vec<_> = manifest.metrics.iter().filter_map(Entry::custom).collect();
    assert_eq!(custom.len(), 2);
    assert_eq!(
        (custom[0].unit.as_deref(), custom[0].better.as_deref()),
        (Some("count"), Some("higher"))
    );
    assert_eq!(custom[1].jq, "[.tables.tasks[].updated_at]\n| max - min\n");
}

#[test]
fn an_error_names_its_line() {
    let cases = [
        (
            "metrics:\n  - {name: merges, jq: '[.a'}",
            "m.yaml: line 8: metrics[0].jq: column 4: expected closing bracket\n  [.a\n     ^",
        ),
        (
            "metrics:\n  - redo_rate\n  - name: merges\n    unit: count\n    jq: 1 + now",
            "m.yaml: line 11: metrics[1].jq: column 5: `now` is not for metrics: it reads the clock\n  1 + now\n      ^",
        ),
        (
            "metrics:\n  - name: a\n    jq: |\n      .tables\n      | foo",
            "m.yaml: line 9: metrics[0].jq: line 2, column 3: no filter foo/0, did you mean floor/0?\n  | foo\n    ^",
        ),
        (
            "metrics:\n  - {name: Merges, jq: '1'}",
            "m.yaml: line 8: metrics[0]: `Merges` cannot name a metric: use 1 to 40 of a-z 0-9 _ and begin with a letter",
        ),
        (
            "metrics:\n  - {name: handoffs, jq: '1'}",
            "m.yaml: line 8: metrics[0]: `handoffs` names the built-in metric handoffs: choose another name",
        ),
        (
            "metrics:\n  - {name: a, unit: files, jq: '1'}",
            "m.yaml: line 8: metrics[0]: unknown unit `files` of `a`: known are ms, usd, %, ratio, 1/h, count",
        ),
        (
            "metrics:\n  - {name: a}",
            "m.yaml: line 8: metrics[0]: missing field `jq`",
        ),
        (
            "metrics:\n  - {name: a, uint: count, jq: '1'}",
            "m.yaml: line 8: unknown key `uint`",
        ),
        (
            "metrics:\n  - {name: a, jq: '\"unknown field `x`\" | foo'}",
            "m.yaml: line 8: metrics[0].jq: column 23: no filter foo/0, did you mean floor/0?\n  \"unknown field `x`\" | foo\n                        ^",
        ),
        (
            "metrics:\n  - 7",
            "m.yaml: line 8: metrics[0]: invalid type: integer `7`, expected the name of a metric, or {name, unit, better, jq}",
        ),
    ];
    for (text, expected) in cases {
        let error = load(text).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.exit, tg_stage::Exit::Usage);
    }
    let error = load("metrics:\n  - {name: a, uint: count, jq: '1'}").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean `unit`?"));
}
