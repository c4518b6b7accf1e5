//! No circle of imports between the files of any crate.

use std::collections::BTreeMap;
use tg_tests::modules::Graph;
use tg_tests::sources;

#[test]
fn no_crate_has_a_circle() {
    let sources = sources::all();
    let roots = sources.keys().filter(|path| is_root(path));
    let mut found = Vec::new();
    let mut crates = 0;
    for root in roots {
        found.extend(Graph::read(root, &sources).circles());
        crates += 1;
    }
    assert!(crates > 100, "{crates} crates were read");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// True for the root of a library, a program or a test.
fn is_root(path: &str) -> bool {
    let is_test = path.rsplit('/').nth(1) == Some("tests");
    path.ends_with("/lib.rs") || path.ends_with("/main.rs") || is_test
}

fn crate_of(files: &[(&str, &str)]) -> Graph {
    let sources: BTreeMap<String, String> = files
        .iter()
        .map(|(path, text)| (format!("x/src/{path}"), (*text).into()))
        .collect();
    Graph::read("x/src/lib.rs", &sources)
}

#[test]
fn a_circle_of_two_files_is_found_with_its_names() {
    let graph = crate_of(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::{self, B}; pub struct A;"),
        ("b.rs", "use super::a::A; pub struct B;"),
        ("c.rs", "use crate::{a::A, b::B};"),
    ]);
    let expected =
        "a circle of 2 files:\n  x/src/a.rs -> x/src/b.rs (B)\n  x/src/b.rs -> x/src/a.rs (A)";
    assert_eq!(graph.circles(), [expected]);
}

#[test]
fn a_circle_through_re_exports_paths_macros_and_globs_is_found() {
    // lib.rs re-exports; the arrows go to the files that define the names.
    let graph = crate_of(&[
        (
            "lib.rs",
            "mod a; mod b; mod c; mod d; pub use a::A; pub use b::inner::*;",
        ),
        ("a.rs", "use crate::Deep; pub struct A;"),
        ("b/mod.rs", "pub mod inner;"),
        (
            "b/inner.rs",
            "pub struct Deep; fn f() { let _ = crate::c::f(); }",
        ),
        (
            "c.rs",
            "use super::d; pub fn f() { println!(\"{}\", d::f()); }",
        ),
        (
            "d.rs",
            "pub use crate::c::f as g; use crate::*; pub fn f() -> A { A }",
        ),
    ]);
    assert_eq!(graph.imports("x/src/a.rs"), ["x/src/b/inner.rs"]);
    assert_eq!(graph.imports("x/src/c.rs"), ["x/src/d.rs"]);
    let circles = graph.circles();
    assert_eq!(circles.len(), 1, "{circles:?}");
    assert!(
        circles[0].contains("x/src/c.rs -> x/src/d.rs (f)"),
        "{circles:?}"
    );
}

#[test]
fn what_a_parent_defines_and_a_child_uses_is_a_circle_if_the_parent_uses_the_child() {
    let child = ("a.rs", "use crate::LIMIT; pub fn f() -> u32 { LIMIT }");
    let circle = crate_of(&[
        ("lib.rs", "mod a; const LIMIT: u32 = 1; fn g() { a::f(); }"),
        child,
    ]);
    assert_eq!(circle.circles().len(), 1);
    let fine = crate_of(&[("lib.rs", "mod a; const LIMIT: u32 = 1;"), child]);
    assert_eq!(fine.circles().len(), 0);
}

#[test]
fn unit_tests_and_other_crates_make_no_arrows() {
    let graph = crate_of(&[
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "use std::fs; pub struct A; #[cfg(test)] mod tests { use crate::b::B; use super::*; }",
        ),
        (
            "b.rs",
            "use crate::a::A; pub struct B; fn f() { std::fs::read(\"a::b\"); }",
        ),
    ]);
    assert_eq!(graph.imports("x/src/a.rs"), [""; 0]);
    assert_eq!(graph.imports("x/src/b.rs"), ["x/src/a.rs"]);
}
