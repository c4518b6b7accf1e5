//! Custom metrics, from the manifest to the table, and as `docs/own-metrics.md` shows them (with jq).

#![allow(clippy::unwrap_used, reason = "a test may")]

use tg_tests::{FAST, Lab, bad, manifest, records, refused, root};

const CHAIN: &str = "tg-instantiate m.yaml | tg-launch | tg-wait | tg-export | tg-metrics";

/// A manifest with these metrics.
fn with(metrics: &str) -> String {
    manifest("tiny-feature", 1, &["solo"], &format!("{FAST}{metrics}"))
}

#[test]
fn defined_in_the_manifest_shown_in_the_table_and_changed_without_a_new_run() {
    let lab = Lab::new();
    let metrics = "\
metrics:
  - {name: steps, unit: count, better: lower, jq: '.tables.task_sequence | length'}
  - {name: usd_per_step, unit: usd, jq: '$metrics.total_cost_usd / (.tables.task_sequence | length)'}
  - wall_clock_time_ms
primary: steps
";
    lab.write("m.yaml", &with(metrics));
    let first = &records(&lab.sh(CHAIN).ok().out)[0];
    let steps: i64 = lab
        .db("results/test/solo-r1/tasks.db")
        .query_row("SELECT count(*) FROM task_sequence", [], |row| row.get(0))
        .unwrap();
    assert!(steps > 0);
    assert_eq!(first["metrics"]["steps"], steps);
    let cost = first["metrics"]["total_cost_usd"].as_f64().unwrap();
    let per_step = first["metrics"]["usd_per_step"].as_f64().unwrap();
    assert!((per_step * steps as f64 - cost).abs() < 1e-9);

    // From the snapshot alone, with the definition of that time.
    let alone = lab.sh("tg-metrics results/test/solo-r1/snapshot.json.gz");
    assert_eq!(records(&alone.ok().out)[0]["metrics"], first["metrics"]);
    let table = lab.sh("tg-report results/test/solo-r1/run.json").ok().out;
    let head = table.lines().find(|line| line.starts_with("arm")).unwrap();
    let head: Vec<&str> = head.split_whitespace().collect();
    assert_eq!(
        head,
        ["arm", "runs", "steps", "usd_per_step", "wall_clock_time"]
    );

    // Another definition: the same run, measured anew.
    lab.write(
        "m.yaml",
        &with(&metrics.replace("length'}", "length * 2'}")),
    );
    let again = &records(&lab.sh(CHAIN).ok().out)[0];
    assert_eq!(again["metrics"]["steps"], 2 * steps);
    assert_eq!(again["launch"], first["launch"]);
    assert!(!lab.path("results/test/solo-r1.try1").exists());
}

#[test]
fn mistakes_are_reported_before_anything_is_made() {
    let lab = Lab::new();
    let cases: [(&str, &[&str]); 6] = [
        (
            "metrics: [{name: steps, jq: '.tables | lenght'}]",
            &[
                "m.yaml: line 8: metrics[0].jq: column 11: no filter lenght/0, did you mean length/0?",
                "\n  .tables | lenght\n            ^\n",
            ],
        ),
        (
            "metrics:\n  - name: steps\n    jq: |\n      .tables\n      | [.tasks[]",
            &["m.yaml: line 10: metrics[0].jq: line 2, column 12: expected closing bracket"],
        ),
        (
            "metrics: [{name: steps, jq: '1'}, {name: steps, jq: '2'}]",
            &["m.yaml: two metrics are called `steps`"],
        ),
        (
            "slots: {metric_6: steps}\nmetrics: [{name: steps, jq: '1'}]",
            &["`steps` is a metric of your own and the name of metric_6"],
        ),
        (
            "metrics: [{name: stepping, jq: '1'}, steping]",
            &["unknown metric `steping`", "did you mean `stepping`?"],
        ),
        (
            "primary: stepps\nmetrics: [{name: steps, jq: '1'}]",
            &["unknown metric `stepps`", "did you mean `steps`?"],
        ),
    ];
    for (metrics, says) in cases {
        lab.write("m.yaml", &bad("limits:", &format!("{metrics}\nlimits:")));
        refused(&lab, "tg-instantiate m.yaml", 2, says);
        assert!(!lab.path("results").exists(), "{metrics}");
    }
}

/// The blocks of the documentation in a language.
fn blocks(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/own-metrics.md")).unwrap();
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    let block = |rest: &str| rest.split("```").next().unwrap().to_string();
    blocks.map(block).collect()
}

#[test]
fn the_documentation_shows_real_output() {
    let lab = Lab::new();
    let metrics = &blocks("yaml")[0];
    let manifest = manifest("medium-feature", 3, &["swarm"], &format!("{FAST}{metrics}"));
    lab.write(
        "m.yaml",
        &manifest.replace("name: test", "name: push-vs-pull"),
    );
    let record = &records(&lab.sh(CHAIN).ok().out)[0];
    let own = record["run"]["report"]["own_metrics"].as_array().unwrap();
    assert_eq!(own.len(), metrics.matches("jq: ").count());
    for own in own {
        let name = own["name"].as_str().unwrap();
        assert!(record["metrics"][name].is_number(), "{name}: {record}");
    }
    let mut commands = 0;
    for block in blocks("console") {
        let (line, output) = block.split_once('\n').unwrap();
        if line.starts_with("$ tg-metrics") {
            let done = lab.sh(&line[2..]);
            assert_eq!(done.out + &done.err, output, "{line}");
            commands += 1;
        }
    }
    assert_eq!(commands, 3);
}
