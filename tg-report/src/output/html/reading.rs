//! Definitions of the terms on the page.

use super::markup::terms;

const TERMS: [(&str, &str); 11] = [
    (
        "run",
        "One repetition of a configuration, from a fresh database to the last task. It is the unit of everything here: tasks of one run depend on each other and are never counted as if they were independent.",
    ),
    (
        "arm",
        "All runs of one configuration. Arms are distinguished by name and marker; colour only repeats it.",
    ),
    ("baseline", "The arm all others are compared with."),
    (
        "\u{b1}",
        "The standard deviation: how far single runs lie from their mean. Of one run it is unknown.",
    ),
    (
        "95 % interval",
        "A range made so that, over many experiments like this one, 95 of 100 such ranges hold the true value. With three runs it is wide; that is the honest width.",
    ),
    (
        "p",
        "How often chance alone would set two arms as far apart as they are, if they were the same. Small is evidence of a difference; large is no evidence of none.",
    ),
    (
        "floor",
        "The smallest p that so few runs can give, however far apart they lie. At the floor, more runs are needed before anything can be shown.",
    ),
    (
        "Holm",
        "Several comparisons give chance several tries; this raises each p to make up for it.",
    ),
    (
        "primary, exploratory",
        "The verdict rests on one metric that was named before. All others are explored: what stands out there is a question for the next experiment.",
    ),
    (
        "ratio",
        "Of geometric means, which treats twice and half alike. It need not match the quotient of the means shown.",
    ),
    (
        "lower, higher is better",
        "Declared for each metric. Without a declaration, nothing is called better.",
    ),
];

pub fn section() -> String {
    terms(&TERMS.map(|(term, text)| (term, text.to_owned())))
}
