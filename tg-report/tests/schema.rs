//! `docs/report.schema.json` describes the output of `--format json`, and a GFM renderer reads Markdown as intended.
//!
//! The schema is checked by the few lines below: full validators bring some eighty crates along. They know the keywords that
//! the schema uses and fail on any other, so that a schema cannot state more than is checked. Objects are closed
//! (`additionalProperties: false`), so that an undescribed key fails too.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{json_of, lines, report, run, with};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../docs/report.schema.json");

/// Every place at which `value` does not match `schema`.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                let target = root
                    .pointer(pointer)
                    .expect("the schema refers to what is there");
                found.extend(faults(root, target, value, at));
            }
            "type" if !is_type(rule, value) => found.push(format!("{at} is not {rule}: {value}")),
            "const" if rule != value => found.push(format!("{at} is not {rule}: {value}")),
            "enum" if !rule.as_array().unwrap().contains(value) => {
                found.push(format!("{at} is none of {rule}: {value}"));
            }
            "minimum" if value.as_f64() < rule.as_f64() && value.is_number() => {
                found.push(format!("{at} is below {rule}: {value}"));
            }
            "maximum" if value.as_f64() > rule.as_f64() && value.is_number() => {
                found.push(format!("{at} is above {rule}: {value}"));
            }
            "anyOf" => {
                let fits = |one: &Value| faults(root, one, value, at).is_empty();
                if !rule.as_array().unwrap().iter().any(fits) {
                    found.push(format!("{at} fits no alternative: {value}"));
                }
            }
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(faults(root, rule, item, &format!("{at}/{place}")));
                }
            }
            "required" => {
                let names = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|name| name.as_str().unwrap());
                let missing = names.filter(|name| value.is_object() && value.get(name).is_none());
                found.extend(missing.map(|name| format!("{at} lacks {name}")));
            }
            // These restrict nothing, were met, or are checked below.
            "$schema"
            | "$defs"
            | "title"
            | "description"
            | "type"
            | "const"
            | "enum"
            | "minimum"
            | "maximum"
            | "properties"
            | "additionalProperties" => {}
            other => panic!("the schema uses {other}, which is not checked here"),
        }
    }
    let own = schema.get("properties");
    for (name, part) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        let rule = own.and_then(|own| own.get(name));
        match rule.or(schema.get("additionalProperties")) {
            Some(Value::Bool(false)) => found.push(format!("{at} is not described")),
            Some(rule) => found.extend(faults(root, rule, part, &at)),
            None => {}
        }
    }
    found
}

fn is_type(rule: &Value, value: &Value) -> bool {
    let one = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type of JSON Schema: {other}"),
    };
    rule.as_array()
        .map_or_else(|| one(rule), |names| names.iter().any(one))
}

/// Reports that between them have every part.
fn reports() -> Vec<Value> {
    let wall = |arm: &str, k: u32, ms: f64| {
        run(
            arm,
            k,
            json!({"wall_clock_time_ms": ms, "tasks_per_hour": 3.6e6 / ms}),
        )
    };
    let mut all = Vec::new();
    for n in [1, 2, 4, 8] {
        for k in 1..=3 {
            for (arm, factor) in [("x", 1.0), ("y", 1.3)] {
                let ms = factor * 8000.0 / f64::from(n) + f64::from(k * n) * 20.0;
                let record = with(wall(&format!("{arm}-n{n}"), k, ms), "/run/agents", json!(n));
                all.push(with(
                    record,
                    "/run/report",
                    json!({"success": {"wall_clock_time_ms": "< 3000"}}),
                ));
            }
            let again = with(
                wall("x-n1-again", k, 8000.0 + f64::from(k) * 21.0),
                "/run/null_of",
                json!("x-n1"),
            );
            all.push(with(
                again,
                "/run/id",
                json!(format!("x-n1-again-r{k}-{n}")),
            ));
        }
    }
    let agent = json!({"type": "agent", "v": 1, "run": "z-r1", "worker": "z-r1-w", "role": null, "utilization_pct": 50});
    let task = json!({"type": "task", "v": 1, "run": "z-r1", "task": "t1", "template_task": "t", "blocked_ms": 1,
        "ready_ms": 2, "assigned_ms": 0, "ended_ms": 9, "work": [["z-r1-w", 3, 9]]});
    let inside = [
        run(
            "z",
            1,
            json!({"wall_clock_time_ms": 9, "load_gini": 0, "load_max_over_mean": 1}),
        ),
        agent,
        task,
    ];
    vec![
        json_of(&["two-arms.jsonl"], ""),
        json_of(&["with-failures.jsonl"], ""),
        json_of(
            &[
                "--fail-if",
                "wall_clock_time: worse > 500%",
                "two-arms.jsonl",
            ],
            "",
        ),
        json_of(&[], &lines(&all)),
        json_of(&[], &lines(&inside)),
        json_of(&["--by", "workflow,agents"], &lines(&all)),
    ]
}

#[test]
fn reports_are_as_the_schema_says() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for report in reports() {
        let faults = faults(&schema, &schema, &report, "");
        assert!(faults.is_empty(), "{:#?}", &faults[..faults.len().min(10)]);
    }
}

#[test]
fn what_the_schema_forbids_is_found() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let good = json_of(&["two-arms.jsonl"], "");
    let changes = [
        ("/v", json!(2)),
        ("/simulated", json!("yes")),
        ("/arms/0/completed", json!(-1)),
        ("/arms/1/against/wall_clock_time_ms/p/raw", json!("0.25")),
        (
            "/arms/1/against/wall_clock_time_ms/finding/kind",
            json!("proven"),
        ),
        ("/arms/0/surprise", json!(1)),
    ];
    for (pointer, value) in changes {
        let bad = with(good.clone(), pointer, value);
        assert!(!faults(&schema, &schema, &bad, "").is_empty(), "{pointer}");
    }
    let mut bad = good;
    bad.as_object_mut().unwrap().remove("warnings");
    assert_eq!(faults(&schema, &schema, &bad, ""), [" lacks warnings"]);
}

/// The cells of every table of a Markdown text, as a GFM renderer reads them, row by row.
fn tables(markdown: &str) -> Vec<Vec<Vec<String>>> {
    let mut tables: Vec<Vec<Vec<String>>> = Vec::new();
    let mut in_cell = false;
    for event in Parser::new_ext(
        markdown,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH,
    ) {
        match event {
            Event::Start(Tag::Table(_)) => tables.push(Vec::new()),
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                tables.last_mut().unwrap().push(Vec::new());
            }
            Event::Start(Tag::TableCell) => {
                tables
                    .last_mut()
                    .unwrap()
                    .last_mut()
                    .unwrap()
                    .push(String::new());
                in_cell = true;
            }
            Event::End(TagEnd::TableCell) => in_cell = false,
            Event::Text(text) if in_cell => {
                *tables
                    .last_mut()
                    .unwrap()
                    .last_mut()
                    .unwrap()
                    .last_mut()
                    .unwrap() += &text;
            }
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Code(_) => panic!("a name became markup: {event:?}"),
            _ => {}
        }
    }
    tables
}

#[test]
fn names_stay_in_their_cells_for_a_gfm_renderer() {
    let evil = "a|b`c`|<script>alert(1)</script>[x](http://y)**z**~~w~~\\|";
    let records: Vec<Value> = (1..=3)
        .flat_map(|k| {
            [evil, "plain"].map(|arm| {
                let record = run(arm, k, json!({"wall_clock_time_ms": 10 + k, "x|`y`": k}));
                with(record, "/run/template", json!("t|`u`"))
            })
        })
        .collect();
    let markdown = report(
        &["--format", "markdown", "--metric", "wall_clock_time,x|`y`"],
        &lines(&records),
    )
    .out;
    let tables = tables(&markdown);
    assert_eq!(
        tables.len(),
        4,
        "runs, verdict, ratios, explored\n{markdown}"
    );
    for table in &tables {
        let width = table[0].len();
        assert!(
            table.len() > 1 && table.iter().all(|row| row.len() == width),
            "{table:?}"
        );
    }
    assert_eq!(tables[0][1][0], evil, "the name as it came");
    assert_eq!(tables[0][0][3], "x|`y`");
    assert_eq!(tables[3][1][0], "plain: x|`y`");
}
