//! jq filters of custom metrics: the text, compiled, or the place in it that is wrong.
//!
//! A manifest's filters are checked before anything runs, and are run long after. The language is jaq's, with its standard
//! library and `IN`. Everything that could change the result for the same snapshot is left out: the environment, the clock,
//! the time zone of the machine, input beside the snapshot, files. The caller must limit a running filter: it may loop
//! forever or use all memory. Compiling is bounded by [`LONGEST`] and needs a [`STACK`], because jaq recurses once for each
//! open bracket.

mod fault;

use crate::nearest;
use jaq_core::compile::Undefined;
use jaq_core::data::JustLut;
use jaq_core::load::{self, Arena, File, Loader, lex, parse};
use jaq_core::native::Fun;
use jaq_core::{Compiler, Filter};
use jaq_json::Val;

pub use fault::Fault;

/// The data of a filter.
pub type Data = JustLut<Val>;

/// A filter that can be run: `Program.id.run(...)` with the values of [`VARIABLES`], in their order.
pub type Program = Filter<Data>;

/// The variables a filter may use: the built-in metrics by name, and the `run` of the record.
pub const VARIABLES: [&str; 2] = ["$metrics", "$run"];

/// The longest filter, in bytes.
pub const LONGEST: usize = 16 << 10;

/// The stack that is enough to compile a filter of [`LONGEST`] bytes, in bytes: the worst measured needs 32 MiB.
pub const STACK: usize = 128 << 20;

/// Functions of jq that jaq lacks.
const DEFINITIONS: &str = "def IN(values): . as $it | any(values; . == $it);";

/// Functions of jq that a metric must not use, each with the reason.
const REFUSED: [(&str, &str); 10] = [
    ("env", ENVIRONMENT),
    ("$ENV", ENVIRONMENT),
    ("now", "it reads the clock"),
    ("localtime", TIME_ZONE),
    ("strflocaltime", TIME_ZONE),
    ("input", INPUT),
    ("inputs", INPUT),
    ("input_filename", INPUT),
    ("halt", "a metric is a number, not an end"),
    ("halt_error", "a metric is a number, not an end"),
];
const ENVIRONMENT: &str = "it reads the environment";
const TIME_ZONE: &str = "it reads the time zone of the machine";
const INPUT: &str = "the snapshot is all there is, as `.`";

/// Checks that `text` is a filter, without running it; in a thread of its own, for the stack.
pub fn check(text: &str) -> Result<(), Fault> {
    let text = text.to_string();
    let fault = |what: String| Err(Fault::at("", 0, what));
    let compiling = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || compile(&text).map(drop));
    match compiling.map(std::thread::JoinHandle::join) {
        Ok(Ok(checked)) => checked,
        Ok(Err(_)) => fault("the filter cannot be compiled".into()),
        Err(cause) => fault(format!("the filter cannot be checked: {cause}")),
    }
}

/// Compiles a filter. Needs a stack of [`STACK`] bytes.
pub fn compile(text: &str) -> Result<Program, Fault> {
    if text.len() > LONGEST {
        let what = format!("a filter of {} bytes: at most {LONGEST}", text.len());
        return Err(Fault::at("", 0, what));
    }
    let arena = Arena::default();
    let file = File {
        code: text,
        path: (),
    };
    let modules = Loader::new(definitions())
        .load(&arena, file)
        .map_err(|errors| first(text, errors.into_iter().flat_map(|error| places(error.1))))?;
    load::import(&modules, |_| Err(NO_FILES.into()))
        .map_err(|errors| first(text, errors.into_iter().flat_map(|error| places(error.1))))?;
    Compiler::default()
        .with_funs(functions())
        .with_global_vars(VARIABLES)
        .compile(modules)
        .map_err(|errors| {
            let unknown = errors.into_iter().flat_map(|error| error.1);
            first(
                text,
                unknown.map(|(name, kind)| (name, undefined(name, &kind))),
            )
        })
}

const NO_FILES: &str = "a metric reads no files: the same snapshot gives the same number";

fn definitions() -> impl Iterator<Item = parse::Def<&'static str>> {
    let own = load::parse(DEFINITIONS, |parser| parser.defs()).unwrap_or_default();
    let standard = jaq_core::defs().chain(jaq_std::defs());
    standard
        .chain(jaq_json::defs())
        .chain(own)
        .filter(|def| is_allowed(def.name))
}

fn functions() -> impl Iterator<Item = Fun<Data>> {
    let standard = jaq_core::funs().chain(jaq_std::funs());
    standard
        .chain(jaq_json::funs())
        .filter(|function| is_allowed(function.0))
}

fn is_allowed(name: &str) -> bool {
    REFUSED.iter().all(|refused| refused.0 != name)
}

/// The first of some faults, in the order of the text.
fn first<'t>(text: &str, faults: impl Iterator<Item = (&'t str, String)>) -> Fault {
    let places = faults.map(|(place, what)| (load::span(text, place).start, what));
    let (at, what) = places.min().unwrap_or_default();
    Fault::at(text, at, what)
}

fn places(error: load::Error<&str>) -> Vec<(&str, String)> {
    match error {
        load::Error::Io(faults) => faults,
        load::Error::Lex(faults) => faults
            .into_iter()
            .map(|(expected, place)| (place, unreadable(&expected)))
            .collect(),
        load::Error::Parse(faults) => faults
            .into_iter()
            .map(|(expected, place)| (place, unexpected(&expected)))
            .collect(),
    }
}

fn unreadable(expected: &lex::Expect<&str>) -> String {
    match expected {
        lex::Expect::Token => "nothing of jq begins like this".into(),
        other => format!("expected {}", other.as_str()),
    }
}

fn unexpected(expected: &parse::Expect<&str>) -> String {
    match expected {
        parse::Expect::Nothing => "expected the end".into(),
        parse::Expect::Just(word) => format!("expected `{word}`"),
        other => format!("expected {}", other.as_str()),
    }
}

fn undefined(name: &str, kind: &Undefined) -> String {
    if let Some((_, why)) = REFUSED.iter().find(|refused| refused.0 == name) {
        return format!("`{name}` is not for metrics: {why}");
    }
    match kind {
        Undefined::Filter(arguments) => {
            let near = near(name).map(|near| format!(", did you mean {near}?"));
            format!("no filter {name}/{arguments}{}", near.unwrap_or_default())
        }
        Undefined::Var => {
            let known = VARIABLES.join(" and ");
            format!("no variable {name}, there are {known}")
        }
        other => format!("no {} {name}", other.as_str()),
    }
}

/// The filter that the user may have meant by an unknown one, with its number of arguments: `map/1`.
fn near(typed: &str) -> Option<String> {
    let defined = definitions().map(|def| (def.name, def.args.len()));
    let known: Vec<_> = defined
        .chain(functions().map(|function| (function.0, function.1.len())))
        .collect();
    let alike = |known: &&(&str, usize)| known.0.chars().next() == typed.chars().next();
    let near = nearest(typed, known.iter().filter(alike).map(|known| known.0))?;
    let (name, takes) = known.iter().find(|known| known.0 == near)?;
    Some(format!("{name}/{takes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_compile() {
        for text in [
            ".",
            "[.tables.tasks[] | select(.status | IN(\"completed\", \"failed\"))] | length",
            "$metrics.total_cost_usd / $metrics.metric_0",
            "$run.agents",
            ". as {tables: {$tasks}} | $tasks | map(.points // 0) | add",
            "def now: 3; now",
            "\"2026-11-22T20:00:00Z\" | fromdate | sqrt | floor # a comment",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_fault_has_a_place() {
        let cases = [
            ("[.a", 1, 4, "expected closing bracket"),
            (".a & .b", 1, 4, "nothing of jq begins like this"),
            ("1 +", 1, 4, "expected term"),
            ("", 1, 1, "expected term"),
            ("if .a then 1", 1, 13, "expected else or end"),
            ("(1) as $x", 1, 10, "expected `|`"),
            ("1 ; 2", 1, 3, "expected the end"),
            (
                "\"é\" + foo(1)",
                1,
                7,
                "no filter foo/1, did you mean floor/0?",
            ),
            (
                ".a\n| mapp(1)",
                2,
                3,
                "no filter mapp/1, did you mean map/1?",
            ),
            ("map", 1, 1, "no filter map/0, did you mean map/1?"),
            ("1 + zzzzzzzzzz", 1, 5, "no filter zzzzzzzzzz/0"),
            (
                "$metric.x",
                1,
                1,
                "no variable $metric, there are $metrics and $run",
            ),
        ];
        for (text, line, column, what) in cases {
            let fault = check(text).unwrap_err();
            let found = (fault.line, fault.column, fault.what.as_str());
            assert_eq!(found, (line, column, what), "{text}");
        }
    }

    #[test]
    fn what_is_not_in_the_snapshot_is_refused() {
        let cases = [
            ("1 + now", 5, "`now` is not for metrics: it reads the clock"),
            (
                "env.HOME",
                1,
                "`env` is not for metrics: it reads the environment",
            ),
            (
                "$ENV.HOME",
                1,
                "`$ENV` is not for metrics: it reads the environment",
            ),
            (
                "input",
                1,
                "`input` is not for metrics: the snapshot is all there is, as `.`",
            ),
            (
                "0 | localtime",
                5,
                "`localtime` is not for metrics: it reads the time zone of the machine",
            ),
            (
                "halt",
                1,
                "`halt` is not for metrics: a metric is a number, not an end",
            ),
            ("include \"a\"; 1", 10, "module loading not supported"),
            ("import \"a\" as $a; $a", 9, NO_FILES),
        ];
        for (text, column, what) in cases {
            let fault = check(text).unwrap_err();
            assert_eq!(
                (fault.column, fault.what.as_str()),
                (column, what),
                "{text}"
            );
        }
    }

    #[test]
    fn brackets_without_end_do_not_end_the_tool() {
        for open in ["(", "[", "-", "{a:", "\"\\(", ".[", "if ", "try ", "{("] {
            let text = open.repeat(LONGEST / open.len());
            assert!(check(&text).is_err(), "{open}");
        }
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{a:", "}"),
            ("map(", ")"),
            ("def f:", "1;"),
        ] {
            let times = (LONGEST - 1) / (open.len() + close.len());
            let text = format!("{}1{}", open.repeat(times), close.repeat(times));
            assert_eq!(check(&text).is_ok(), !open.starts_with("def"), "{open}");
        }
    }
}
