//! Odd names, changed names, files.

use tg_tests::situation::Situation;

#[test]
fn odd_ids_and_titles() {
    let long = "long \u{201c}title\u{201d} \u{1f600} ".repeat(500);
    assert!(long.len() > 10_000);
    Situation {
        plan: "root > a b c d e
            a -> b
            c -> b
            d -> e
            a: 1 40
            b: 2 50",
        renamed: vec![
            ("a", "a b".into(), "blank \" quote ' both".into()),
            ("b", "x/y/../z".into(), long),
            (
                "c",
                "\u{e4}\u{3b2}\u{6f22}\u{1f680}".into(),
                "line\nbreak\ttab \\ backslash".into(),
            ),
            (
                "d",
                "it's \"q\"; DROP TABLE tasks; --".into(),
                "{\"json\": [1]}".into(),
            ),
            ("e", "run:1#2%20?&=".into(), "\u{7f}\u{200b}\u{202e}".into()),
        ],
        script: "
            w1 claims a
            w2 claims c
            w1 logs a 0.5 100 20
            w1 puts a completed
            w2 puts c completed
            w1 claims b
            w2 claims d
            w1 logs b 0.25 100 20
            w1 puts b completed
            w2 puts d failed
            w1 claims e
            w1 puts e completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn renamed_on_the_way() {
    Situation {
        plan: "root > a b
            a -> b
            a: 2 50",
        script: "
            w1 claims a
            lead renames a a2
            w1 logs a2 0.5 100 20
            w1 puts a2 completed
            w2 claims b
            w2 puts b completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn files_wanted_by_two() {
    Situation {
        plan: "root > a b c",
        script: "
            w1 claims a
            w2 claims b
            w1 marks a src/x.rs
            w2 marks b src/y.rs
            w2 marks b src/x.rs
            w1 unmarks a
            w2 marks b src/x.rs
            w1 puts a completed
            w2 puts b completed
            w1 claims c
            w1 marks c src/x.rs
            w1 puts c completed",
        // The host answers that another worker has the file, and writes no row: contention is null, with a warning.
        ..Situation::default()
    }
    .check();
}
