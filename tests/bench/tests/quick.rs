//! The benchmark runs, and the tools and the installed peers give the same numbers.

use std::path::Path;
use std::process::Command;

#[test]
fn all_programs_give_the_same_numbers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let bench = Path::new(env!("CARGO_BIN_EXE_tg-bench"));
    let tools = bench.parent().expect("a directory");
    let missing = [
        "tg-metrics",
        "tg-export",
        "tg-wait",
        "tg-instantiate",
        "tg-report",
    ]
    .into_iter()
    .find(|tool| !tools.join(tool).exists());
    assert!(missing.is_none(), "{missing:?} is not built: make build");
    let done = Command::new(bench)
        .args(["run", "--quick", "--tools"])
        .arg(tools)
        .arg("--data")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench"))
        .current_dir(root)
        .output()
        .expect("the benchmark starts");
    let out = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{errors}\n{out}");
    assert!(!out.contains("Not the same numbers"), "{out}");
    // Every job has a table, and our own line in it.
    let lines = |text: &str| out.lines().filter(|line| line.contains(text)).count();
    assert!(lines("### ") >= 12, "{out}");
    assert!(lines("| tg-metrics") >= 6, "{out}");
    // Serde computes them everywhere; Python and jq where they are.
    assert!(
        out.contains("give the same numbers") && lines("ours are none") == 0,
        "{out}"
    );
}
