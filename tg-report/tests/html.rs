//! The page as parsed HTML: complete, accessible, closed to the network, and escaped names.

#![allow(clippy::unwrap_used, reason = "in tests")]

mod common;

use common::{lines, report, run, with};
use scraper::{Html, Node, Selector};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;";

fn page(args: &[&str], records: &[Value]) -> String {
    let ran = report(&[&["--format", "html"], args].concat(), &lines(records));
    assert_eq!(ran.exit, 0, "{}", ran.err);
    ran.out
}

fn all<'a>(html: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

/// Two arms, three runs each, with records of what happened inside.
fn experiment() -> Vec<Value> {
    let mut records = Vec::new();
    for (arm, factor) in [("solo", 1.0), ("push", 1.4)] {
        for replicate in 1..=3 {
            let wall = factor * f64::from(10_000 + 700 * replicate);
            let metrics = json!({"wall_clock_time_ms": wall, "total_cost_usd": factor, "load_gini": 0.2, "load_max_over_mean": 1.5});
            records.push(run(arm, replicate, metrics));
            let id = format!("{arm}-r{replicate}");
            for (worker, busy) in [("w1", 6000), ("w2", 3000)] {
                records.push(json!({"type": "agent", "v": 1, "run": id, "worker": format!("{id}-{worker}"), "role": "worker",
                    "busy_ms": busy, "utilization_pct": f64::from(busy) / wall * 100.0}));
            }
            for (task, begin) in [("design", 0), ("build", 3000), ("test", 6000)] {
                records.push(json!({"type": "task", "v": 1, "run": id, "task": format!("{task}-1"), "template_task": task,
                    "status": "completed", "ended_ms": begin + 3000, "blocked_ms": begin, "ready_ms": 5, "assigned_ms": 2,
                    "work": [[format!("{id}-w1"), begin, begin + 1000], [format!("{id}-w1"), begin + 1500, begin + 3000]]}));
            }
        }
    }
    records
}

/// Checks the properties of every page.
fn check(text: &str) -> Html {
    assert!(text.starts_with("<!doctype html>\n"));
    let html = Html::parse_document(text);
    assert_eq!(
        html.errors
            .iter()
            .filter(|error| !error.contains("Bad character"))
            .count(),
        0,
        "{:?}",
        html.errors
    );
    for (selector, count) in [
        ("html[lang=en]", 1),
        ("head > title", 1),
        ("h1", 1),
        ("main", 1),
        ("header nav", 1),
        ("script, img, iframe, object, embed, base, form", 0),
    ] {
        assert_eq!(all(&html, selector).len(), count, "{selector}");
    }
    closed(&html, text);
    named(&html);
    drawn(&html);
    html
}

/// Nothing is fetched and nothing runs.
fn closed(html: &Html, text: &str) {
    let policy = all(html, "meta[http-equiv=Content-Security-Policy]");
    assert!(
        policy[0]
            .attr("content")
            .unwrap()
            .starts_with("default-src 'none';")
    );
    for node in html.tree.nodes() {
        let Node::Element(element) = node.value() else {
            continue;
        };
        for (name, value) in element.attrs() {
            assert!(
                !name.starts_with("on") && name != "style" && name != "src",
                "{name}={value}"
            );
            if name.ends_with("href") {
                assert!(value.starts_with('#') || value == "data:,", "{value}");
            }
        }
    }
    let style = &text[text.find("<style>").unwrap()..text.find("</style>").unwrap()];
    assert!(!style.contains("@import") && !style.contains("http"));
    assert_eq!(
        style.matches("url(").count(),
        style.matches("url(#").count()
    );
}

/// Ids are unique, links arrive, headings go down step by step, tables and figures have titles.
fn named(html: &Html) {
    let ids: Vec<&str> = all(html, "[id]")
        .iter()
        .map(|element| element.attr("id").unwrap())
        .collect();
    let set: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), set.len());
    for link in all(html, "[href^='#']") {
        assert!(set.contains(&link.attr("href").unwrap()[1..]));
    }
    let mut level = 0;
    for heading in all(html, "h1, h2, h3, h4, h5, h6") {
        let own = heading.value().name()[1..].parse::<u32>().unwrap();
        assert!(own <= level + 1, "{} after h{level}", heading.html());
        assert!(!heading.text().collect::<String>().trim().is_empty());
        level = own;
    }
    for table in all(html, "table") {
        let html = Html::parse_fragment(&table.html());
        assert!(
            !all(&html, "caption")[0]
                .text()
                .collect::<String>()
                .is_empty()
        );
        assert!(
            all(&html, "th")
                .iter()
                .all(|head| matches!(head.attr("scope"), Some("col" | "row")))
        );
        let columns = all(&html, "thead th").len();
        for row in all(&html, "tbody tr") {
            assert_eq!(row.child_elements().count(), columns, "{}", row.html());
        }
    }
    for figure in all(html, "figure") {
        let html = Html::parse_fragment(&figure.html());
        assert!(
            all(&html, "figcaption p")[0]
                .text()
                .collect::<String>()
                .len()
                > 20
        );
        assert_eq!(all(&html, "details table").len(), 1);
    }
}

/// Every drawing has its text alternative, and all coordinates are numbers.
fn drawn(html: &Html) {
    for svg in all(html, "svg") {
        let is_hidden = svg.attr("aria-hidden") == Some("true");
        let is_told = svg.attr("role") == Some("img")
            && svg.attr("aria-label").is_some_and(|label| label.len() > 10);
        assert!(is_hidden || is_told, "{}", &svg.html()[..200]);
        for shape in svg.descendent_elements() {
            for name in ["x", "y", "x1", "x2", "y1", "y2", "width", "height"] {
                let value = shape.attr(name).unwrap_or("0");
                let number: f64 = value.trim_end_matches('%').parse().unwrap();
                assert!(number.is_finite() && number.abs() < 1e6, "{name}={value}");
                assert!(
                    !value.ends_with('%') || (-0.01..=100.3).contains(&number),
                    "{name}={value}"
                );
            }
        }
    }
    for word in ["NaN", ">inf<", "-inf", "Infinity"] {
        assert!(!html.html().contains(word), "{word}");
    }
}

fn text_of(html: &Html) -> String {
    html.root_element().text().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_page_with_everything() {
    let text = page(&[], &experiment());
    let html = check(&text);
    let headings: Vec<String> = all(&html, "h2")
        .iter()
        .map(|heading| heading.text().collect())
        .collect();
    let expected = ["What was compared", "Verdict", "All metrics"];
    assert_eq!(headings[..3], expected, "{headings:?}");
    // three ratios, two metrics, three of the insides, one of completion, one Gantt chart per arm
    assert_eq!(
        all(&html, "figure").len(),
        3 + 3 - 1 + 3 + 1 + 2,
        "{headings:?}"
    );
    assert_eq!(
        all(&html, "rect.again").len(),
        2 * 3,
        "each task has a second stretch of work"
    );
    assert!(text_of(&html).contains("lower is better"));
    let bottleneck = all(&html, "td.words")
        .iter()
        .any(|cell| cell.text().collect::<String>() == "test");
    assert!(
        bottleneck,
        "the task that waits longest is named by its id in the template"
    );
}

#[test]
fn simulated_stands_above_all_results() {
    let records: Vec<Value> = experiment()
        .into_iter()
        .map(|record| {
            if record["type"] == "run" {
                with(record, "/run/simulated", true.into())
            } else {
                record
            }
        })
        .collect();
    let html = check(&page(&[], &records));
    assert_eq!(all(&html, "header .simulated").len(), 1);
    let html = check(&page(&[], &experiment()));
    assert_eq!(all(&html, ".simulated").len(), 0);
}

#[test]
fn names_stay_text() {
    let mut records = Vec::new();
    for arm in [EVIL, "b"] {
        for replicate in 1..=2 {
            let mut metrics = json!({"wall_clock_time_ms": 10 * replicate});
            metrics[EVIL] = replicate.into();
            let mut record = run(arm, replicate, metrics);
            for key in ["experiment", "workflow", "template", "model"] {
                record["run"][key] = EVIL.into();
            }
            record["run"]["command"] = json!([EVIL]);
            record["run"]["report"] = json!({"metrics": ["wall_clock_time_ms", EVIL]});
            record["run"]["inputs"] = json!({EVIL: EVIL});
            let id = record["run"]["id"].clone();
            records.push(record);
            records.push(json!({"type": "agent", "v": 1, "run": id, "worker": EVIL, "role": EVIL, "busy_ms": 5, "utilization_pct": 50}));
            records.push(json!({"type": "task", "v": 1, "run": id, "task": EVIL, "template_task": EVIL, "ended_ms": 9,
                "blocked_ms": 1, "ready_ms": 1, "assigned_ms": 1, "work": [[EVIL, 0, 5]]}));
        }
    }
    let text = page(&[], &records);
    let html = check(&text);
    assert!(!text.contains("<script") && !text.contains("<img"));
    for selector in [
        "title",
        "h1",
        "th",
        "td",
        "svg title",
        "svg text",
        "dd",
        "li",
        "caption span",
        "h3",
    ] {
        let is_told = all(&html, selector).iter().any(|element| {
            element
                .text()
                .collect::<String>()
                .contains("<script>alert(1)")
        });
        assert!(is_told, "{selector}");
    }
    let labels = all(&html, "svg[aria-label]");
    assert!(
        labels
            .iter()
            .any(|svg| svg.attr("aria-label").unwrap().contains("<script>alert(1)"))
    );
}

#[test]
fn the_same_records_make_the_same_bytes() {
    assert_eq!(page(&[], &experiment()), page(&[], &experiment()));
}

#[test]
fn little_or_nothing_to_draw() {
    let one = [run("solo", 1, json!({"wall_clock_time_ms": 5}))];
    let html = check(&page(&[], &one));
    assert_eq!(all(&html, "figure").len(), 1, "one run has one strip");
    assert!(text_of(&html).contains("the only arm"));
    assert!(
        text_of(&html).contains("--per agent,task"),
        "how to get the insides"
    );
    let nothing = [run("solo", 1, json!({}))];
    let html = check(&page(&[], &nothing));
    assert_eq!(all(&html, "figure, svg.plot").len(), 0);
    assert!(text_of(&html).contains("No figure, for want of a run"));
    let failed = [
        run("solo", 1, json!({"wall_clock_time_ms": 5})),
        with(
            run("push", 1, json!({"wall_clock_time_ms": null})),
            "/wait/outcome",
            "timeout".into(),
        ),
    ];
    let html = check(&page(&[], &failed));
    assert!(text_of(&html).contains("1 timeout (push-r1)"));
    assert!(text_of(&html).contains("no value"));
}

#[test]
fn values_of_every_size() {
    for values in [
        [0.0, 0.0, 0.0],
        [1e15, 1e15 + 1.0, 1e15 + 2.0],
        [1e-9, 2e-9, 5e-9],
        [-3.0, 0.0, 1e308],
        [-1.7e308, 1.7e308, 0.0],
        [5e-324, 1e-300, 1.0],
        [7.0; 3],
    ] {
        let records: Vec<Value> = (0..6u32)
            .map(|at| {
                let value = values[at as usize % 3];
                run(
                    if at < 3 { "a" } else { "b" },
                    at % 3 + 1,
                    json!({"wall_clock_time_ms": value, "total_cost_usd": value, "x": value}),
                )
            })
            .collect();
        let html = check(&page(
            &["--metric", "wall_clock_time_ms,total_cost_usd,x"],
            &records,
        ));
        assert_eq!(all(&html, "use.mark").len(), 18, "{values:?}");
    }
}

#[test]
fn many_arms_and_many_runs() {
    let record = |arm: usize, replicate: u32| {
        run(
            &format!("arm-{arm}"),
            replicate,
            json!({"wall_clock_time_ms": 1000 + (replicate * 7919) % 1013}),
        )
    };
    let arms: Vec<Value> = (0..40)
        .flat_map(|arm| (1..=3).map(move |replicate| record(arm, replicate)))
        .collect();
    let html = check(&page(&["--metric", "wall_clock_time_ms"], &arms));
    assert_eq!(all(&html, "use.mark").len(), 120);
    let runs: Vec<Value> = (1..=10_000)
        .map(|replicate| record(replicate as usize % 2, replicate))
        .collect();
    let text = page(&["--metric", "wall_clock_time_ms"], &runs);
    let html = check(&text);
    assert_eq!(all(&html, "use.mark").len(), 400, "200 of each arm");
    assert!(text_of(&html).contains("at most 200, evenly spaced in rank"));
    assert!(text_of(&html).contains("4750 more runs of arm-0 are not listed"));
    assert!(text.len() < 1_000_000, "{}", text.len());
}
