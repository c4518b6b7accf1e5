//! The template library: the figures in its README, and that its leaves can be worked on.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tg_host::Snapshot;
use tg_tests::library::{NAMES, figures, template};
use tg_tests::{Lab, root};

#[test]
fn the_readme_table_agrees_with_the_files() {
    let readme = fs::read_to_string(root().join("templates/README.md")).unwrap();
    let (mut in_readme, mut leaves_by_tag) = (BTreeMap::new(), BTreeMap::new());
    for row in readme.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        if cells.len() == 5 {
            let numbers: Vec<usize> = cells[1..]
                .iter()
                .map(|cell| cell.parse().unwrap())
                .collect();
            leaves_by_tag.insert(cells[0].trim_matches('`').to_string(), numbers);
            continue;
        }
        let numbers: Vec<i64> = cells[1..8]
            .iter()
            .map(|cell| cell.trim_end_matches(" min").parse().unwrap())
            .collect();
        in_readme.insert(cells[0].trim_matches('`').to_string(), numbers);
    }
    let files: BTreeSet<String> = fs::read_dir(root().join("templates"))
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_string_lossy()
                .strip_suffix(".json")
                .map(String::from)
        })
        .collect();
    assert_eq!(
        files,
        in_readme.keys().cloned().collect(),
        "a row for each file, a file for each row"
    );
    for (name, numbers) in &in_readme {
        assert_eq!(numbers, &figures(&template(name)), "{name}");
        let tags = template(name).tables.task_needed_tags;
        let count = |tag: &str| tags.iter().filter(|row| row.tag == tag).count();
        assert_eq!(
            leaves_by_tag[name],
            ["designer", "implementer", "reviewer", "tester"].map(count),
            "{name}"
        );
    }
}

#[test]
fn counts_are_those_of_the_mission() {
    let within =
        |name: &str, tasks: std::ops::RangeInclusive<i64>, deps: std::ops::RangeInclusive<i64>| {
            let [count, _, edges, ..] = figures(&template(name));
            assert!(
                tasks.contains(&count) && deps.contains(&edges),
                "{name}: {count} tasks, {edges} ordering deps"
            );
        };
    within("tiny-feature", 5..=5, 3..=3);
    within("medium-feature", 15..=20, 10..=15);
    within("medium-coarse", 5..=6, 4..=5);
    within("large-refactor", 40..=60, 30..=999);
    within("independent-batch", 20..=20, 0..=0);
    within("pipeline", 10..=10, 9..=9);
}

#[test]
fn every_leaf_can_be_worked_on_and_edges_join_leaves() {
    let specialists = ["designer", "implementer", "reviewer", "tester"];
    for name in NAMES {
        let tables = template(name).tables;
        let containers: BTreeSet<&str> = tables
            .dependencies
            .iter()
            .filter(|edge| edge.is_containment())
            .map(|edge| edge.from_task_id.as_str())
            .collect();
        for edge in tables.dependencies.iter().filter(|edge| edge.is_ordering()) {
            for end in [&edge.from_task_id, &edge.to_task_id] {
                assert!(
                    !containers.contains(end.as_str()),
                    "{name}: an edge ends at the container {end}"
                );
            }
        }
        let mut sizes = BTreeSet::new();
        for task in tables
            .tasks
            .iter()
            .filter(|task| !containers.contains(task.id.as_str()))
        {
            let id = &task.id;
            assert!(
                task.points.unwrap_or(0.0) > 0.0 && task.time_estimate_ms.unwrap_or(0) > 0,
                "{name}: {id}"
            );
            assert!(
                task.description
                    .as_ref()
                    .is_some_and(|text| text.len() > 80),
                "{name}: {id} says too little"
            );
            assert!(
                task.needed_tags.len() == 1 && specialists.contains(&task.needed_tags[0].as_str()),
                "{name}: {id}"
            );
            sizes.insert(task.points.map(|points| points as i64));
        }
        assert!(sizes.len() >= 2, "{name}: sizes are not mixed");
    }
}

#[test]
fn coarse_is_feature_with_its_groups_merged() {
    let (fine, coarse) = (
        template("medium-feature").tables,
        template("medium-coarse").tables,
    );
    let total = |snapshot: &Snapshot| figures(snapshot)[4..6].to_vec();
    assert_eq!(
        total(&template("medium-feature")),
        total(&template("medium-coarse"))
    );
    for merged in coarse.tasks.iter().filter(|task| task.points.is_some()) {
        let children: BTreeSet<&str> = fine
            .dependencies
            .iter()
            .filter(|edge| edge.is_containment() && edge.from_task_id == merged.id)
            .map(|edge| edge.to_task_id.as_str())
            .collect();
        let parts: Vec<_> = fine
            .tasks
            .iter()
            .filter(|task| children.contains(task.id.as_str()))
            .collect();
        assert!(parts.len() > 1, "{} merges nothing", merged.id);
        assert_eq!(
            merged.points,
            Some(parts.iter().filter_map(|task| task.points).sum())
        );
        assert_eq!(
            merged.time_estimate_ms,
            Some(parts.iter().filter_map(|task| task.time_estimate_ms).sum())
        );
        for part in parts {
            let text = part.description.as_deref().unwrap();
            assert!(
                merged.description.as_deref().unwrap().contains(text),
                "{} lost a text",
                merged.id
            );
        }
    }
}

/// A manifest written by `--init` can be run from any directory.
#[test]
fn the_templates_that_came_with_the_tools_are_found_from_anywhere() {
    let lab = Lab::new();
    let plan = lab.sh("mkdir away && cd away && rm ../templates && tg-instantiate --init my.yaml && tg-instantiate --plan my.yaml");
    assert_eq!(plan.ok().out.lines().count(), 7);
    let typo = lab.sh("cd away && sed -i s/medium-feature/medium-fature/ my.yaml && tg-instantiate --plan my.yaml");
    assert_eq!(typo.status, 2, "{}", typo.err);
    assert!(
        typo.err.contains("names `templates/medium-fature.json`"),
        "{}",
        typo.err
    );
}
