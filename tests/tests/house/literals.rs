//! Each fact has one home: names of outcomes, file names and table names are written in one place.

use std::collections::{BTreeMap, BTreeSet};
use tg_stage::{EndReason, Outcome};
use tg_tests::sources::{self, Literal};
use tg_tests::{Lab, manifest};

fn shipped_literals() -> Vec<Literal> {
    let sources = sources::all();
    let shipped = sources.iter().filter(|(path, _)| sources::is_shipped(path));
    shipped
        .flat_map(|(path, text)| sources::literals(path, text))
        .collect()
}

/// Fails if more than one file has a literal for which `is_it` is true; lists all of them.
fn at_home<'l>(what: &str, literals: impl Iterator<Item = &'l Literal>, errors: &mut Vec<String>) {
    let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for literal in literals {
        let lines = files.entry(&literal.file).or_default();
        lines.push(literal.line.to_string());
    }
    if files.len() > 1 {
        let places = files
            .iter()
            .map(|(file, lines)| format!("\n  {file}: {}", lines.join(", ")));
        errors.push(format!(
            "`{what}` is written in {} files:{}",
            files.len(),
            places.collect::<String>()
        ));
    }
}

#[test]
fn outcomes_end_reasons_and_file_names_are_written_in_one_file_each() {
    let literals = shipped_literals();
    assert!(literals.len() > 1000, "{} literals", literals.len());
    let mut errors = Vec::new();
    let outcomes = Outcome::ALL.map(|outcome| outcome.to_string());
    let reasons = EndReason::ALL.map(|reason| reason.to_string());
    for name in outcomes.into_iter().chain(reasons).collect::<BTreeSet<_>>() {
        let whole = literals.iter().filter(|literal| literal.text == name);
        at_home(&name, whole, &mut errors);
    }
    for part in ["run.json", "launch.lock"] {
        let having = literals
            .iter()
            .filter(|literal| literal.text.contains(part));
        at_home(part, having, &mut errors);
    }
    let attempts = literals
        .iter()
        .filter(|literal| names_an_attempt(&literal.text));
    at_home(".try", attempts, &mut errors);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn names_an_attempt(text: &str) -> bool {
    let mut parts = text.split(".try").skip(1);
    parts.any(|after| after.starts_with(|c: char| c.is_ascii_digit() || c == '{'))
}

/// The tables of a run's database: the host's and ours.
fn tables() -> BTreeSet<String> {
    let lab = Lab::new();
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], ""));
    lab.sh("tg-instantiate m.yaml").ok();
    let db = lab.db("results/test/solo-r1/tasks.db");
    let mut query = db.prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')");
    let names = query
        .as_mut()
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap();
    let names: BTreeSet<String> = names.map(Result::unwrap).collect();
    names
        .into_iter()
        .filter(|name| !name.starts_with("sqlite_"))
        .collect()
}

/// The names in SQL's places of a table: after FROM, JOIN, INTO, UPDATE and TABLE.
fn named_tables(text: &str) -> Vec<String> {
    const MARKS: [&str; 5] = ["from", "join", "into", "update", "table"];
    const BETWEEN: [&str; 8] = [
        "if", "not", "exists", "or", "ignore", "replace", "rollback", "main",
    ];
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c| !is_part(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    for (at, word) in words
        .iter()
        .enumerate()
        .filter(|(_, word)| MARKS.contains(word))
    {
        let _ = word;
        let mut after = words[at + 1..]
            .iter()
            .skip_while(|word| BETWEEN.contains(word));
        found.extend(after.next().map(ToString::to_string));
    }
    found
}

#[test]
fn tables_are_named_in_the_host_library_alone() {
    let tables = tables();
    for name in [
        "tasks",
        "dependencies",
        "workers",
        "task_sequence",
        "attachments",
        "experiment_runs",
    ] {
        assert!(tables.contains(name), "{name} is not in {tables:?}");
    }
    let mut errors = Vec::new();
    for literal in shipped_literals() {
        let is_home = literal.file.split('/').any(|part| part == "tg-host");
        for name in named_tables(&literal.text)
            .iter()
            .filter(|name| tables.contains(*name))
        {
            if !is_home {
                errors.push(format!(
                    "{}:{}: names the table `{name}`",
                    literal.file, literal.line
                ));
            }
        }
    }
    assert!(
        errors.is_empty(),
        "{} literals\n{}",
        errors.len(),
        errors.join("\n")
    );
}

#[test]
fn the_rules_find_what_they_look_for() {
    assert_eq!(
        named_tables(
            "select 1 FROM\n  tasks t Join \"main\".workers; INSERT OR REPLACE INTO [claims]"
        ),
        ["tasks", "workers", "claims"]
    );
    assert_eq!(
        named_tables("CREATE TABLE IF NOT EXISTS tasks; tasks from"),
        ["tasks"]
    );
    assert!(names_an_attempt("{run}.try{n}") && names_an_attempt("push-r1.try1"));
    assert!(!names_an_attempt("a.try_from") && !names_an_attempt("RUN.tryN"));
    let text = "/// \"run.json\"\nfn f() { println!(\"a{}\", g(r\"b\")); }\n#[x = \"c\"] mod m {}";
    let found = sources::literals("x.rs", text);
    let found: Vec<(usize, &str)> = found
        .iter()
        .map(|one| (one.line, one.text.as_str()))
        .collect();
    assert_eq!(found, [(2, "a{}"), (2, "b"), (3, "c")]);
}
